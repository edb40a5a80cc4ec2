"""Token counts of text and media, splitting, and local vocabularies."""

import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemulator.generate import token_count as tokens
from gemulator.generate.token_count import audio_tokens, count, image_tokens, load, pdf_tokens, pieces, video_tokens

ANY_TEXT = st.text(st.characters(), max_size=200)  # lone surrogates, right-to-left marks and emoji included


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("", 0, 0),
        ("Explain how AI works in a few words.", 9, 9),  # billed as 9 by every Gemini 3 model (wire facts, §8)
        # Counts of Gemma's vocabulary, ±15 %.
        ("def main(args):\n    if x == 10:\n        return {'a': foo_bar.baz()}\n", 21, 29),
        ("今天天气怎么样？人工智能正在改变世界。", 8, 12),
        ("東京の天気はどうですか？今日は晴れです。", 8, 12),
        ("12345", 5, 5),
    ],
)
def test_count_is_close_to_the_real_vocabulary(text: str, low: int, high: int) -> None:
    assert low <= count(text) <= high


@pytest.mark.slow
@given(ANY_TEXT, st.integers(1, 20))
def test_pieces_join_to_text_and_have_requested_size(text: str, each: int) -> None:
    cut = pieces(text, each)
    assert "".join(cut) == text
    assert len(cut) == -(-count(text) // each)


@given(st.text(st.characters(codec="ascii"), max_size=200))
def test_ascii_pattern_equals_full_pattern(text: str) -> None:
    assert tokens._tokens(ascii=True).findall(text) == tokens._tokens(ascii=False).findall(text)


@pytest.mark.parametrize(
    "whole",
    ["👩‍👩‍👧", "🇩🇪", "👍🏽", "1️⃣", "❤️", "e\u0301", "क्‍ष", "ก็", "か\u3099", "\r\n", "🏴\U000e0067\U000e0062\U000e007f"],
)
def test_grapheme_is_not_split(whole: str) -> None:
    assert pieces(f"1{whole}2", 1) == ["1", whole, "2"]


@pytest.mark.parametrize(
    ("family", "resolution", "width", "height", "tokens"),
    [
        ("google/gemini-3.1-pro-preview", None, 4000, 3000, 1120),
        ("gemini-3", "MEDIA_RESOLUTION_LOW", 10, 10, 280),
        ("gemini-3", "medium", 10, 10, 560),
        ("gemini-3", "high", 10, 10, 1120),
        ("gemini-3", "ultra_high", 10, 10, 2240),
        ("google/gemini-2.5-flash", None, 384, 384, 258),
        ("gemini-2.0-flash", None, 385, 100, 258),
        ("gemini-2.5", None, 769, 768, 516),
        ("gemini-2.5", None, 2000, 1000, 1548),
        ("gemini-2.5", "low", 2000, 1000, 64),
    ],
)
def test_image_tokens(family: str, resolution: str | None, width: int, height: int, tokens: int) -> None:
    assert image_tokens(family, resolution, width, height) == tokens


def test_audio_video_and_page_tokens() -> None:
    assert [audio_tokens(seconds) for seconds in (0, 1, 2.5)] == [0, 32, 80]
    assert [video_tokens("gemini-3", level, 10) for level in (None, "low", "high")] == [700, 700, 2800]
    assert video_tokens("gemini-2.5", None, 10) == 2630
    assert [pdf_tokens("gemini-3", level, 2) for level in (None, "low", "high")] == [1120, 560, 2240]
    assert pdf_tokens("gemini-2.5", None, 2) == 516


def test_hugging_face_vocabulary_counts(tmp_path: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    vocabulary = Tokenizer(WordLevel({"bees": 0, "make": 1, "honey": 2, "?": 3}, unk_token="?"))
    vocabulary.pre_tokenizer = Whitespace()
    vocabulary.save(str(tmp_path / "tokenizer.json"))
    assert load(str(tmp_path / "tokenizer.json")).count("bees make wonderfulhoney \ud800") == 4


def test_sentencepiece_vocabulary_counts(tmp_path: Path) -> None:
    from sentencepiece import SentencePieceTrainer

    (tmp_path / "text").write_text("bees make honey\n" * 50)
    SentencePieceTrainer.train(
        input=str(tmp_path / "text"),
        model_prefix=str(tmp_path / "tiny"),
        vocab_size=11,
        model_type="char",
        minloglevel=9,
    )
    assert load(str(tmp_path / "tiny.model")).count("honey bees") == 11


@pytest.mark.parametrize("name", ["tokenizer.json", "tiny.model"])
def test_invalid_vocabulary_error_names_the_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no")
    with pytest.raises(ValueError, match=f"{name}: not a readable tokenizer"):
        load(str(tmp_path / name))


@pytest.mark.parametrize(("name", "library"), [("t.json", "tokenizers"), ("t.model", "sentencepiece")])
def test_missing_library_error_names_the_extra(monkeypatch: pytest.MonkeyPatch, name: str, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ValueError, match=r"gemulator\[tokenizers\]"):
        load(name)


@pytest.mark.parametrize(
    "text", ["word, ", "wörter 漢字, ", "a", "\n", "x1", "\t", " ", "\r\n", "e\u0301", "👩‍", "\u0301"]
)
def test_long_text_has_as_many_tokens_as_its_pieces(text: str) -> None:
    """A long text is counted in slices, so that others are answered meanwhile."""
    long = text * (450_000 // len(text)) + "end"
    *full, last = pieces(long, 1_000)
    assert count(long) == 1_000 * len(full) + count(last)


@pytest.mark.parametrize(
    ("run", "tokens"),
    [
        ("\n" * 500, 1),
        ("\r\n" * 500, 1),
        (" " * 501 + "a", 2),
        ("\t" * 500, 1),
        ("a" + "\u0301" * 50, 1),
        ("👩‍" * 20 + "👩", 1),
    ],
)
def test_run_of_a_real_text_is_one_token(run: str, tokens: int) -> None:
    assert count(run) == tokens


@pytest.mark.parametrize("text", ["\n", " ", "\t\r", "e" + "\u0301" * 99, "👩‍" * 99, "word, ", "漢字", "a", "\u200d"])
def test_no_call_matches_more_than_a_slice(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Nothing else runs while `re` matches, because it holds the interpreter lock."""
    seen: list[int] = []

    class Recorded:
        def __init__(self, pattern: re.Pattern[str]) -> None:
            self.pattern = pattern

        def findall(self, text: str, begin: int = 0, end: int = sys.maxsize) -> list[str]:
            seen.append(min(end, len(text)) - begin)
            return self.pattern.findall(text, begin, end)

        def match(self, text: str, begin: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
            seen.append(min(end, len(text)) - begin)
            return self.pattern.match(text, begin, end)

    real_tokens, real_pieces = tokens._tokens, tokens._piece_pattern
    monkeypatch.setattr(tokens, "_tokens", lambda ascii: Recorded(real_tokens(ascii)))
    monkeypatch.setattr(tokens, "_piece_pattern", lambda size, ascii: Recorded(real_pieces(size, ascii)))
    assert count(text * (1_000_000 // len(text))) > 0
    assert max(seen) <= 100_000


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(st.sampled_from([*"\n \t\r\u0301\u200da漢1", "word ", "👩‍👧", "\r\n"]), st.integers(1, 3_000)),
        max_size=12,
    )
)
def test_slices_have_the_tokens_of_the_whole(runs: list[tuple[str, int]]) -> None:
    text = "".join(part * times for part, times in runs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "_SLICE", 6_000)
        assert count(text) == len(tokens._tokens(ascii=False).findall(text))
