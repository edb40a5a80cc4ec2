"""Grammar sampling: texts conform and end, errors name their position."""

import ast
import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemulator.core.seed import Seed
from gemulator.generate.grammar import BadGrammar, Schema, format_value, read_grammar, read_tag, sample
from gemulator.generate.json_schema import Unsatisfiable, value_for

SEEDS = [Seed(b"s").child(number) for number in range(40)]


class FixedContent:
    """Content with fixed free text and an optional prompt."""

    def __init__(self, prompt: str = "") -> None:
        self.prompt = prompt

    def words(self, seed: Seed) -> str:
        return "Some words."

    def matching(self, pattern: str, seed: Seed) -> str:
        return str(value_for({"type": "string", "pattern": f"^(?:{pattern})$"}, seed))

    def value(self, schema: Schema, seed: Seed) -> str:
        return format_value(value_for(schema.schema, seed), schema.style)

    def find_mentioned(self, texts: Sequence[str]) -> int | None:
        return next((index for index, text in enumerate(texts) if text and text in self.prompt), None)


def texts(grammar: str, prompt: str = "") -> list[str]:
    return [sample(read_grammar(grammar), FixedContent(prompt), seed) for seed in SEEDS]


def tagged(form: dict[str, Any]) -> list[str]:
    return [sample(read_tag(form), FixedContent(), seed) for seed in SEEDS]


# ---- EBNF

SQL = """
    root ::= select_statement   # as in the server's own documentation
    select_statement ::= "SELECT " column " from " table " where " condition
    column ::= "col_1 " | "col_2 "
    table ::= "table_1 " |
              "table_2 "
    condition ::= column "= " number
    number ::= "1 " | "2 "
"""
ARITHMETIC = """
root ::= expr
expr ::= term ([-+*] term)*
term ::= num | "(" expr ")"
num  ::= [1-9] [0-9]*
"""
JSON = r"""
root   ::= object
value  ::= object | array | string | number | "true" | "null"
object ::= "{" (pair ("," pair)*)? "}"
pair   ::= string ":" value
array  ::= "[" (value ("," value)*)? "]"
string ::= "\"" ([^"\\\x00-\x1f] | "\\" ["\\bfnrt] | "\\u" [0-9a-f]{4})* "\""
number ::= "-"? ("0" | [1-9] [0-9]{0,5}) ("." [0-9]+)?
"""
LISTS = "root ::= item | item root\nitem ::= [a-c]"


@pytest.mark.parametrize(
    ("grammar", "pattern"),
    [
        (SQL, r"SELECT col_[12]  from table_[12]  where col_[12] = [12] "),
        ('root ::= "a"? "b"* "c"+ "d"{2} "e"{1,3} "f"{2,}', "a?b*c+d{2}e{1,3}f{2,}"),
        ('root ::= ("a" | "b" ( "c" )) {2}', "(a|bc){2}"),
        ("root ::= [a-cX\\-\\]] [^a-z]", "[a-cX\\-\\]][^a-z]"),
        (r'root ::= "\"\\\n\x41\u00e9\U0001F600"', '"\\\\\nAé😀'),
        ('root ::= "" | ()', ""),
        ("root ::= .", r"[\s\S]"),
        ('root ::= root "a" | "a"', "a+"),
        (LISTS, "[abc]+"),
        ('root ::= "a" (= "b")', "a"),
        ('my-rule.2 ::= "x"\nroot ::= my-rule.2', "x"),
        ('root ::= "ID-" Regex("[0-9]{5}")', r"ID-\d{5}"),
        ('root ::= Token(128010) "x" ExcludeToken(1, 2)', "x"),
        (
            'root ::= TagDispatch(("<a>", a), ("<b>", a), excludes=("no",))\na ::= [0-9]',
            r"Some words\.<[ab]>\d(\n<[ab]>\d)?(Some words\.)?",
        ),
        ('root ::= TagDispatch(("<a>", a), loop_after_dispatch=false)\na ::= "1"', r"Some words\.<a>1"),
        ('root ::= TagDispatch(("<a>", a), excludes=("words",), loop_after_dispatch=false)\na ::= "1"', "<a>1"),
    ],
)
def test_ebnf(grammar: str, pattern: str) -> None:
    for text in texts(grammar):
        assert re.fullmatch(pattern, text), text


