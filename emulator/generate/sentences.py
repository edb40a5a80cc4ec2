"""Puts sentences together: on a topic, in a language, of a length, without repeating one before all were used."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from emulator.generate.topic import Topic, topic_of
from emulator.generate.words.language import Language, detect, language
from emulator.seed import Seed

_PARAGRAPH = 85
_ONE_PARAGRAPH = 120


@lru_cache(maxsize=64)
def first_names(locale: str) -> tuple[str, ...]:
    """Names that are usual there."""
    from faker import Faker

    faker = Faker(locale)
    faker.seed_instance(1)
    return tuple(sorted({faker.first_name() for _ in range(80)}))


class Writer:
    """Writes about one prompt. Each kind of text draws from a child of the seed: one never shifts another."""

    def __init__(self, seed: Seed, prompt: str, speech: Language) -> None:
        self.seed = seed
        self.language = speech
        self.topic: Topic = topic_of(prompt, speech)
        self._chance = seed.child("sentences").random()
        self._deck: list[str] = []
        self._points: list[tuple[str, str]] = []

    def title(self) -> str:
        """The topic as a heading."""
        return capital(self.topic.title)

    def filled(self, sentence: str) -> str:
        """The sentence with topic and names in it."""
        if "{" in sentence:
            sentence = sentence.replace("{t}", self.topic.main).replace("{o}", self.topic.other)
            if "{n}" in sentence:
                sentence = sentence.replace("{n}", self._chance.choice(first_names(self.language.locale)))
            sentence = self.language.mend(sentence)
        return capital(sentence)

    def opening(self) -> str:
        """A first sentence."""
        return self.filled(self._chance.choice(self.language.openings))

    def closing(self) -> str:
        """A last sentence."""
        return self.filled(self._chance.choice(self.language.closings))

    def sentence(self, wanted: int = 0) -> str:
        """The next sentence; of about that many words, if any."""
        if not self._deck:
            self._deck = list(self.language.body)
            self._chance.shuffle(self._deck)
        if not wanted:
            return self.filled(self._deck.pop())
        best = min(range(len(self._deck)), key=lambda at: abs(size(self._deck[at], self.language) - wanted))
        return self.filled(self._deck.pop(best))

    def sentences(self, count: int) -> list[str]:
        """The next sentences."""
        return [self.sentence() for _ in range(count)]

    def points(self, count: int) -> list[tuple[str, str]]:
        """Pairs of a title and what is to say of it; body sentences when there are no more."""
        out: list[tuple[str, str]] = []
        for _ in range(count):
            if not self._points:
                self._points = list(self.language.points)
                self._chance.shuffle(self._points)
            out.append(self._points.pop())
        return out

    def essay(self, words: int) -> list[str]:
        """Sentences of about that many words together, an opening first."""
        out = [self.opening()]
        left = words - size(out[0], self.language)
        closing = self.closing() if words >= 60 else ""
        left -= size(closing, self.language)
        while left > 3:
            out.append(self.sentence(left if left < 14 else 0))
            left -= size(out[-1], self.language)
        return [*out, closing] if closing else out


def capital(text: str) -> str:
    """With a capital first."""
    return text[:1].upper() + text[1:]


def size(text: str, speech: Language) -> int:
    """Words; in a language without blanks two characters are one."""
    return len(text.split()) if speech.space else len(text) // 2


def paragraphs(sentences: Sequence[str], words: int, speech: Language) -> str:
    """The sentences as one paragraph, or as several where they are many."""
    if words <= _ONE_PARAGRAPH:
        return speech.space.join(sentences)
    return "\n\n".join(speech.space.join(group) for group in _groups(sentences, speech))


def _groups(sentences: Sequence[str], speech: Language) -> Iterator[list[str]]:
    group: list[str] = []
    length = 0
    for at, sentence in enumerate(sentences):
        group.append(sentence)
        length += size(sentence, speech)
        if length >= _PARAGRAPH - 12 * (at % 3) and len(sentences) - at > 2:
            yield group
            group, length = [], 0
    if group:
        yield group


def writer(seed: Seed, prompt: str, locale: str | None = None) -> Writer:
    """A writer in the prompt's language, or in that of the locale."""
    return Writer(seed, prompt, language(locale[:2].lower() if locale else detect(prompt)))
