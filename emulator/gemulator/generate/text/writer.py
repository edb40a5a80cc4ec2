"""Writer of sentences: by topic, language and length, without early repetition."""

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
    """Return common first names of a locale."""
    from faker import Faker

    faker = Faker(locale)
    faker.seed_instance(1)
    return tuple(sorted({faker.first_name() for _ in range(80)}))


class Writer:
    """Writer for one prompt. Each kind of text draws from its own child of the seed."""

    def __init__(self, seed: Seed, prompt: str, speech: Language) -> None:
        self.seed = seed
        self.language = speech
        self.topic: Topic = topic_of(prompt, speech)
        self._chance = seed.child("sentences").random()
        self._body: Sequence[str] = speech.body
        self._deck: list[str] = []
        self._points: list[tuple[str, str]] = []

    def take_both(self) -> None:
        """Make "cats and dogs" the topic if the prompt names both."""
        one, other = self.topic.main, self.topic.other
        if other:
            both = self.language.mend(f"{one}{self.language.conjunction}{other}")
            self.topic = Topic(both, "", both)

    def title(self) -> str:
        """Return the topic as a heading."""
        return capitalize(self.topic.title)

    def fill(self, sentence: str) -> str:
        """Fill topic and names into the sentence."""
        if "{" in sentence:
            sentence = sentence.replace("{t}", self.topic.main or self.language.topic).replace("{o}", self.topic.other)
            if "{n}" in sentence:
                sentence = sentence.replace("{n}", self._chance.choice(first_names(self.language.locale)))
            sentence = self.language.mend(sentence)
        return capitalize(sentence)

    def _usable(self, frames: Sequence[str]) -> list[str]:
        """Return the sentences whose placeholders the prompt can fill."""
        lacking = [slot for slot, noun in (("{t}", self.topic.main), ("{o}", self.topic.other)) if not noun]
        return [frame for frame in frames if not any(slot in frame for slot in lacking)]

    def opening(self, frames: Sequence[str] | None = None) -> str:
        """Return a first sentence."""
        known = self._usable(frames or self.language.openings)
        return self.fill(self._chance.choice(known)) if known else self.sentence()

    def closing(self, frames: Sequence[str] | None = None) -> str:
        """Return a last sentence."""
        return self.fill(self._chance.choice(self._usable(frames or self.language.closings)))

    def thoughts(self, words: int) -> list[str]:
        """Return about `words` words of thoughts, in order."""
        known = self._usable(self.language.thoughts)
        order = list(range(1, len(known)))
        self._chance.shuffle(order)
        chosen, length = [0], count_words(known[0], self.language)
        while order and length < words - 4:
            chosen.append(order.pop())
            length += count_words(known[chosen[-1]], self.language)
        out = [self.fill(known[at]) for at in sorted(chosen)]
        while length < words - 4:
            out.append(self.sentence())
            length += count_words(out[-1], self.language)
        return out

    def sentence(self, wanted: int = 0, *, on_topic: bool = False) -> str:
        """Return the next sentence, of about `wanted` words or naming the topic if possible."""
        if not self._deck:
            self._deck = self._usable(self._body)
            self._chance.shuffle(self._deck)
        if not wanted:
            named = (at for at, frame in enumerate(self._deck) if "{t}" in frame or "{o}" in frame)
            return self.fill(self._deck.pop(next(named, -1) if on_topic else -1))
        best = min(range(len(self._deck)), key=lambda at: abs(count_words(self._deck[at], self.language) - wanted))
        return self.fill(self._deck.pop(best))

    def sentences(self, count: int) -> list[str]:
        """Return the next sentences."""
        return [self.sentence() for _ in range(count)]

    def points(self, count: int) -> list[tuple[str, str]]:
        """Return pairs of title and text; plain sentences once those are used up."""
        out: list[tuple[str, str]] = []
        for _ in range(count):
            if not self._points:
                self._points = list(self.language.points)
                self._chance.shuffle(self._points)
            out.append(self._points.pop())
        return out

    def essay(self, words: int) -> list[str]:
        """Return sentences of about `words` words in total, an opening first."""
        return self._story(words, self.opening(), self.closing() if words >= 60 else "")

    def tale(self, words: int) -> list[str]:
        """Return a story of about `words` words; an essay if the language has none."""
        if self.language.story is None:
            return self.essay(words)
        openings, self._body, closings = self.language.story
        return self._story(words, self.opening(openings), self.closing(closings))

    def _story(self, words: int, opening: str, closing: str) -> list[str]:
        out = [opening]
        left = words - count_words(opening, self.language) - count_words(closing, self.language)
        while left > 3:
            # The topic returns in the third sentence and in every fifth after it.
            out.append(self.sentence(left if left < 14 else 0, on_topic=len(out) % 5 == 2))
            left -= count_words(out[-1], self.language)
        return [*out, closing] if closing else out


def capitalize(text: str) -> str:
    """Capitalise the first letter."""
    return text[:1].upper() + text[1:]


def count_words(text: str, speech: Language) -> int:
    """Return the number of words; two characters count as one word in languages without spaces."""
    return len(text.split()) if speech.space else len(text) // 2


def paragraphs(sentences: Sequence[str], words: int, speech: Language) -> str:
    """Join the sentences to one paragraph, or to several if they are many."""
    if words <= _ONE_PARAGRAPH:
        return speech.space.join(sentences)
    return "\n\n".join(speech.space.join(group) for group in _groups(sentences, speech))


def _groups(sentences: Sequence[str], speech: Language) -> Iterator[list[str]]:
    group: list[str] = []
    length = 0
    for at, sentence in enumerate(sentences):
        group.append(sentence)
        length += count_words(sentence, speech)
        if length >= _PARAGRAPH - 12 * (at % 3) and len(sentences) - at > 2:
            yield group
            group, length = [], 0
    if group:
        yield group


def writer(seed: Seed, prompt: str, locale: str | None = None) -> Writer:
    """Return a writer in the prompt's language or the locale's."""
    return Writer(seed, prompt, speech_of(locale[:2].lower() if locale else detect(prompt)))


def speech_of(code: str) -> Language:
    """Return the language of a code: written down, else of Faker's words, else English."""
    return fallback(code) if code in LOCALES else language(code)
