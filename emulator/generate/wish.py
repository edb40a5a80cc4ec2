"""In what shape and length a prompt wants its answer."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from emulator.generate.words.blocks import words
from emulator.generate.words.language import Language
from emulator.generate.words.programs import PROGRAMS

Shape: TypeAlias = Literal["hello", "prose", "list", "table", "code", "poem"]

_POEM = re.compile(
    r"\b(poem|haiku|limerick|verses?|gedicht|poème|poema)\b|[詩诗]|俳句|(?<!\w)시(?:를|\s)|قصيدة|कविता", re.IGNORECASE
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


@dataclass(frozen=True, slots=True)
class Wish:
    """`words` and `sentences` are exact where the prompt is, else None; `program` is a key of PROGRAMS."""

    shape: Shape
    words: int | None = None
    sentences: int | None = None
    count: int | None = None
    program: str | None = None


def wish_of(prompt: str, language: Language) -> Wish:
    """What the prompt says of its answer; prose of no certain length where it says nothing."""
    text = prompt[:_MOST_READ].lower()
    program = _program(text)
    shape = _shape(text, language, program)
    return Wish(shape, _length(text, language), _number(language, "sentences", text), _count(text, language), program)


def _shape(text: str, language: Language, program: str | None) -> Shape:
    asked = {kind for kind, pattern in language.wishes.items() if re.search(pattern, text)}
    if "hello" in asked:
        return "hello"
    if _POEM.search(text):
        return "poem"
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
    said = next((part for part in found.groups() if part), "") if found else ""
    digits = said[:4].split()[-1] if said[:1].isdigit() else ""
    return int(digits) if digits else _NUMBERS.get(said.removeprefix("a "))


def _length(text: str, language: Language) -> int | None:
    if (asked := _number(language, "words", text)) is not None:
        return max(1, min(asked, 5000))
    if letters := _number(language, "letters", text):
        return max(1, min(letters, 9999) // 2)
    for kind, length in (("brief", 18), ("long", 220)):
        if re.search(language.wishes[kind], text):
            return length
    return None


def _count(text: str, language: Language) -> int | None:
    bare = re.sub("|".join(language.wishes[kind] for kind in ("words", "sentences")), " ", text)
    asked = _number(language, "count", bare)
    return max(1, min(asked, 40)) if asked else None