def test_recursive_grammar_yields_parseable_text() -> None:
    sampled = texts(ARITHMETIC)
    assert all(ast.parse(text, mode="eval") for text in sampled)
    assert any("(" in text for text in sampled)
    for text in texts(JSON):
        assert isinstance(json.loads(text), dict)


# ---- Lark


@pytest.mark.parametrize(
    ("grammar", "pattern"),
    [
        (
            """
            ?start: select_statement
            ?select_statement: "SELECT " column_list " FROM " table_name
            ?column_list: column_name ("," column_name)*
            ?table_name: identifier
            ?column_name: identifier
            ?identifier: /[a-z_][a-z0-9_]*/
            """,
            r"SELECT [a-z_][a-z0-9_]*(,[a-z_][a-z0-9_]*)* FROM [a-z_][a-z0-9_]*",
        ),
        ("first: 'x' second\nsecond: \"y\"i", "xy"),
        ('start: "a" // one\n  # two\n     | "b" -> bee\n\n     | "c"', "a|b|c"),
        ('start: ("a"\n  | "b")~2 ["c"] D{2,3} E~1..2\nD: "0".."3"\nE: /e/', "[ab]{2}c?[0-3]{2,3}e{1,2}"),
        ("start: /A.C/i /x\\/y/", r"[aA].[cC]x/y"),
        ("start:", ""),
        ("start: | X\nX.2: /ab?/", "(ab?)?"),
        ("%import common.INT -> NUM\n%import common (WORD, CNAME)\nstart: NUM WORD", r"\d+[a-z]+"),
        ('%import common.WS\n%ignore WS\nstart: "let" NAME "=" /[0-9]+/\nNAME: /[a-z]/+', r"let [a-z]+=[0-9]+"),
        ('%ignore /[ \\t]+/\nstart: "let" "it"', "let it"),
        ('%ignore "#"\nstart: "let" "it"', "letit"),
        ("start: <|tool|> \"x\" <[1-5]>\n%llguidance {}", "x"),
        ('start: %json {"const": {"a": [1, "}"]}} "."', r'\{"a":\[1,"\}"\]\}\.'),
        ('start: head "=1"\nhead[lazy, suffix="<f"]: /[a-z]+/', r"[a-z]+<f=1"),
    ],
)  # fmt: skip
def test_lark(grammar: str, pattern: str) -> None:
    for text in texts(grammar):
        assert re.fullmatch(pattern, text), text


# ---- length, determinism and prompt


@pytest.mark.slow
@pytest.mark.parametrize(
    "grammar",
    [
        'root ::= root root | "a"',
        'root ::= "(" root ")" root | ""',
        "root ::= (([a-z]+)*)*",
        'root ::= a*\na ::= b*\nb ::= c*\nc ::= "x"*',
        'root ::= r1\n' + "\n".join(f"r{n} ::= r{n + 1}" for n in range(1, 800)) + '\nr800 ::= "x"',
        "\n".join(f"r{n} ::= r{n + 1}" for n in reversed(range(3000))) + '\nr3000 ::= "x"\nroot ::= r0',
        'start: list\nlist: "[" (list ("," list)*)? "]"',
    ],
)  # fmt: skip
def test_recursive_texts_are_short(grammar: str) -> None:
    assert max(map(len, texts(grammar))) < 200


def test_text_depends_on_the_seed() -> None:
    assert texts(ARITHMETIC) == texts(ARITHMETIC)
    assert len(set(texts(ARITHMETIC))) > 20


def test_alternative_named_in_prompt_is_chosen() -> None:
    grammar = 'root ::= "The review is " mood\nmood ::= "positive" | "negative"'
    assert set(texts(grammar, "Is this positive?")) == {"The review is positive"}
    assert set(texts(grammar)) == {"The review is positive", "The review is negative"}


