"""Rendering of literal answers."""

from msgspec.structs import replace

from gemulator.core.plan import RawAnswer
from gemulator.delivery.byte_template import CONSTANT, ByteTemplate
from gemulator.delivery.steps import Head
from gemulator.dialects import DIALECTS
from gemulator.engine.rendering import AnswerTemplate, RenderedAnswer, RenderOptions
from gemulator.service.catalog import Model


def render_literal(answer: RawAnswer, model: Model, options: RenderOptions) -> RenderedAnswer:
    """Return a literal answer with the headers of the model's server."""
    dialect = DIALECTS[model.dialect](model.profile)
    own = {name for name, _ in answer.headers}
    defaults = dialect.stream_headers if answer.is_stream else dialect.headers
    head = Head(answer.status, (*[pair for pair in defaults if pair[0] not in own], *answer.headers))
    waits = [chunk.wait for chunk in answer.chunks]
    schedule = options.schedule.for_dialect(dialect.stream_failure, dialect.stream_error)
    if any(wait is not None for wait in waits):
        schedule = replace(schedule, own_waits=waits)
    chunks = [(chunk.data, chunk.tokens) for chunk in answer.chunks]
    events = 1
    if schedule.is_noop:
        events = len(chunks)
        chunks = [(b"".join(data for data, _ in chunks), sum(tokens for _, tokens in chunks))]
    template = AnswerTemplate(
        head,
        tuple((ByteTemplate(data, CONSTANT), tokens) for data, tokens in chunks),
        schedule,
        chunk_tokens=None if answer.is_stream else (answer.chunks[0].tokens,),
        events=events,
    )
    return RenderedAnswer(options.root, template, answer)
