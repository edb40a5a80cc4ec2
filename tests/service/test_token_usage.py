"""Token usage; test ids name the row of wire-facts §3.4-3.8 or §8."""

import base64
import io
from typing import Any

import pytest

from tests.endpoint import GEMINI_2, GEMINI_3, Endpoint, google, image, rows, saying, user


def test_zero_counters_are_omitted() -> None:
    lenient = {"x-emulator-strictness": "lenient"}  # an empty prompt is refused otherwise
    assert list(saying('""').ask("", headers=lenient).usage) == ["extra_properties", "total_tokens"]


TRAFFIC = [
    ("§3.6 none", {}, "ON_DEMAND"),
    ("§1.12 priority", {"x-vertex-ai-llm-shared-request-type": "priority"}, "ON_DEMAND_PRIORITY"),
    ("§1.12 flex", {"x-vertex-ai-llm-shared-request-type": "flex"}, "ON_DEMAND_FLEX"),
    ("§1.12 shared", {"x-vertex-ai-llm-request-type": "shared"}, "ON_DEMAND"),
    ("§1.12 dedicated", {"x-vertex-ai-llm-request-type": "dedicated"}, "PROVISIONED_THROUGHPUT"),
]


@pytest.mark.parametrize(("headers", "kind"), rows(TRAFFIC))
def test_traffic_types(headers: dict[str, str], kind: str) -> None:
    endpoint = Endpoint()
    endpoint.ask()  # fills the cache, which must not be used for other headers
    usage = endpoint.ask(headers=headers).usage
    assert usage["extra_properties"] == {"google": {"traffic_type": kind}}


def test_repeated_long_prompt_uses_the_implicit_cache() -> None:
    endpoint = Endpoint()
    first, second, third = (endpoint.ask("A word. " * 4000).usage for _ in range(3))
    assert "prompt_tokens_details" not in first
    cached = second["prompt_tokens_details"]["cached_tokens"]
    assert 0.7 < cached / second["prompt_tokens"] < 0.73
    assert (third, second["prompt_tokens"]) == (second, first["prompt_tokens"])


@pytest.mark.parametrize(("text", "model"), [("short", GEMINI_3), ("A word. " * 4000, "google/gemini-2.0-flash")])
def test_short_prompt_or_other_model_is_not_cached(text: str, model: str) -> None:
    endpoint = Endpoint()
    assert endpoint.ask(text, model=model).usage == endpoint.ask(text, model=model).usage


@pytest.mark.parametrize(("model", "cached"), [("google/gemini-2.5-flash", True), ("google/gemini-2.5-pro", False)])
def test_flash_caches_shorter_prompts(model: str, cached: bool) -> None:
    endpoint = Endpoint()
    _, usage = (endpoint.ask("A word. " * 1_000, model=model).usage for _ in range(2))
    assert 1_651 <= usage["prompt_tokens"] < 4_096
    assert ("prompt_tokens_details" in usage) == cached


def test_scenario_sets_a_traffic_type_that_no_header_asks_for() -> None:
    usage = Endpoint("turns: [{ reply: Hi, usage: { traffic_type: ON_DEMAND_OFFPEAK } }]").ask().usage
    assert usage["extra_properties"] == {"google": {"traffic_type": "ON_DEMAND_OFFPEAK"}}


def test_cached_content_counts_as_prompt() -> None:
    name = "projects/p/locations/l/cachedContents/7"
    plain, usage = Endpoint().ask().usage, Endpoint().ask(extra_body=google(cached_content=name)).usage
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    assert usage["prompt_tokens"] == plain["prompt_tokens"] + cached


def sound(data: str, kind: str = "wav") -> dict[str, Any]:
    return {"type": "input_audio", "input_audio": {"data": data, "format": kind}}


def png(side: int) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (side, side)).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def wav(seconds: int) -> str:
    from gemulator.generate.audio import tone

    return base64.b64encode(tone(seconds)).decode()


PAGES = base64.b64encode(b"%PDF-1.7 /Type /Pages /Type /Page /Type/Page >>").decode()
PDF = "data:application/pdf;base64," + PAGES
LOW = {"extra_body": google(media_resolution="MEDIA_RESOLUTION_LOW")}
MEDIA: list[tuple[str, str, list[dict[str, Any]], dict[str, Any], int]] = [
    ("§8 image, 2.x small", GEMINI_2, [image(png(384))], {}, 258),
    ("§8 image, 2.x tiles", GEMINI_2, [image(png(1000))], {}, 4 * 258),
    ("§8 image, 2.5 LOW", GEMINI_2, [image(png(1000))], LOW, 64),
    ("§8 image, 3 default", GEMINI_3, [image(png(100))], {}, 1120),
    ("§8 image, 3 by gs://", GEMINI_3, [image()], {}, 1120),
    ("§8 image, 3 LOW", GEMINI_3, [image()], LOW, 280),
    ("§8 image, 3 MEDIUM per part", GEMINI_3, [image(detail="medium")], LOW, 560),
    ("§8 image, 3 ULTRA_HIGH per part", GEMINI_3, [image(detail="ultra_high")], {}, 2240),
    ("§8 two images", GEMINI_3, [image(detail="low"), image(detail="high")], {}, 280 + 1120),
    ("§8 audio", GEMINI_3, [sound(wav(3))], {}, 96),
    ("§8 audio behind a URI", GEMINI_3, [sound("gs://b/a.mp3", "mp3")], {}, 320),
    ("§8 video, 3", GEMINI_3, [sound("gs://b/v", "video/mp4")], {}, 700),
    ("§8 video, 2.x", GEMINI_2, [sound("gs://b/v", "video/mp4")], {}, 2630),
    ("§8 pdf, 3", GEMINI_3, [image(PDF)], {}, 2 * 560),
    ("§8 pdf, 3 LOW", GEMINI_3, [image(PDF)], LOW, 2 * 280),
    ("§2 unknown part", GEMINI_3, [{"type": "hologram"}], {}, 258),
]


@pytest.mark.parametrize(("model", "parts", "fields", "tokens"), rows(MEDIA))
def test_media_tokens(model: str, parts: list[dict[str, Any]], fields: dict[str, Any], tokens: int) -> None:
    alone = saying("Hi").ask("Look", model=model).usage["prompt_tokens"]
    content = [{"type": "text", "text": "Look"}, *parts]
    usage = saying("Hi").ask(model=model, messages=[user(content)], **fields).usage
    assert usage["prompt_tokens"] == alone + tokens
