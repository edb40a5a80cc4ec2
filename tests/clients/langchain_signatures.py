"""LangChain's OpenAI model with what it leaves out: the thought signatures of calls go back with them."""

from typing import Any

from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI
from pydantic import PrivateAttr


class SigningChatOpenAI(ChatOpenAI):
    """Keeps `extra_content` of each call by its id, and puts it into later requests."""

    _signatures: dict[str, Any] = PrivateAttr(default_factory=dict)

    def _create_chat_result(self, response: Any, generation_info: dict[str, Any] | None = None) -> ChatResult:
        answer = response if isinstance(response, dict) else response.model_dump()
        for choice in answer["choices"]:
            for call in choice["message"].get("tool_calls") or ():
                self._signatures[call["id"]] = call.get("extra_content")
        return super()._create_chat_result(response, generation_info)

    def _get_request_payload(self, input_: Any, *, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        payload: dict[str, Any] = super()._get_request_payload(input_, stop=stop, **kwargs)
        for message in payload["messages"]:
            for call in message.get("tool_calls") or ():
                if self._signatures.get(call["id"]):
                    call["extra_content"] = self._signatures[call["id"]]
        return payload
