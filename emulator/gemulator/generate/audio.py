"""Sound without any library: WAV files of 24 kHz, 16 bit, mono, as Gemini speaks."""

import io
import math
import re
import struct
import wave
from array import array
from collections.abc import Iterator
from functools import lru_cache

from gemulator.core.seed import Seed

RATE = 24_000
LONGEST = 30.0
"""Seconds after which speech is cut."""

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
# How strong the harmonics of the voice are, a row a vowel, dark ones first.
_VOWELS = {
    "u": (1.0, 0.35, 0.10, 0.04, 0.02),
    "o": (1.0, 0.60, 0.22, 0.08, 0.03),
    "a": (1.0, 0.75, 0.50, 0.28, 0.10),
    "e": (1.0, 0.50, 0.25, 0.22, 0.16),
    "i": (1.0, 0.25, 0.10, 0.12, 0.20),
}
_PAUSES = dict.fromkeys(",;:、，；：،؛", 0.16) | dict.fromkeys(".!?\n…。！？؟।", 0.36)
# A syllable is a Latin vowel with what is around it, else one or two letters of any other script.
_SYLLABLE = re.compile(r"[b-df-hj-np-tv-xz]*[aeiouyà-öø-ÿ]+|[a-z]+|[^\W\d_a-z]{1,2}|\d|[^\w\s]|\s", re.IGNORECASE)
_LEVELS = 16
_SCALE = (0, 2, 4, 7, 9, 12)


def _file(samples: bytes) -> bytes:
    size = len(samples)
    return _HEADER.pack(b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16, b"data", size) + samples


def _little_endian(samples: "array[int]") -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


@lru_cache(maxsize=256)
def _period(length: int, vowel: str) -> tuple[int, ...]:
    steps = [(2 * math.pi * (n + 1) / length, 5200 * weight) for n, weight in enumerate(_VOWELS[vowel])]
    return tuple(int(sum(weight * math.sin(step * i) for step, weight in steps)) for i in range(length))


@lru_cache(maxsize=4096)
def _swing(length: int, vowel: str, level: int) -> bytes:
    """One period of the voice. It begins and ends at zero: the next may be louder or longer without a click."""
    return struct.pack(f"<{length}h", *[sample * level // _LEVELS for sample in _period(length, vowel)])


def _syllable(vowel: str, note: int, seconds: float) -> Iterator[bytes]:
    """Rises quickly and falls slowly. `note` is in semitones above 110 Hz."""
    hertz = 110 * 2 ** (note / 12)
    swings = max(4, round(seconds * hertz))
    for k in range(swings):
        at = (k + 0.5) / swings
        yield _swing(round(RATE / hertz), vowel, round(_LEVELS * min(1.0, at * 5) * (1 - at) ** 0.55))


def _vowel(syllable: str) -> str:
    last = syllable[-1].lower()
    return last if last in _VOWELS else "aeiou"[ord(last) % 5]


def _voice(text: str, seed: Seed) -> Iterator[bytes]:
    chance = seed.random()
    key = chance.randrange(0, 9)
    since_stop = 0
    for syllable in _SYLLABLE.findall(text):
        if syllable.isalnum():
            # Up and down a pentatonic scale, lower towards the end of a sentence, as voices do.
            degree = max(0, 4 - since_stop // 4 + chance.choice((-1, 0, 0, 1)))
            yield from _syllable(_vowel(syllable), key + _SCALE[min(degree, 5)], chance.uniform(0.11, 0.17))
            since_stop += 1
            continue
        rest = _PAUSES.get(syllable, 0.03 if syllable.isspace() else 0.0)
        since_stop = 0 if rest > 0.3 else since_stop
        yield bytes(2 * int(RATE * rest))


def speech_like(text: str, seed: Seed) -> bytes:
    """A WAV in which a soft voice hums `text`: a tone a syllable, a rest at each stop, 30 seconds at most."""
    most = int(RATE * LONGEST) * 2
    out = bytearray(2 * RATE // 20)
    for sound in _voice(text, seed):
        out += sound
        if len(out) >= most:
            break
    return _file(bytes(out[:most]))


@lru_cache(maxsize=16)
def _second(hertz: int) -> "array[int]":
    return array("h", (int(9000 * math.sin(2 * math.pi * hertz * i / RATE)) for i in range(RATE)))


def tone(seconds: float, hertz: float = 440.0) -> bytes:
    """A WAV of one sine tone, of the nearest whole hertz, with edges of 10 ms."""
    frames = max(0, round(seconds * RATE))
    samples = (_second(round(hertz)) * (frames // RATE + 1))[:frames]
    edge = min(RATE // 100, frames // 2)
    for i in range(edge):
        samples[i] = samples[i] * i // edge
        samples[-1 - i] = samples[-1 - i] * i // edge
    return _file(_little_endian(samples))


def length(wav: bytes) -> float:
    """Seconds of a WAV file; ValueError where it is none."""
    try:
        with wave.open(io.BytesIO(wav)) as file:
            return float(file.getnframes() / file.getframerate())
    except (wave.Error, EOFError) as broken:
        raise ValueError(f"not a WAV file: {broken}") from None
