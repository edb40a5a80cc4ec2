"""Template variables: values of the request by path."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from gemulator.core.json_types import JSON
from gemulator.core.secrets import is_credential
from gemulator.core.seed import Seed
from gemulator.request.conversation import Conversation
from gemulator.scenario.json_path import Step, values
from gemulator.scenario.templates.times import time_text
from gemulator.scenario.templates.work import Work


class Variables(Struct, frozen=True):
    """Variables of one request. `groups` are the captured groups of the regular expressions in `when`.

    `work` limits what the templates of the answer may read and write. `now` is in Unix seconds; `seed` decides what is
    drawn.
    """

    conversation: Conversation
    groups: Mapping[str, str] = field(default_factory=dict)
    work: Work = field(default_factory=Work)
    now: float = 0.0
    seed: Seed = Seed(b"")

    def draw(self) -> Seed:
        """Return the seed of the next random value: each in an answer is another."""
        return self.seed.child("template", self.work.count_draw())

    def find(self, path: Sequence[Step]) -> JSON:
        """Return the value at a path. Raises LookupError if the request does not have it."""
        root, rest = str(path[0]), path[1:]
        tree = ROOTS[root].extract(self)
        self.work.spend_on(tree if isinstance(tree, list | dict) else None)
        found = list(values(tree, _normalize_path(root, rest), self.work.spend_on_items))
        if None in rest:
            return found
        if not found:
            raise LookupError(_missing_message(root, rest, tree))
        return found[0]


def _normalize_path(root: str, path: Sequence[Step]) -> Sequence[Step]:
    """Lower-case header names, and convert group numbers to strings."""
    if root == "header":
        return [step.lower() if isinstance(step, str) else step for step in path]
    return [str(step) if isinstance(step, int) else step for step in path] if root == "match" else path


def _missing_message(root: str, path: Sequence[Step], tree: JSON) -> str:
    if not path:
        return f"the request has no `{root}`"
    keys = list(tree)[:12] if isinstance(tree, dict) else []
    return f"`{root}` has no value at this path" + (f"; its keys are {', '.join(map(str, keys))}" if keys else "")


class Root(Struct, frozen=True):
    """First name of a path."""

    description: str
    extract: Callable[[Variables], JSON]


def _last_tool_result(variables: Variables) -> JSON:
    results = variables.conversation.tool_results
    if not results:
        raise LookupError("no tool has answered since the newest user message")
    return results[-1].value


def _tool_results(variables: Variables) -> JSON:
    return {result.name: result.value for result in variables.conversation.tool_results}


def _public_headers(variables: Variables) -> JSON:
    return {name: value for name, value in variables.conversation.headers.items() if not is_credential(name)}


ROOTS: Mapping[str, Root] = {
    "user": Root("Newest user turn.", lambda at: at.conversation.user_turn_text),
    "earlier": Root(
        "User messages before the newest user turn, oldest first.", lambda at: list(at.conversation.earlier_user_texts)
    ),
    "system": Root("System text.", lambda at: at.conversation.system_text),
    "model": Root("Model id.", lambda at: at.conversation.request.model),
    "endpoint": Root("Endpoint id in the path.", lambda at: at.conversation.target.endpoint),
    "project": Root("Project in the path.", lambda at: at.conversation.target.project),
    "location": Root("Location in the path.", lambda at: at.conversation.target.location),
    "turn": Root("1 plus the number of assistant messages.", lambda at: at.conversation.turn),
    "tool_result": Root("Latest tool result since the newest user message.", _last_tool_result),
    "tool_results": Root("Tool results by name of the tool.", _tool_results),
    "match": Root(
        "Holes of `like` and captured groups of `matches` in `when`, by name or number.", lambda at: dict(at.groups)
    ),
    "header": Root("Request headers without credentials.", _public_headers),
    "body": Root("Body of the request.", lambda at: at.conversation.body),
    "now": Root("Time of the emulator's clock, like 2026-02-11T22:54:21Z.", lambda at: time_text(at.now)),
    "random": Root("Random number from 0 to 1 (seeded), another each time.", lambda at: at.draw().unit()),
    "uuid": Root("Random UUID (seeded), another each time.", lambda at: at.draw().uuid4()),
}


class Function(Struct, frozen=True):
    """Function of literals. `check` raises ValueError for wrong arguments."""

    description: str
    check: Callable[..., None]
    call: Callable[..., JSON]


def _check_random(*choices: JSON) -> None:
    if len(choices) < 2 or (_are_bounds(choices) and not choices[0] <= choices[1]):
        raise ValueError('write `random(1, 6)` for a whole number, or `random("red", "green")` for one of several')


def _random(variables: Variables, *choices: JSON) -> JSON:
    seed = variables.draw()
    return seed.between(*choices) if _are_bounds(choices) else seed.pick(choices)


def _are_bounds(choices: Sequence[JSON]) -> bool:
    return len(choices) == 2 and all(isinstance(one, int) and not isinstance(one, bool) for one in choices)


FUNCTIONS: Mapping[str, Function] = {
    "random": Function("Whole number between two, both included, or one of several values.", _check_random, _random)
}