# ---- errors


@pytest.mark.parametrize(
    ("grammar", "complaint"),
    [
        ("root ::= a b", 'EBNF parser error at line 1, column 10: Rule "a" is not defined'),
        ('a ::= "x"', 'EBNF parser error at line 1, column 1: The root rule with name "root" is not found'),
        ('::= "a"', "EBNF parser error at line 1, column 1: Expect element or rule name"),
        ('root ::= "a', 'EBNF parser error at line 1, column 10: Expect " in string literal'),
        ('root ::= "a"\nroot ::= "b"', 'EBNF parser error at line 2, column 1: Rule "root" is defined twice'),
        ("root ::= [Z-A]", "Invalid character class: lower bound is larger than upper bound"),
        ("root ::= [a", "Unterminated character class"),
        ('root ::= "a"++', "line 1, column 14: Expect element or rule name"),
        ('root ::= "a"{,3}', "a repetition needs a minimum"),
        ('root ::= "a"{3,2}', "the minimum of a repetition is greater"),
        ('root ::= ("a"', "expected ')'"),
        (r'root ::= "\UFFFFFFFF"', "invalid escape"),
        ('root ::= Regex("(")', "invalid regular expression: missing ) in ("),
        ('root ::= TagDispatch("a")', "TagDispatch takes pairs"),
        ("root ::= Regex(1)", "Regex has invalid arguments"),
        ("root ::= " + "(" * 100, "nested too deeply"),
        ('root ::= root "a"', "the grammar generates no finite text"),
        ("root ::= []", "the grammar generates no finite text"),
        ("start: foo", 'Lark error at line 1, column 8: unknown name "foo"'),
        ('start: "a"\nitem missing', "Lark error at line 2, column 1: expected a rule"),
        ('start: "a" & "b"', "line 1, column 12: unexpected &"),
        ("start: /(/", "line 1, column 8: invalid regular expression"),
        ('start: "ab".."c"', "a range needs one character at each end"),
        ("%import python.NAME\nstart: NAME", 'only the library "common" can be imported'),
        ("%import common.NOTHING\nstart: NOTHING", 'there is no terminal "NOTHING"'),
        ("%declare X\nstart: X", "unknown directive %declare"),
        ("start: %lark { }", "%lark is not supported"),
        ("start: %json nothing", "expected a JSON object"),
        ('A: "a"', "there is no start rule"),
    ],
)
def test_invalid_grammar_error_names_the_position(grammar: str, complaint: str) -> None:
    with pytest.raises(BadGrammar) as caught:
        read_grammar(grammar)
    assert complaint in str(caught.value)


# ---- grammars without recursion, checked as regular expressions

LETTERS = st.sampled_from("abcXYZ019 _-é")
Written = tuple[str, str]  # EBNF, regular expression


def literals() -> st.SearchStrategy[Written]:
    return st.text(LETTERS, max_size=3).map(lambda text: (f'"{text}"', re.escape(text)))


def classes() -> st.SearchStrategy[Written]:
    return st.text(st.sampled_from("abc019"), min_size=1, max_size=4).map(lambda text: (f"[{text}]", f"[{text}]"))


