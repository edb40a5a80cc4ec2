"""WAV files of speech-like sound and of tones."""

import io
import struct
import wave
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemulator.core.seed import Seed
from gemulator.generate.audio import LONGEST, RATE, length, speech_like, tone

SEED = Seed.root("audio")


def samples(sound: bytes) -> tuple[int, ...]:
    with wave.open(io.BytesIO(sound)) as file:
        return struct.unpack(f"<{file.getnframes()}h", file.readframes(file.getnframes()))


@pytest.mark.parametrize("text", ["Hello there.", "東京の天気は晴れです。", "مرحبا", "", "\ud800 🎉"])
def test_speech_is_a_wav_of_24_khz_16_bit_mono(text: str) -> None:
    with wave.open(io.BytesIO(speech_like(text, SEED))) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (24_000, 2, 1)


def test_length_follows_the_text() -> None:
    short, long = (length(speech_like("One more wave, and another. " * times, SEED)) for times in (1, 4))
    assert 1 < short < 4
    assert 3 < long / short < 5
    assert length(speech_like("word " * 5000, SEED)) == LONGEST


def test_speech_is_heard_does_not_clip_and_does_not_click() -> None:
    heard = samples(speech_like("The lighthouse keeper counted the waves.", SEED))
    assert 3000 < max(map(abs, heard)) < 32_767
    assert max(abs(after - before) for before, after in pairwise(heard)) < 3000


def test_the_seed_decides() -> None:
    assert speech_like("Hello", SEED) == speech_like("Hello", SEED)
    assert speech_like("Hello", SEED) != speech_like("Hello", Seed.root("other"))


@given(st.text(st.characters(), max_size=60))
def test_any_text_can_be_spoken(text: str) -> None:
    assert 0 < length(speech_like(text, SEED)) <= LONGEST


@pytest.mark.parametrize(("seconds", "hertz"), [(1.0, 440.0), (0.5, 1000.0), (2.25, 100.0)])
def test_a_tone_has_its_length_and_pitch(seconds: float, hertz: float) -> None:
    heard = samples(tone(seconds, hertz))
    rises = sum(before < 0 <= after for before, after in pairwise(heard))
    assert len(heard) == seconds * RATE
    assert rises == pytest.approx(seconds * hertz, abs=2)


def test_a_tone_begins_and_ends_softly() -> None:
    heard = samples(tone(0.2))
    assert max(map(abs, heard[:20] + heard[-20:])) < max(map(abs, heard)) / 8
    assert samples(tone(0)) == ()


@pytest.mark.parametrize("broken", [b"", b"RIFF", b"not a wav at all, by any means, of any kind ...."])
def test_what_is_no_wav_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="not a WAV"):
        length(broken)
