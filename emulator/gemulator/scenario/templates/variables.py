"""What a template may refer to: the request, by dotted paths."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from gemulator.core.json_types import JSON
from gemulator.core.secrets import is_credential
from gemulator.request.conversation import Conversation
from gemulator.scenario.json_path import Step, values


class Variables(Struct, frozen=True):
    """The values for one request. `groups` are what the regular expressions of the turn's `when` have caught."""

    conversation: Conversation
    groups: Mapping[str, str] = field(default_factory=dict)

    def find(self, path: Sequence[Step]) -> JSON:
        """The value at a path. LookupError says what the request does not have."""
        root, rest = str(path[0]), path[1:]
        tree = ROOTS[root].look(self)
        found = list(values(tree, _named(root, rest)))
        if None in rest:
            return found
        if not found:
            raise LookupError(_missing(root, rest, tree))
        return found[0]


def _named(root: str, path: Sequence[Step]) -> Sequence[Step]:
    """Header names ignore case, and groups are named by their numbers too."""
    if root == "header":
        return [step.lower() if isinstance(step, str) else step for step in path]
    return [str(step) if isinstance(step, int) else step for step in path] if root == "match" else path


def _missing(root: str, path: Sequence[Step], tree: JSON) -> str:
    if not path:
        return "this request has none"
    keys = list(tree)[:12] if isinstance(tree, dict) else []
    return f"`{root}` has no such value" + (f"; it has {', '.join(map(str, keys))}" if keys else "")


class Root(Struct, frozen=True):
    """A name with which a path may begin."""

    description: str
    look: Callable[[Variables], JSON]


def _result(variables: Variables) -> JSON:
    results = variables.conversation.tool_results
    if not results:
        raise LookupError("no tool has answered since the newest user message")
    return results[-1].value


def _results(variables: Variables) -> JSON:
    return {result.name: result.value for result in variables.conversation.tool_results}


def _headers(variables: Variables) -> JSON:
    return {name: value for name, value in variables.conversation.headers.items() if not is_credential(name)}


ROOTS: Mapping[str, Root] = {
    "user": Root("The newest user message.", lambda at: at.conversation.user_text),
    "earlier": Root("The user messages before it, oldest first.", lambda at: list(at.conversation.user_texts[:-1])),
    "system": Root("The system text.", lambda at: at.conversation.system_text),
    "model": Root("The model id.", lambda at: at.conversation.request.model),
    "endpoint": Root("The endpoint id in the path.", lambda at: at.conversation.target.endpoint),
    "project": Root("The project in the path.", lambda at: at.conversation.target.project),
    "location": Root("The location in the path.", lambda at: at.conversation.target.location),
    "turn": Root("1 where no assistant message has come yet.", lambda at: at.conversation.turn),
    "tool_result": Root("What the last tool answered, since the newest user message.", _result),
    "tool_results": Root("What each tool answered, by its name.", _results),
    "match": Root("Groups of the regular expressions in `when`, by number or name.", lambda at: dict(at.groups)),
    "header": Root("Headers of the request, but for credentials.", _headers),
    "body": Root("The whole body of the request.", lambda at: at.conversation.body),
}