def joined(inner: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    several = st.lists(inner, min_size=1, max_size=3)
    times = st.sampled_from(["", "?", "*", "+", "{2}", "{1,3}", "{2,}"])
    return st.one_of(
        several.map(lambda parts: (" ".join(ebnf for ebnf, _ in parts), "".join(regex for _, regex in parts))),
        several.map(lambda parts: tuple(f"({'|'.join(side)})" for side in zip(*parts, strict=True))),
        st.tuples(inner, times).map(lambda item: (f"({item[0][0]}){item[1]}", f"(?:{item[0][1]}){item[1]}")),
    )


@pytest.mark.slow
@given(st.recursive(st.one_of(literals(), classes()), joined, max_leaves=12), st.integers(0, 1000))
def test_sampled_text_conforms_to_grammar(written: Written, number: int) -> None:
    ebnf, regex = written
    text = sample(read_grammar(f"root ::= {ebnf}"), FixedContent(), Seed(b"x").child(number))
    assert re.fullmatch(regex, text)


# ---- structural tags

INTEGER = {"type": "json_schema", "json_schema": {"type": "integer", "minimum": 1, "maximum": 9}}
OLDER = [{"begin": f"<f={name}>", "schema": INTEGER["json_schema"], "end": "</f>"} for name in "abc"]


def tag(name: str, content: dict[str, Any] = INTEGER, **fields: Any) -> dict[str, Any]:
    return {"type": "tag", "begin": f"<{name}>", "content": content, "end": f"</{name}>", **fields}


def text_of(value: str) -> dict[str, Any]:
    return {"type": "const_string", "value": value}


TAGS = [tag("f=a"), tag("f=b")]
JUST_ONE = {"at_least_one": True, "stop_after_first": True}
ONE = r"<f=([abc])>[1-9]</f(=\1)?>"


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        (text_of("Hello"), "Hello"),
        (INTEGER, "[1-9]"),
        ({"type": "regex", "pattern": "[A-Z]{3}"}, "[A-Z]{3}"),
        ({"type": "grammar", "grammar": 'root ::= a "!"\na ::= "yes" | "no"'}, "(yes|no)!"),
        ({"type": "any_text"}, r"Some words\."),
        ({"type": "any_text", "max_chars": 4}, "Some"),
        ({"type": "any_text", "excludes": ["words"]}, ""),
        ({"type": "sequence", "elements": [text_of("a"), INTEGER, text_of("b")]}, "a[1-9]b"),
        ({"type": "or", "elements": [text_of("yes"), text_of("no")]}, "yes|no"),
        ({"type": "optional", "content": text_of("a")}, "a?"),
        ({"type": "plus", "content": text_of("a")}, "a+"),
        ({"type": "star", "content": text_of("a")}, "a*"),
        ({"type": "repeat", "min": 1, "max": 3, "content": text_of("a")}, "a{1,3}"),
        ({"type": "repeat", "min": 2, "max": -1, "content": text_of("a")}, "a{2,}"),
        (tag("t", {"type": "any_text"}), r"<t>Some words\.</t>"),
        (tag("t", end=["</t>", "</u>"]), "<t>[1-9]</[tu]>"),
        (tag("t", begin={"type": "token", "token": 7}, end={"type": "token", "token": "<|e|>"}), "[1-9]"),
        ({"type": "triggered_tags", "triggers": ["<f="], "tags": TAGS}, rf"Some words\.{ONE}(\n.*)?(Some words\.)?"),
        (
            {"type": "triggered_tags", "triggers": ["<f"], "tags": TAGS, **JUST_ONE},
            ONE,
        ),
        ({"type": "tags_with_separator", "tags": TAGS, "separator": ","}, r"<f=.>[1-9]</f=.>(,<f=.>[1-9]</f=.>)*"),
        ({"type": "tags_with_separator", "tags": TAGS, "separator": ",", "stop_after_first": True}, ONE),
        ({"type": "dispatch", "rules": [["<n>", INTEGER]], "loop": False}, r"Some words\.<n>[1-9]"),
        ({"type": "token_dispatch", "rules": [[5, INTEGER]], "loop": False}, r"Some words\.[1-9]"),
    ],
)  # fmt: skip
def test_structural_tags(form: dict[str, Any], pattern: str) -> None:
    for text in tagged({"type": "structural_tag", "format": form}):
        assert re.fullmatch(pattern, text), text


