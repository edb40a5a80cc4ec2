"""Puts sentences together: on a topic, in a language, of a length, without repeating one before all were used."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from gemulator.core.seed import Seed
from gemulator.generate.text.languages.fallback import LOCALES, fallback
from gemulator.generate.text.languages.language import Language, detect, language
from gemulator.generate.text.topic import Topic, topic_of

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
        self._body: Sequence[str] = speech.body
        self._deck: list[str] = []
        self._points: list[tuple[str, str]] = []

    def take_both(self) -> None:
        """Makes "cats and dogs" the topic where the prompt speaks of both."""
        one, other = self.topic.main, self.topic.other
        if other:
            both = self.language.mend(f"{one}{self.language.conjunction}{other}")
            self.topic = Topic(both, "", both)

    def title(self) -> str:
        """The topic as a heading."""
        return capital(self.topic.title)

    def filled(self, sentence: str) -> str:
        """The sentence with topic and names in it."""
        if "{" in sentence:
            sentence = sentence.replace("{t}", self.topic.main or self.language.topic).replace("{o}", self.topic.other)
            if "{n}" in sentence:
                sentence = sentence.replace("{n}", self._chance.choice(first_names(self.language.locale)))
            sentence = self.language.mend(sentence)
        return capital(sentence)

    def _sayable(self, frames: Sequence[str]) -> list[str]:
        """Those that ask for nothing which the prompt does not name."""
        lacking = [slot for slot, noun in (("{t}", self.topic.main), ("{o}", self.topic.other)) if not noun]
        return [frame for frame in frames if not any(slot in frame for slot in lacking)]

    def opening(self, frames: Sequence[str] | None = None) -> str:
        """A first sentence."""
        known = self._sayable(frames or self.language.openings)
        return self.filled(self._chance.choice(known)) if known else self.sentence()

    def closing(self, frames: Sequence[str] | None = None) -> str:
        """A last sentence."""
        return self.filled(self._chance.choice(self._sayable(frames or self.language.closings)))

    def thoughts(self, words: int) -> list[str]:
        """Of about that many words, in the order in which one thinks them."""
        known = self._sayable(self.language.thoughts)
        order = list(range(1, len(known)))
        self._chance.shuffle(order)
        chosen, length = [0], size(known[0], self.language)
        while order and length < words - 4:
            chosen.append(order.pop())
            length += size(known[chosen[-1]], self.language)
        out = [self.filled(known[at]) for at in sorted(chosen)]
        while length < words - 4:
            out.append(self.sentence())
            length += size(out[-1], self.language)
        return out

    def sentence(self, wanted: int = 0, *, on_topic: bool = False) -> str:
        """The next sentence; of about that many words, or one that names the topic, if there is any."""
        if not self._deck:
            self._deck = self._sayable(self._body)
            self._chance.shuffle(self._deck)
        if not wanted:
            named = (at for at, frame in enumerate(self._deck) if "{t}" in frame or "{o}" in frame)
            return self.filled(self._deck.pop(next(named, -1) if on_topic else -1))
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
        return self._told(words, self.opening(), self.closing() if words >= 60 else "")

    def tale(self, words: int) -> list[str]:
        """The same, of a story; an essay in a language that has none."""
        if self.language.story is None:
            return self.essay(words)
        openings, self._body, closings = self.language.story
        return self._told(words, self.opening(openings), self.closing(closings))

    def _told(self, words: int, opening: str, closing: str) -> list[str]:
        out = [opening]
        left = words - size(opening, self.language) - size(closing, self.language)
        while left > 3:
            # The topic comes up again in the third sentence, and in every fifth after it.
            out.append(self.sentence(left if left < 14 else 0, on_topic=len(out) % 5 == 2))
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
    return Writer(seed, prompt, speech_of(locale[:2].lower() if locale else detect(prompt)))


def speech_of(code: str) -> Language:
    """The language of that code: written down, else of Faker's words, else English."""
    return fallback(code) if code in LOCALES else language(code)
