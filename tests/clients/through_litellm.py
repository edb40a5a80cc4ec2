"""LiteLLM against an emulator at the URL given: prints as JSON what each of its routes made of the answers."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import litellm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

MESSAGES = [{"role": "user", "content": "Is the sky blue?"}]
WEATHER = [{"role": "user", "content": "What is the weather in Oslo?"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


class Tokens(BaseHTTPRequestHandler):
    """Stands for oauth2.googleapis.com."""

    def do_POST(self) -> None:
        body = json.dumps({"access_token": "emulator.litellm", "expires_in": 3599, "token_type": "Bearer"}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def credentials() -> str:
    """A service account whose tokens come from this process."""
    server = HTTPServer(("127.0.0.1", 0), Tokens)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "demo",
            "private_key_id": "1",
            "private_key": pem,
            "client_email": "tester@demo.iam.gserviceaccount.com",
            "token_uri": f"http://127.0.0.1:{server.server_port}/token",
        }
    )


def told(answer: Any) -> dict[str, Any]:
    message = answer.choices[0].message
    return {
        "content": message.content,
        "reasoning": getattr(message, "reasoning_content", None),
        "calls": [call.function.name for call in message.tool_calls or ()],
        "finish": answer.choices[0].finish_reason,
        "tokens": answer.usage.total_tokens,
    }


def streamed(**options: Any) -> dict[str, Any]:
    chunks = list(litellm.completion(messages=MESSAGES, stream=True, **options))
    return told(litellm.stream_chunk_builder(chunks, messages=MESSAGES))


def main(base_url: str) -> None:
    below = base_url.rsplit("/locations/", 1)[0]
    endpoint = f"{below}/locations/us-central1/endpoints/1234567890"
    vertex: dict[str, Any] = {
        "model": "vertex_ai/openai/1234567890",
        "vertex_project": "demo",
        "vertex_location": "us-central1",
        "vertex_credentials": credentials(),
        "api_base": endpoint,
    }
    plain: dict[str, Any] = {"model": "openai/any", "api_base": endpoint, "api_key": "emulator"}
    partner: dict[str, Any] = plain | {"model": "openai/zai-org/glm-5-maas", "api_base": base_url}
    seen = {
        "vertex": told(litellm.completion(messages=MESSAGES, **vertex)),
        "vertex stream": streamed(**vertex),
        "vertex tools": told(litellm.completion(messages=WEATHER, tools=TOOLS, **vertex)),
        "plain": told(litellm.completion(messages=MESSAGES, **plain)),
        "plain stream": streamed(**plain),
        "partner": told(litellm.completion(messages=MESSAGES, **partner)),
        "partner stream": streamed(**partner),
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1])
