"""Pictures drawn from a prompt."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gemulator.core.seed import Seed
from gemulator.generate.image.draw import draw, requested_size
from gemulator.generate.image.landscape import paint

SEED = Seed.root("image")


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


@pytest.mark.parametrize(("mime", "kind"), [("image/png", "PNG"), ("image/jpeg", "JPEG"), ("image/webp", "WEBP")])
def test_a_picture_is_a_valid_file_of_its_kind(mime: str, kind: str) -> None:
    picture = opened(draw("a lighthouse at dusk", SEED, 320, 200, mime))
    assert (picture.format, picture.size, picture.mode) == (kind, (320, 200), "RGB")


@pytest.mark.parametrize(
    ("asked", "drawn"), [((1, 5), (16, 16)), ((5000, 20), (2048, 20)), ((16, 2048), (16, 2048)), ((90, 300), (90, 300))]
)
def test_sides_are_bounded(asked: tuple[int, int], drawn: tuple[int, int]) -> None:
    assert opened(draw("waves", SEED, *asked, "image/png")).size == drawn


def test_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="image/png, image/jpeg, image/webp"):
        draw("waves", SEED, 64, 64, "image/tiff")


def test_prompt_and_seed_decide() -> None:
    first = draw("a quiet lake", SEED, 128, 128, "image/png")
    assert first == draw("a quiet lake", SEED, 128, 128, "image/png")
    assert first != draw("a quiet lake", Seed.root("other"), 128, 128, "image/png")
    assert first != draw("a quiet town", SEED, 128, 128, "image/png")


@pytest.mark.parametrize(
    ("dark", "bright"), [("the city at night", "the city"), ("夜の東京", "東京"), ("Wald bei Nacht", "Wald")]
)
def test_the_night_is_dark(dark: str, bright: str) -> None:
    light = [sum(opened(draw(prompt, SEED, 64, 64, "image/png")).convert("L").tobytes()) for prompt in (dark, bright)]
    assert light[0] < 0.7 * light[1]


def test_the_label_is_written_and_follows_the_prompt() -> None:
    one, other = (opened(draw(f"night, label {text}", SEED, 256, 256, "image/png")) for text in ("A" * 9, "." * 9))
    upper, lower = (0, 0, 256, 200), (0, 200, 256, 256)
    assert one.crop(upper).tobytes() == other.crop(upper).tobytes()
    assert one.crop(lower).tobytes() != other.crop(lower).tobytes()


@pytest.mark.parametrize(
    "prompt", ["Zürich", "夜の東京", "서울의 밤", "北京的夜晚", "ليل القاهرة", "दिल्ली की रात", "Ночь", "Νύχτα"]
)
def test_the_label_is_in_the_prompts_script(prompt: str) -> None:
    bare = paint(prompt, SEED, 256, 256).convert("L").tobytes()
    labelled = opened(draw(prompt, SEED, 256, 256, "image/png")).convert("L").tobytes()
    assert sum(light - before > 60 for light, before in zip(labelled, bare, strict=True)) > 20


@given(st.text(st.characters(), max_size=80))
@settings(max_examples=30, deadline=None)
def test_any_prompt_can_be_drawn(prompt: str) -> None:
    assert opened(draw(prompt, SEED, 96, 64, "image/png")).size == (96, 64)


@pytest.mark.parametrize(
    ("prompt", "size"),
    [
        ("a cat", (512, 512)),
        ("a cat, 640x480", (640, 480)),
        ("a cat in 300 × 200 pixels", (300, 200)),
        ("9999x10 banner", (2048, 16)),
        ("a cat, 16:9", (512, 288)),
        ("portrait of a cat", (384, 512)),
        ("a cat in landscape format", (512, 288)),
        ("a square cat", (512, 512)),
        ("lunch at 12:30", (512, 512)),
        ("", (512, 512)),
    ],
)
def test_the_size_that_a_prompt_asks_for(prompt: str, size: tuple[int, int]) -> None:
    assert requested_size(prompt) == size
