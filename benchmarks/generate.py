"""Median and 99th percentile of what the generators make: `python -m benchmarks.generate`."""

from collections.abc import Callable
from statistics import quantiles
from time import perf_counter

from gemulator.core.seed import Seed
from gemulator.generate.audio import speech_like
from gemulator.generate.image.draw import draw
from gemulator.generate.prompt_hints import Hints, analyse
from gemulator.generate.text.answer import answer, prose, report, thought
from gemulator.generate.token_count import count, pieces

PROMPT = "Explain to a friend in Boston how bees make honey, and why it keeps for 3,000 years."
SENTENCE = "The lighthouse keeper counted the waves, and every seventh one was his."
TEXT = prose(Seed.root("text"), 400, PROMPT)


def hint(number: int) -> object:
    """A prompt that was not read before, and one field."""
    return list(Hints(analyse(f"{PROMPT} {number}")).suggest("city", {"type": "string"}))


CASES: dict[str, Callable[[int], object]] = {
    "prose, 400 words": lambda number: prose(Seed.root(number), 400, PROMPT),
    "prose, 400 words, Japanese": lambda number: prose(Seed.root(number), 400, "桜について教えてください"),
    "answer": lambda number: answer(Seed.root(number), PROMPT),
    "thought": lambda number: thought(Seed.root(number), PROMPT),
    "report": lambda number: report(Seed.root(number), PROMPT, [("get_weather", {"celsius": number})]),
    "hints, a new prompt": hint,
    "count, 400 words": lambda number: count(TEXT),
    "pieces, 400 words in twelves": lambda number: pieces(TEXT, 12),
    "speech, a sentence": lambda number: speech_like(SENTENCE, Seed.root(number)),
    "picture, 512x512 PNG": lambda number: draw(f"{PROMPT} {number}", Seed.root(number), 512, 512, "image/png"),
    "picture, 512x512 JPEG": lambda number: draw(f"{PROMPT} {number}", Seed.root(number), 512, 512, "image/jpeg"),
}


def milliseconds(make: Callable[[int], object], rounds: int) -> list[float]:
    """How long each round took, after ten that do not count."""
    for number in range(10):
        make(number)
    out = []
    for number in range(rounds):
        start = perf_counter()
        make(number)
        out.append(1000 * (perf_counter() - start))
    return out


def main() -> None:
    """Prints a line a case."""
    print(f"{'':32}{'median ms':>12}{'p99 ms':>12}")
    for name, make in CASES.items():
        rounds = 200 if "picture" in name else 1000
        cuts = quantiles(milliseconds(make, rounds), n=100)
        print(f"{name:32}{cuts[49]:12.3f}{cuts[98]:12.3f}")


if __name__ == "__main__":
    main()
