"""Text answers to any prompt, in its language and requested format."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from gemulator.core.seed import Seed
from gemulator.generate.text import markdown as shapes
from gemulator.generate.text.arithmetic import solve
from gemulator.generate.text.languages.code_languages import PROGRAMS
from gemulator.generate.text.languages.language import detect, language
from gemulator.generate.text.languages.smalltalk import replies
from gemulator.generate.text.requested_format import RequestedFormat, requested_format
from gemulator.generate.text.tool_report import tool_report
from gemulator.generate.text.writer import Writer, capitalize, count_words, paragraphs, speech_of, writer


def prose(seed: Seed, words: int, topic: str = "", *, locale: str | None = None) -> str:
    """Return about `words` words on the topic or prompt, in its language unless a locale is given."""
    return _prose(writer(seed, topic, locale), words)


def markdown(seed: Seed, topic: str) -> str:
    """Return a page that uses every Markdown feature."""
    return shapes.showcase(writer(seed, topic))


def answer(seed: Seed, prompt: str, *, words: int | None = None) -> str:
    """Return the reply to a prompt: 40 to 90 words of prose unless the prompt or `words` asks for something else."""
    author = writer(seed, prompt)
    if options := replies(prompt, author.language.code):
        return seed.child("talk").pick(options)
    if result := solve(prompt):
        return result
    wish = requested_format(prompt, author.language)
    return _SHAPES[wish.shape](author, prompt, wish, words or wish.words)


def report(seed: Seed, prompt: str, results: Sequence[tuple[str, Any]]) -> str:
    """Return a report of tool results (name, and JSON value or text) in the prompt's language."""
    return tool_report(seed, speech_of(detect(prompt)), results)


def thought(seed: Seed, prompt: str, words: int = 25) -> str:
    """Return a thought of about `words` words."""
    author = writer(seed, prompt)
    return author.language.space.join(author.thoughts(words))


# ---- shapes

_LENGTHS = {"brief": (14, 22), "usual": (45, 85), "long": (190, 240)}


def _prose(author: Writer, words: int) -> str:
    speech = author.language
    if words < 9:
        return _few_words(author, max(1, words))
    return paragraphs(author.essay(words), words, speech)


def _few_words(author: Writer, words: int) -> str:
    """Return the topic and a few points: "Honey: patience, timing, luck."."""
    traits = list(author.language.traits)
    author.seed.child("traits").random().shuffle(traits)
    title = author.title()
    left = words - count_words(title, author.language)
    if left < 1:
        return capitalize(" ".join(traits[:words])) + author.language.stop
    comma = ", " if author.language.space else "、"
    colon = ": " if author.language.space else "："
    return f"{title}{colon}{comma.join(traits[:left])}{author.language.stop}"


def _hello(author: Writer, prompt: str, wish: RequestedFormat, words: int | None) -> str:
    return author.seed.child("greeting").pick(author.language.greetings)


def _essay(author: Writer, prompt: str, wish: RequestedFormat, words: int | None) -> str:
    if wish.sentences:
        first = [author.opening()]
        return author.language.space.join(first + author.sentences(min(wish.sentences, 60) - 1))
    if wish.compares:
        author.take_both()
    if wish.paragraphs:
        return "\n\n".join(_paragraph(author, at) for at in range(wish.paragraphs))
    low, high = _LENGTHS[wish.length]
    return _prose(author, words or author.seed.child("length").between(low, high))


def _paragraph(author: Writer, at: int) -> str:
    first = [author.opening()] if at == 0 else [author.sentence(on_topic=True)]
    return author.language.space.join(first + author.sentences(2 + at % 2))


def _story(author: Writer, prompt: str, wish: RequestedFormat, words: int | None) -> str:
    words = words or {"brief": 90, "usual": 120, "long": 240}[wish.length]
    return paragraphs(author.tale(words), words, author.language)


