"""Refused messages, media and models; test ids name the row of wire-facts."""

from typing import Any

import pytest

from tests.endpoint import GEMINI_2, REFERRING, Endpoint, asked, calling, image, result, rows, user

LOST = {**REFERRING, "content": '{"images": [{"$ref": "other.jpg"}]}'}
MEDIA = {"strict_media": True}
LISTED = {"models": "catalog"}
COUNT = "the number of function response parts is equal to the number of function call parts of the function call turn."
LARGE = "data:image/png;base64," + "A" * 9_800_000


def saying(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"messages": list(messages), **fields}


def sound(data: str, kind: str) -> dict[str, Any]:
    return {"type": "input_audio", "input_audio": {"data": data, "format": kind}}


# Row, settings, request fields, expected part of the message.
REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("§6 malformed model", {}, {"model": "gemini-3.5-flash"}, "expected '<publisher>/<model>'."),
    (
        "§6 Publisher Model not found",
        LISTED,
        {"model": "google/gemini-0"},
        "Publisher Model `projects/p/locations/global/publishers/google/models/gemini-0` was not found or your project",
    ),
    ("§6 404, partner", LISTED, {"model": "acme/rocket"}, "publishers/acme/models/rocket` was not found"),
    ("§6 only system messages", {}, saying({"role": "system", "content": "x"}), "at least one contents field is requ"),
    (
        "§6 image_url in a tool message",
        {},
        saying(*asked(calling("get", signature="c2ln"), result("get", [image()]))),
        "An 'image_url' 'content' object element is unsupported for a(n) 'tool' message.",
    ),
    (
        "§6 arguments not JSON",
        {},
        saying(*asked(calling("get", signature="c2ln", arguments="{city"), result("get"))),
        "Expected a valid JSON object in the request",
    ),
    (
        "§6 arguments not JSON, partner",
        {},
        saying(*asked(calling("get", arguments="[1]"), result("get")), model="qwen/qwen3"),
        "Expected a valid JSON object in the request",
    ),
    ("§6 response count", {}, saying(*asked(calling("a", "b", signature="c2ln"), result("a"))), COUNT),
    ("§6 response count, none", {}, saying(*asked(calling("a", signature="c2ln"), user())), COUNT),
    ("§6 response count, orphan", {}, saying(*asked(result("a"))), COUNT),
    ("§6 response count, pending", {}, saying(*asked(calling("a", signature="c2ln"))), COUNT),
    (
        "§2 prefill, 3.7",
        {},
        saying(*asked({"role": "model", "content": "I"}), model="google/gemini-3.7-flash"),
        "Requests ending with a model turn are not supported.",
    ),
    ("§2 $ref", {}, saying(*asked(calling("get", signature="c2ln"), LOST)), "refers to 'other.jpg'"),
    (
        "§2 detail before 3",
        {},
        saying(user([image(detail="low"), image(detail="high")]), model=GEMINI_2),
        "found 'high', 'low'",
    ),
    ("§2 detail value", {}, saying(user([image(detail="vast")])), "'auto', 'high', 'low', 'medium', 'ultra_high'; fo"),
    ("§6 mimeType", {}, saying(user([image("data:image/bmp;base64,AA")])), "mimeType parameter with value image/bmp"),
    ("§6 mimeType of a sound", {}, saying(user([sound("AA", "midi")])), "mimeType parameter with value audio/midi"),
    (
        "§6 mimeType, model",
        {},
        saying(user([image("data:video/mp4;base64,AA")]), model="google/gemini-3-pro-image-preview"),
        "mimeType parameter with value video/mp4",
    ),
    ("§6 file size", {}, saying(user([image(LARGE)])), "The file size of 7350000 bytes exceeds max allowed 7340032 b"),
    (
        "§6 input token count",
        {},
        saying(user("word " * 40_000), model="google/gemini-2.5-flash-image"),
        "exceeds the maximum number of tokens allowed (32768).",
    ),
    (
        "§2 data not base64, strict",
        MEDIA,
        saying(user([image("data:image/png;base64,!!!")])),
        'messages[0].content[0].image_url\' (TYPE_BYTES), Base64 decoding failed for "!!!"',
    ),
    (
        "§2 data no image, strict",
        MEDIA,
        saying(user([image("data:image/png;base64,QUJD")])),
        "Provided image is not valid.",
    ),
]


@pytest.mark.parametrize(("settings", "fields", "says"), rows(REFUSED))
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_refused(settings: dict[str, Any], fields: dict[str, Any], says: str, stream: bool) -> None:
    answer = Endpoint(**settings).ask(**fields, stream=stream)
    assert says in answer.error["message"]
    assert (answer.error["code"], answer.error["status"]) in {(400, "INVALID_ARGUMENT"), (404, "NOT_FOUND")}
    assert answer.status == answer.error["code"]


def test_too_many_tokens_names_the_count() -> None:
    message = Endpoint().ask("x y " * 40_000, model="google/gemini-2.5-flash-image").error["message"]
    counted = int(message.split("(")[1].split(")")[0])
    assert 32_768 < counted <= 160_000
