"""URLs of an emulator."""

from urllib.parse import quote


class EmulatorUrls:
    """Base URLs for clients of the emulator at `url`."""

    def __init__(self, url: str, project: str = "demo", location: str = "global") -> None:
        self.url = url.rstrip("/")
        self.project = project
        self.location = location

    @property
    def base_url(self) -> str:
        """The base URL for Gemini and partner models; the SDK appends `/chat/completions`."""
        return f"{self._locations}/{self.location}/endpoints/openapi"

    def endpoint_url(self, endpoint: str, location: str = "us-central1") -> str:
        """Return the base URL for a self-deployed model."""
        return f"{self._locations}/{location}/endpoints/{quote(str(endpoint), safe='')}"

    @property
    def _locations(self) -> str:
        return f"{self.url}/v1/projects/{self.project}/locations"