_BULLETS = re.compile(r"\bbullet|\bstichpunkt|\bpuces\b|\bviñetas\b|箇条書き", re.I)
_HAIKU = re.compile(r"haiku|俳句", re.I)


def _list(author: Writer, prompt: str, wish: RequestedFormat, words: int | None) -> str:
    count = wish.count or author.seed.child("count").between(4, 6)
    return (
        f"{_lead(author, 'list', count=count)}\n\n{shapes.bullets(author, count, dashed=bool(_BULLETS.search(prompt)))}"
    )


def _table(author: Writer, prompt: str, wish: RequestedFormat, words: int | None) -> str:
    rows = wish.count or 4
    if not (wish.compares and author.topic.other):
        return f"{_lead(author, 'table')}\n\n{shapes.table(author, rows)}"
    made = shapes.comparison(author, rows)
    author.take_both()
    return f"{_lead(author, 'table')}\n\n{made}"


def _code(author: Writer, prompt: str, wish: RequestedFormat, words: int | None) -> str:
    program = wish.program or "python"
    block = shapes.code(author, prompt, program)
    lead = _lead(author, "code", program=PROGRAMS[program].label)
    return f"{lead}\n\n{block}\n\n{_lead(author, 'after')}"


def _poem(author: Writer, prompt: str, wish: RequestedFormat, words: int | None) -> str:
    """Return two stanzas of short sentences.

    A haiku has three lines; syllables are not counted.
    """
    if _HAIKU.search(prompt):
        return "\n".join((author.sentence(5), author.sentence(on_topic=True), author.sentence(5)))
    lines = [author.sentence(6 + at % 3) for at in range(6)]
    return "\n".join([f"**{author.title()}**", "", *lines[:3], "", *lines[3:], "", author.closing()])


_SHAPES: dict[str, Callable[[Writer, str, RequestedFormat, int | None], str]] = {
    "hello": _hello,
    "prose": _essay,
    "list": _list,
    "table": _table,
    "code": _code,
    "poem": _poem,
    "story": _story,
}


def _lead(author: Writer, kind: str, *, count: int = 0, program: str = "") -> str:
    speech = author.language
    numeral = speech.numerals[count - 1] if 0 < count <= len(speech.numerals) else str(count)
    lead = author.seed.child("lead", kind).pick(speech.leads[kind])
    return author.fill(lead.replace("{c}", numeral).replace("{C}", capitalize(numeral)).replace("{l}", program))


# ---- lorem


@lru_cache(maxsize=64)
def _lexicon(locale: str) -> tuple[str, ...]:
    """Return the words of a locale: Faker's, or those of our own sentences if Faker only has Latin."""
    from faker import Faker

    provider = next(p for p in Faker(locale).get_providers() if "lorem" in type(p).__module__)
    if not type(provider).__module__.endswith(".la"):
        return tuple(provider.word_list)
    own = language(locale[:2].lower())
    words = (word.strip(".,:;।，。、") for line in own.body for word in line.split() if "{" not in word)
    return tuple(dict.fromkeys(word for word in words if word))


def lorem(seed: Seed, words: int, *, paragraphs: int = 1, locale: str = "en_US") -> str:
    """Return exactly `words` random words in sentences, over that many paragraphs."""
    speech = language(locale[:2].lower())
    lexicon = _lexicon(locale)
    chance = seed.child("lorem").random()
    count = max(1, min(paragraphs, words))
    out: list[str] = []
    for part in range(count):
        share = words * (part + 1) // count - words * part // count
        drawn = chance.choices(lexicon, k=share)
        sentences: list[str] = []
        while drawn:
            length = min(len(drawn), chance.randint(5, 14))
            length = len(drawn) if len(drawn) - length < 4 else length
            sentences.append(capitalize(speech.space.join(drawn[:length])) + speech.stop)
            drawn = drawn[length:]
        out.append(speech.space.join(sentences))
    return "\n\n".join(out)
