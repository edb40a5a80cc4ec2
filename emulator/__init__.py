"""Local emulator of the OpenAI-compatible Chat Completions API of Vertex AI."""

__version__ = "0.1.0"
