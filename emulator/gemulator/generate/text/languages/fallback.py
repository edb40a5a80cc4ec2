"""Languages without sentences of their own: Faker's words in sentences."""

from collections.abc import Iterator
from functools import lru_cache

from gemulator.core.seed import Seed
from gemulator.generate.text.languages.language import Language, language

# Locales with words of their own in Faker.
LOCALES = {"ru": "ru_RU", "el": "el_GR", "he": "he_IL", "th": "th_TH", "it": "it_IT", "nl": "nl_NL"}


@lru_cache(maxsize=len(LOCALES))
def fallback(code: str) -> Language:
    """Return a language of random words; requests are understood in English."""
    from faker import Faker

    faker = Faker(LOCALES[code])
    vocabulary = tuple(next(p for p in faker.get_providers() if "lorem" in type(p).__module__).word_list)
    base, seed = language("en"), Seed.root("salad", code)
    space = "" if code == "th" else " "
    made = [f"{line}." for line in _sentences(vocabulary, seed, 60, space)]
    pairs = tuple(
        (line.split(space or None)[0].capitalize(), line) for line in _sentences(vocabulary, seed.child("p"), 15, space)
    )
    return Language(
        code=code,
        locale=LOCALES[code],
        openings=tuple(f"{{t}}: {line}" for line in made[:6]),
        body=tuple(made[6:]),
        closings=tuple(made[:4]),
        thoughts=("{t} …", "{o} …", *made[:8]),
        greetings=tuple(made[:2]),
        points=pairs,
        traits=tuple(dict.fromkeys(vocabulary[:40])),
        columns=(vocabulary[1].capitalize(), vocabulary[2].capitalize(), vocabulary[3].capitalize()),
        headings=tuple(word.capitalize() for word in vocabulary[4:9]),
        found=("{r}",),
        leads={
            "list": ("{t}:",),
            "table": ("{t}:",),
            "code": ("{l}:",),
            "after": (made[0],),
            "failed": ("{tool}: {r}",),
            "silent": ("{tool}: –",),
        },
        conjunction=", ",
        topic="…",
        stop_words=base.stop_words,
        wishes=base.wishes,
        space=space,
    )


def _sentences(vocabulary: tuple[str, ...], seed: Seed, count: int, space: str) -> Iterator[str]:
    chance = seed.random()
    for _ in range(count):
        words = chance.choices(vocabulary, k=chance.randint(5, 12))
        yield space.join(words)
