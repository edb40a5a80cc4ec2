"""What a raw client does: send a body, read what comes back."""

import json
from typing import Any

import httpx

from gemulator import Emulator, Session


def post(
    emulator: Session | Emulator, body: dict[str, Any] | bytes, *, base_url: str | None = None, **headers: str
) -> httpx.Response:
    """POST to the chat route with the emulator's token; header names with `_` for `-`."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"authorization": f"Bearer {emulator.token}", **{name.replace("_", "-"): v for name, v in headers.items()}}
    return httpx.post(f"{base_url or emulator.base_url}/chat/completions", content=content, headers=named)


def ask(text: str, **fields: Any) -> dict[str, Any]:
    """A request with one user message."""
    return {"model": "google/gemini-3.1-pro-preview", "messages": [{"role": "user", "content": text}], **fields}


def events(response: httpx.Response) -> list[dict[str, Any]]:
    """The chunks of an event stream that ends as it should."""
    lines = response.text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]


def content(chunks: list[dict[str, Any]], index: int = 0) -> str:
    """The words of one choice of a stream."""
    choices = [choice for chunk in chunks for choice in chunk["choices"] if choice["index"] == index]
    return "".join(choice["delta"].get("content") or "" for choice in choices)
