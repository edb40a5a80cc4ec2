"""Where an emulator is reached."""

from urllib.parse import quote


class EmulatorUrls:
    """What to paste into a client, for an emulator at `url`."""

    def __init__(self, url: str, project: str = "demo", location: str = "global") -> None:
        self.url = url.rstrip("/")
        self.project = project
        self.location = location

    @property
    def base_url(self) -> str:
        """The base URL for Gemini and partner models: the SDK appends `/chat/completions`."""
        return f"{self._below}/{self.location}/endpoints/openapi"

    def endpoint_url(self, endpoint: str, location: str = "us-central1") -> str:
        """The base URL for a self-deployed model."""
        return f"{self._below}/{location}/endpoints/{quote(str(endpoint), safe='')}"

    @property
    def _below(self) -> str:
        return f"{self.url}/v1/projects/{self.project}/locations"