def test_old_structural_tag_yields_several_tags() -> None:
    sampled = tagged({"type": "structural_tag", "structures": OLDER, "triggers": ["<f="]})
    found = [re.findall(r"<f=(\w)>[1-9]</f>", text) for text in sampled]
    assert all(1 <= len(names) <= 3 for names in found)
    assert {name for names in found for name in names} == {"a", "b", "c"}
    assert any(len(names) > 1 for names in found)


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("json", '{"city":"Bonn","days":3}'),
        ("qwen_xml", "<parameter=city>Bonn</parameter><parameter=days>3</parameter>"),
        ("minimax_xml", '<parameter name="city">Bonn</parameter><parameter name="days">3</parameter>'),
        (
            "glm_xml",
            "<arg_key>city</arg_key><arg_value>Bonn</arg_value><arg_key>days</arg_key><arg_value>3</arg_value>",
        ),
    ],
)
def test_object_styles(style: str, expected: str) -> None:
    form = {"type": "json_schema", "json_schema": {"const": {"city": "Bonn", "days": 3}}, "style": style}
    assert set(tagged({"format": form})) == {expected}


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        (None, "a structural tag must be an object"),
        ({}, "'format' is missing"),
        ({"structures": [{"begin": "<f>"}], "triggers": ["<"]}, "'schema' is missing"),
        ({"structures": OLDER}, "'triggers' is missing"),
        ({"structures": OLDER, "triggers": ["<g"]}, "Trigger <f=a> not found in triggers ['<g']"),
        ({"structures": [], "triggers": ["<g"]}, "No structural tags found"),
        ({"structures": 3, "triggers": []}, "not iterable"),
        ({"format": {"type": "riddle"}}, "Format type not recognized: riddle"),
        ({"format": {"type": "or", "elements": []}}, "a list of formats must not be empty"),
        ({"format": {"type": "regex", "pattern": "("}}, "invalid regular expression"),
        ({"format": {"type": "grammar", "grammar": "root ::= a"}}, 'Rule "a" is not defined'),
        (
            {"format": {"type": "repeat", "min": 3, "max": 1, "content": INTEGER}},
            "invalid repetition bounds: min 3, max 1",
        ),
    ],
)
def test_invalid_structural_tag_error(spec: Any, complaint: str) -> None:
    with pytest.raises(BadGrammar) as caught:
        read_tag(spec)
    assert complaint in str(caught.value)


FORMATS = (
    "const_string json_schema grammar regex any_text token sequence or optional star plus repeat tag triggered_tags"
    " tags_with_separator dispatch"
)
FIELDS = "value json_schema grammar pattern elements content min max begin end tags triggers separator rules excludes"
THINGS = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["", "<a>", 'root ::= "x"', "a+", "("]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(FIELDS.split()), inner, max_size=5).flatmap(
            lambda fields: st.sampled_from(FORMATS.split()).map(lambda kind: fields | {"type": kind})
        )
    ),
    max_leaves=12,
)


@pytest.mark.slow
@given(THINGS, st.sampled_from(["format", "structures"]))
def test_any_structural_tag_is_parsed_or_refused(thing: Any, key: str) -> None:
    try:
        grammar = read_tag({key: thing, "triggers": ["<"]})
    except BadGrammar:
        return
    try:
        assert isinstance(sample(grammar, FixedContent(), SEEDS[0]), str)
    except Unsatisfiable:
        return


SCRAPS = st.sampled_from(
    [
        *"aX ::=|()[]{}*+?~/\\\"'.%<>-0#\n",
        "root ::= ",
        "start: ",
        '"a"',
        "%ignore ",
        "%json ",
        "..",
        "{2}",
        "root",
        "[a-z]",
    ]
)


@given(st.lists(SCRAPS, max_size=12).map("".join))
def test_any_grammar_is_parsed_or_refused(text: str) -> None:
    try:
        grammar = read_grammar(text)
    except BadGrammar:
        return
    assert len(sample(grammar, FixedContent(), SEEDS[0])) < 10_000


def test_deep_structural_tag_is_refused() -> None:
    form: dict[str, Any] = text_of("a")
    for _ in range(500):
        form = {"type": "optional", "content": form}
    with pytest.raises(BadGrammar, match="nested too deeply"):
        read_tag({"format": form})
