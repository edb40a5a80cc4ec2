"""WAV synthesis without libraries: 24 kHz, 16 bit, mono, as Gemini sends."""

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
MAX_SECONDS = 30.0
"""Maximum duration of generated speech in seconds."""

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
# Amplitudes of the first five harmonics of each vowel, dark vowels first.
_VOWELS = {
    "u": (1.0, 0.35, 0.10, 0.04, 0.02),
    "o": (1.0, 0.60, 0.22, 0.08, 0.03),
    "a": (1.0, 0.75, 0.50, 0.28, 0.10),
    "e": (1.0, 0.50, 0.25, 0.22, 0.16),
    "i": (1.0, 0.25, 0.10, 0.12, 0.20),
}
_PAUSES = dict.fromkeys(",;:、，；：،؛", 0.16) | dict.fromkeys(".!?\n…。！？؟।", 0.36)
# A syllable is a Latin vowel with its neighbours, or one or two letters of any other script.
_SYLLABLE = re.compile(r"[b-df-hj-np-tv-xz]*[aeiouyà-öø-ÿ]+|[a-z]+|[^\W\d_a-z]{1,2}|\d|[^\w\s]|\s", re.IGNORECASE)
_LEVELS = 16
_SCALE = (0, 2, 4, 7, 9, 12)


def _wav_file(samples: bytes) -> bytes:
    size = len(samples)
    return _HEADER.pack(b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16, b"data", size) + samples


def _little_endian(samples: "array[int]") -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


@lru_cache(maxsize=256)
def _period(length: int, vowel: str) -> tuple[int, ...]:
    steps = [(2 * math.pi * (n + 1) / length, 5200 * weight) for n, weight in enumerate(_VOWELS[vowel])]
    return tuple(int(sum(weight * math.sin(step * i) for step, weight in steps)) for i in range(length))


@lru_cache(maxsize=4096)
def _scaled_period(length: int, vowel: str, level: int) -> bytes:
    """Return one period, which begins and ends at zero so that a change of level makes no click."""
    return struct.pack(f"<{length}h", *[sample * level // _LEVELS for sample in _period(length, vowel)])


def _syllable(vowel: str, note: int, seconds: float) -> Iterator[bytes]:
    """Yield the periods of a syllable with a fast attack and a slow decay; `note` is in semitones above 110 Hz."""
    hertz = 110 * 2 ** (note / 12)
    periods = max(4, round(seconds * hertz))
    for k in range(periods):
        at = (k + 0.5) / periods
        yield _scaled_period(round(RATE / hertz), vowel, round(_LEVELS * min(1.0, at * 5) * (1 - at) ** 0.55))


def _vowel(syllable: str) -> str:
    last = syllable[-1].lower()
    return last if last in _VOWELS else "aeiou"[ord(last) % 5]


def _speech(text: str, seed: Seed) -> Iterator[bytes]:
    random = seed.random()
    key = random.randrange(0, 9)
    since_stop = 0
    for syllable in _SYLLABLE.findall(text):
        if syllable.isalnum():
            # Pentatonic scale that falls towards the end of a sentence, like a voice.
            degree = max(0, 4 - since_stop // 4 + random.choice((-1, 0, 0, 1)))
            yield from _syllable(_vowel(syllable), key + _SCALE[min(degree, 5)], random.uniform(0.11, 0.17))
            since_stop += 1
            continue
        pause = _PAUSES.get(syllable, 0.03 if syllable.isspace() else 0.0)
        since_stop = 0 if pause > 0.3 else since_stop
        yield bytes(2 * int(RATE * pause))


def speech_like(text: str, seed: Seed) -> bytes:
    """Return a WAV that hums `text`: one tone per syllable, a pause per stop, at most 30 seconds."""
    limit = int(RATE * MAX_SECONDS) * 2
    out = bytearray(2 * RATE // 20)
    for sound in _speech(text, seed):
        out += sound
        if len(out) >= limit:
            break
    return _wav_file(bytes(out[:limit]))


@lru_cache(maxsize=16)
def _one_second(hertz: int) -> "array[int]":
    return array("h", (int(9000 * math.sin(2 * math.pi * hertz * i / RATE)) for i in range(RATE)))


def tone(seconds: float, hertz: float = 440.0) -> bytes:
    """Return a WAV of one sine tone at the nearest whole hertz, with 10 ms fades."""
    frames = max(0, round(seconds * RATE))
    samples = (_one_second(round(hertz)) * (frames // RATE + 1))[:frames]
    edge = min(RATE // 100, frames // 2)
    for i in range(edge):
        samples[i] = samples[i] * i // edge
        samples[-1 - i] = samples[-1 - i] * i // edge
    return _wav_file(_little_endian(samples))


def length(wav: bytes) -> float:
    """Return the duration of a WAV file in seconds; raise ValueError if it is not one."""
    try:
        with wave.open(io.BytesIO(wav)) as file:
            return float(file.getnframes() / file.getframerate())
    except (wave.Error, EOFError) as broken:
        raise ValueError(f"not a WAV file: {broken}") from None
