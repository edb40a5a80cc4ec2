"""LiteLLM asks a partner model on Vertex AI with application default credentials."""

import litellm

asked = {
    "model": "vertex_ai/meta/llama-4-maverick-17b-128e-instruct-maas",
    "messages": [{"role": "user", "content": "Hello"}],
    "vertex_project": "demo",
    "vertex_location": "us-east5",
}
unary = litellm.completion(**asked).choices[0].message.content
streamed = "".join(chunk.choices[0].delta.content or "" for chunk in litellm.completion(**asked, stream=True))
print(bool(unary), streamed == unary)
