"""LiteLLM asks a self-deployed endpoint on Vertex AI by its id, with application default credentials."""

import litellm

asked = {
    "model": "vertex_ai/openai/1234567890",
    "messages": [{"role": "user", "content": "Hello"}],
    "vertex_project": "demo",
    "vertex_location": "us-central1",
}
whole = litellm.completion(**asked)
streamed = "".join(chunk.choices[0].delta.content or "" for chunk in litellm.completion(**asked, stream=True))
print(whole.id.startswith("chatcmpl-"), streamed == whole.choices[0].message.content)
