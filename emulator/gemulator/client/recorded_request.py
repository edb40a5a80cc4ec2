"""A recorded request and its answer, read from a journal entry."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import orjson
from msgspec import Struct

from gemulator.core.errors import RequestError
from gemulator.request.conversation import Conversation
from gemulator.request.parser import parse
from gemulator.request.target import Target
from gemulator.state.journal.json_views import EntryView, UsageView
from gemulator.state.journal.request_line import request_line


class RecordedRequest(Struct, frozen=True, dict=True):
    """A request and its answer. `entry` is the whole journal entry."""

    entry: EntryView

    @property
    def body(self) -> Any:
        """The body as JSON, or as text if it is not JSON or was too large for the journal."""
        return self.entry["request"]["body"]

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers by lower-case name, secrets removed."""
        return self.entry["request"]["headers"]

    @property
    def messages(self) -> Sequence[dict[str, Any]]:
        """The messages of the body, unchanged; empty if it has none. Raise AssertionError if it was cut."""
        __tracebackhide__ = True
        self._require_whole_body()
        messages = self.body.get("messages") if isinstance(self.body, dict) else None
        return [one for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []

    @property
    def model(self) -> str:
        return self.entry["model"]

    @property
    def path(self) -> str:
        return self.entry["path"]

    @property
    def stream(self) -> bool:
        return self.entry["stream"]

    @property
    def status(self) -> int:
        return self.entry["status"]

    @property
    def source(self) -> str:
        """Source of the answer: turn, generated, forwarded, recorded, unmatched, unsatisfiable or refused."""
        return self.entry["source"]

    @property
    def refusal(self) -> str | None:
        """Name of the service's refusal, which `error:` of a scenario sends; None if it did not refuse the request."""
        return self.entry["refusal"]

    @property
    def turn(self) -> str | None:
        """The turn that answered, like `weather/2`; None if no turn did."""
        scenario, number = self.entry["scenario"], self.entry["turn"]
        return None if scenario is None else f"{scenario}/{number}"

    @property
    def outcome(self) -> str | None:
        """Outcome of the delivery; None while it is running."""
        return self.entry["outcome"]

    @property
    def usage(self) -> UsageView | None:
        return self.entry["usage"]

    @property
    def answer(self) -> str:
        """The complete answer as text: JSON, or the events of a stream."""
        return "".join(step.get("text", "") for step in self.entry["answer"]["steps"])

    @property
    def user(self) -> str:
        """The newest user turn; empty if the service refuses to parse the body, like `system` and `tools`.

        Raise AssertionError if the body was cut.
        """
        __tracebackhide__ = True
        return self._conversation.user_turn_text if self._conversation else ""

    @property
    def system(self) -> str:
        """The system text; empty if there is none."""
        return self._conversation.system_text if self._conversation else ""

    @property
    def tools(self) -> Sequence[str]:
        """The names of the tools offered in the request."""
        return (
            [function.name for function in self._conversation.request.functions_offered] if self._conversation else []
        )

    def _require_whole_body(self) -> None:
        __tracebackhide__ = True
        request = self.entry["request"]
        if "cut" in request:
            cut = f"the body of request {self.entry['id']} is cut at {request['cut']:,} bytes"
            raise AssertionError(f"gemulator: unknown: {cut} ({request.get('advice', 'raise journal_body')})")

    @cached_property
    def _conversation(self) -> Conversation | None:
        __tracebackhide__ = True
        self._require_whole_body()
        try:
            return Conversation(parse(orjson.dumps(self.body)), Target("", "", "", ""), self.headers)
        except RequestError:
            return None

    def __repr__(self) -> str:
        return f"<RecordedRequest {self}, {self.status} {self.turn or self.source}>"

    def __str__(self) -> str:
        return request_line(self.entry["id"], self.entry["model"], self.body)
