"""Rules for function declarations and their schemas (wire-facts §15)."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import orjson
from msgspec import Struct

from gemulator.core.plan import Failure
from gemulator.core.text_cache import cache_texts
from gemulator.request.parsed import RequestEnvelope
from gemulator.service.refusals import invalid_proto, refuse, refuse_all
from gemulator.service.rules.declared_schema import MAX_DEPTH, SchemaFault, schema_faults
from gemulator.service.rules.rule import Rule, RuleContext, requires

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")
_MAX_FUNCTIONS = 512


class Declaration(Struct, frozen=True):
    """Declared function with its position among all of the request and its faults."""

    index: int
    name: str
    faults: Sequence[SchemaFault]

    @property
    def place(self) -> str:
        """Return its path as the backend names it: all functions are in one tool."""
        return f"tools[0].function_declarations[{self.index}]"


class Declarations(Struct, frozen=True):
    """Number of the declared functions, their names, and those with faults in their schemas."""

    names: Sequence[str]
    faulty: Sequence[Declaration]

    def with_fault(self, kind: str) -> Iterator[tuple[Declaration, SchemaFault]]:
        """Yield the faults of a kind with their functions."""
        return ((one, fault) for one in self.faulty for fault in one.faults if fault.kind == kind)


def _declarations(context: RuleContext) -> Declarations:
    """Return the faults of all declarations, found once for an envelope."""
    return context.envelope.memoize(_read)


def _read(envelope: RequestEnvelope) -> Declarations:
    offered = envelope.request.functions_offered
    declared = (
        Declaration(index, function.name, _faults_in(orjson.dumps(function.parameters)))
        for index, function in enumerate(offered)
    )
    return Declarations([function.name for function in offered], [one for one in declared if one.faults])


@cache_texts(512, 4_000)  # sets of tools differ by few of them
def _faults_in(schema: bytes) -> Sequence[SchemaFault]:
    return [*schema_faults(orjson.loads(schema))]


def _too_many(context: RuleContext) -> Failure | None:
    return refuse("too-many-functions") if len(_declarations(context).names) > _MAX_FUNCTIONS else None


def _names(context: RuleContext) -> Failure | None:
    names = _declarations(context).names
    wrong = [
        (f"tools[0].function_declarations[{index}].name", name)
        for index, name in enumerate(names)
        if not _NAME.fullmatch(name)
    ]
    return _proto_failure("function-name", [place for place, _ in wrong], wrong[0][1]) if wrong else None


def _duplicates(context: RuleContext) -> Failure | None:
    seen: set[str] = set()
    for name in _declarations(context).names:
        if name in seen:
            return refuse("duplicate-function", function=name)
        seen.add(name)
    return None


def _proto_failure(refusal: str, places: Sequence[str], function: str) -> Failure:
    return invalid_proto(refusal, places, function=function)


def _array_items(kind: str) -> Callable[[RuleContext], Failure | None]:
    def check(context: RuleContext) -> Failure | None:
        found = [*_declarations(context).with_fault(kind)]
        places = [f"{one.place}.parameters{fault.by_name}.items" for one, fault in found]
        return _proto_failure("array-without-items", places, found[0][0].name) if found else None

    return check


def _values(kind: str, refusal: str) -> Callable[[RuleContext], Failure | None]:
    """Return a check of values that the JSON parser refuses: all of them are named, one on a line."""

    def check(context: RuleContext) -> Failure | None:
        found = [*_declarations(context).with_fault(kind)]
        if not found:
            return None
        pairs: list[tuple[str | None, str]] = []
        for one, fault in found:
            place = f"{one.place}.parameters{fault.by_index}"
            value = orjson.dumps(fault.value).decode()[:80]
            pairs.append((place, refuse(refusal, place=place, value=value).message))
        return refuse_all(refusal, pairs, function=", ".join(name for name, _ in groupby(one.name for one, _ in found)))

    return check


def _schema(kind: str, refusal: str) -> Callable[[RuleContext], Failure | None]:
    """Return a check that refuses the first fault of a kind."""

    def check(context: RuleContext) -> Failure | None:
        first = next(_declarations(context).with_fault(kind), None)
        if first is None:
            return None
        declaration, fault = first
        return refuse(refusal, function=declaration.name, path=f"parameters{fault.dotted}")

    return check


def _rule(name: str, fact: str, check: Callable[[RuleContext], Failure | None], *, only_strict: bool = False) -> Rule:
    return Rule(name, fact, check, requires("tools", "functions"), strictness="strict" if only_strict else "service")


# In the order of the service: JSON parser, validation of the proto, then of its meaning.
RULES = (
    _rule("list-type", "§15.7 Proto field is not repeating", _values("list-type", "type-list"), only_strict=True),
    _rule("enum-number", "§15.6 Invalid value at enum", _values("enum-number", "enum-number"), only_strict=True),
    _rule("too-many-functions", "§15.10 At most 512 function declarations", _too_many),
    _rule("function-name", "§15.9 Invalid function name", _names),
    _rule("array-items", "§15.5 items: missing field", _array_items("array-items")),
    _rule("tuple-items", "§15.5 with prefixItems", _array_items("tuple-items"), only_strict=True),
    _rule("duplicate-function", "§15.8 Duplicate function declaration found", _duplicates),
    _rule("nesting", f"§15.11 more than {MAX_DEPTH} levels", _schema("nesting", "nesting-depth")),
    _rule("parameters-object", "§15.1 should be of type OBJECT", _schema("not-object", "parameters-object")),
    _rule("items-type", "§15.4 schema type should be ARRAY", _schema("items-type", "items-type")),
    _rule("any-of-alone", "§15.2 other fields alongside any_of", _schema("any-of", "any-of-alone"), only_strict=True),
    _rule("type-missing", "§15.3 didn't specify the schema type", _schema("type-missing", "type-missing"),
          only_strict=True),
)  # fmt: skip
