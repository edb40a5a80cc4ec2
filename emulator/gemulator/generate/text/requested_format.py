"""Format and length that a prompt requests for its answer."""

import re
from typing import Literal, TypeAlias

from msgspec import Struct

from gemulator.generate.text.languages.code_languages import PROGRAMS
from gemulator.generate.text.languages.language import Language
from gemulator.generate.text.languages.word_blocks import words

Shape: TypeAlias = Literal["hello", "prose", "list", "table", "code", "poem", "story"]

_POEM = re.compile(
    r"\b(poem|haiku|limerick|verses?|gedicht|poème|poema)\b|[詩诗]|俳句|(?<!\w)시(?:를|\s)|قصيدة|कविता", re.IGNORECASE
)
_COMPARE = re.compile(
    r"\b(?:compar\w*|versus|vs|vergleich\w*|difference|unterschied\w*)\b|比[较較べ]|비교|차이|قارن|तुलना", re.IGNORECASE
)
_PARAGRAPHS = re.compile(
    r"(?<!\d)([1-9]\d?)[ -]?(?:short |kurze |courts )?"
    r"(?:paragraph|absätz|absatz|paragraphe|párrafo|parágrafo|段落|段|문단|단락|فقرات)"
)
_MOST_READ = 4000
_NUMBERS = {
    word: number
    for number, block in enumerate(
        (
            "one single ein einem einen une un una uma um 一 한 एक",
            "two zwei deux dos dois duas 二 两 兩 두 दो",
            "three drei trois tres três 三 세 तीन ثلاث",
            "four vier quatre cuatro quatro 四 네 चार أربع",
            "five fünf cinq cinco 五 다섯 पाँच خمس",
            "six sechs seis 六 여섯 छह ست",
            "seven sieben sept siete sete 七 일곱 सात سبع",
            "eight acht huit ocho oito 八 여덟 आठ ثماني",
            "nine neun neuf nueve nove 九 아홉 नौ تسع",
            "ten zehn dix diez dez 十 열 दस عشر",
        ),
        1,
    )
    for word in words(block)
}
_NUMERAL = re.compile(rf"(?<!\S)(?:{'|'.join(sorted(_NUMBERS, key=lambda word: (-len(word), word)))})(?!\S)")


class RequestedFormat(Struct, frozen=True):
    """A requested format. Counts are None if not requested; `program` is a key of PROGRAMS."""

    shape: Shape
    words: int | None = None
    sentences: int | None = None
    paragraphs: int | None = None
    count: int | None = None
    program: str | None = None
    compares: bool = False
    length: Literal["brief", "usual", "long"] = "usual"


def requested_format(prompt: str, language: Language) -> RequestedFormat:
    """Return the format requested by the prompt; prose of any length by default."""
    text = _NUMERAL.sub(lambda numeral: str(_NUMBERS[numeral[0]]), prompt[:_MOST_READ].lower())
    program = _program(text)
    return RequestedFormat(
        shape=_shape(text, language, program),
        words=_words(text, language),
        sentences=_number(language, "sentences", text),
        paragraphs=min(int(found[1]), 40) if (found := _PARAGRAPHS.search(text)) else None,
        count=_count(text, language),
        program=program,
        compares=bool(_COMPARE.search(text)),
        length=_length(text, language),
    )


def _shape(text: str, language: Language, program: str | None) -> Shape:
    asked = {kind for kind, pattern in language.wishes.items() if re.search(pattern, text)}
    if "hello" in asked:
        return "hello"
    if _POEM.search(text):
        return "poem"
    if "story" in asked:
        return "story"
    if "table" in asked:
        return "table"
    if "code" in asked and (
        program or language.code != "en" or re.search(r"\b(write|create|implement|show|give|generate)\b", text)
    ):
        return "code"
    return "list" if "list" in asked else "prose"


def _program(text: str) -> str | None:
    for name, program in PROGRAMS.items():
        if re.search(rf"(?<![\w.])(?:{program.names})(?![\w+#])", text):
            return name
    return None


def _number(language: Language, kind: str, text: str) -> int | None:
    pattern = language.wishes.get(kind)
    found = re.search(pattern, text) if pattern else None
    if not found:
        return None
    numeral = next((part for part in found.groups() if part), "")
    return int(numeral[:5]) if numeral[:5].isdecimal() else _NUMBERS.get(numeral)


def _length(text: str, language: Language) -> Literal["brief", "usual", "long"]:
    if re.search(language.wishes["brief"], text):
        return "brief"
    return "long" if re.search(language.wishes["long"], text) else "usual"


def _words(text: str, language: Language) -> int | None:
    if (asked := _number(language, "words", text)) is not None:
        return max(1, min(asked, 5000))
    if letters := _number(language, "letters", text):
        return max(1, min(letters, 9999) // 2)
    return None


def _count(text: str, language: Language) -> int | None:
    bare = re.sub("|".join(language.wishes[kind] for kind in ("words", "sentences")), " ", text)
    asked = _number(language, "count", bare)
    return min(asked, 40) if asked and asked > 1 else None
