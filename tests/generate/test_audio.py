"""WAV files of speech-like sound and of tones."""

import io
import struct
import wave
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemulator.core.seed import Seed
from gemulator.generate.audio import MAX_SECONDS, RATE, length, speech_like, tone

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
    assert length(speech_like("word " * 5000, SEED)) == MAX_SECONDS


def test_speech_is_audible_without_clipping_or_clicks() -> None:
    sound_samples = samples(speech_like("The lighthouse keeper counted the waves.", SEED))
    assert 3000 < max(map(abs, sound_samples)) < 32_767
    assert max(abs(after - before) for before, after in pairwise(sound_samples)) < 3000


def test_speech_depends_on_the_seed() -> None:
    assert speech_like("Hello", SEED) == speech_like("Hello", SEED)
    assert speech_like("Hello", SEED) != speech_like("Hello", Seed.root("other"))


@pytest.mark.slow
@given(st.text(st.characters(), max_size=60))
def test_any_text_yields_speech(text: str) -> None:
    assert 0 < length(speech_like(text, SEED)) <= MAX_SECONDS


@pytest.mark.parametrize(("seconds", "hertz"), [(1.0, 440.0), (0.5, 1000.0), (2.25, 100.0)])
def test_tone_has_requested_length_and_pitch(seconds: float, hertz: float) -> None:
    sound_samples = samples(tone(seconds, hertz))
    rises = sum(before < 0 <= after for before, after in pairwise(sound_samples))
    assert len(sound_samples) == seconds * RATE
    assert rises == pytest.approx(seconds * hertz, abs=2)


def test_tone_fades_in_and_out() -> None:
    sound_samples = samples(tone(0.2))
    assert max(map(abs, sound_samples[:20] + sound_samples[-20:])) < max(map(abs, sound_samples)) / 8
    assert samples(tone(0)) == ()


@pytest.mark.parametrize("broken", [b"", b"RIFF", b"not a wav at all, by any means, of any kind ...."])
def test_length_of_invalid_wav_raises(broken: bytes) -> None:
    with pytest.raises(ValueError, match="not a WAV"):
        length(broken)
