"""LangChain's client for models that think, against an emulator at the URL given: prints as JSON what it made of it."""

import json
import sys
from typing import Any

from langchain_deepseek import ChatDeepSeek


def told(message: Any) -> dict[str, Any]:
    return {
        "content": message.content,
        "reasoning": message.additional_kwargs.get("reasoning_content"),
        "calls": [call["args"] for call in message.tool_calls],
        "tokens": (message.usage_metadata or {}).get("total_tokens"),
    }


def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}"


def asked(base_url: str, model: str, **options: Any) -> dict[str, Any]:
    chat = ChatDeepSeek(model=model, api_base=base_url, api_key="emulator", max_retries=0, **options)
    whole = None
    for chunk in chat.stream("Is the sky blue?"):
        whole = chunk if whole is None else whole + chunk
    called = chat.bind_tools([get_weather]).invoke("What is the weather in Paris?")
    return {"unary": told(chat.invoke("Is the sky blue?")), "stream": told(whole), "tools": told(called)}


def main(base_url: str) -> None:
    endpoint = f"{base_url.rsplit('/locations/', 1)[0]}/locations/us-central1/endpoints/1234567890"
    thinking = {"extra_body": {"chat_template_kwargs": {"enable_thinking": True}}}
    seen = {
        "partner": asked(base_url, "moonshotai/kimi-k2-thinking-maas"),
        "vllm": asked(endpoint, "any", **thinking),
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1])
