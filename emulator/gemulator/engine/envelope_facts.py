"""Facts that follow from the envelope of a request."""

import re
from collections.abc import Sequence

import orjson
from msgspec import Struct

from gemulator.core.plan import Failure
from gemulator.request.parsed import RequestEnvelope
from gemulator.request.target import Target
from gemulator.service.catalog import Catalog, Model

# Body fields that do not change the text of a turn, only its token counts.
_NEUTRAL_FIELDS = {
    *("model", "messages", "stream", "temperature", "top_p", "frequency_penalty", "presence_penalty", "seed"),
    *("tools", "functions", "user"),
}
_EXTERNAL_REF = re.compile(rb'"\$(?:r|dynamicR)ef"\s*:\s*"[^#]')  # a reference to another document


class EnvelopeFacts(Struct, frozen=True):
    """Facts that follow from an envelope alone. `is_plain`: no field of it changes the text of a turn."""

    model: Model | Failure
    notes: Sequence[str]
    is_plain: bool


def envelope_facts(envelope: RequestEnvelope, catalog: Catalog, target: Target) -> EnvelopeFacts:
    """Return the facts of an envelope that is sent to a target."""
    model = catalog.lookup(envelope.request.model, target)
    is_plain = isinstance(model, Model) and model.is_gemini and target.shared and envelope.members <= _NEUTRAL_FIELDS
    return EnvelopeFacts(model, _external_refs_note(envelope), is_plain)


def _external_refs_note(envelope: RequestEnvelope) -> Sequence[str]:
    """Return a note on external references in the request's schemas, if there are any."""
    if not _EXTERNAL_REF.search(orjson.dumps(envelope.body)):
        return ()
    from gemulator.generate.json_schema.document import Document

    request = envelope.request
    schemas = [request.response_schema, *(function.parameters for function in request.functions_offered)]
    refs = dict.fromkeys(ref for schema in schemas for ref in Document(schema).external_refs())
    return [f"external references are not fetched and accept any value: {', '.join(refs)}"] if refs else ()
