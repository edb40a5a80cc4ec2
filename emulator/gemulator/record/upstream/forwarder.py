"""Forwarder: asks the upstream, and nothing but the upstream."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from gemulator.core.plan import Failure, own_failure
from gemulator.core.setting_error import SettingError
from gemulator.core.settings import Settings
from gemulator.core.upstream_setting import parse_upstream, upstream_models
from gemulator.delivery.live_steps import LiveSource, LiveSteps
from gemulator.delivery.steps import CloseConnection, Step
from gemulator.engine.forwarding import ForwardRequest
from gemulator.record.recorder import Recorder
from gemulator.record.upstream.address import address_of
from gemulator.record.upstream.credentials import CredentialsError, UpstreamCredentials
from gemulator.record.upstream.errors import UpstreamError
from gemulator.record.upstream.headers import openai_headers, vertex_headers
from gemulator.record.upstream.http_client import UpstreamClient
from gemulator.record.upstream.openai_request import openai_body
from gemulator.record.upstream.pass_through import pass_through
from gemulator.record.upstream.retell import Retelling
from gemulator.record.upstream.stopwatch import Stopwatch
from gemulator.state.journal.entry import Source

if TYPE_CHECKING:
    import httpx

_SPENT = "this server has forwarded as many requests as --forward-limit allows"
_MORE = "raise --forward-limit, or start the server again"


class UpstreamForwarder:
    """Client of the server at `--upstream`. `is_own_token` tells gemulator's own tokens, which are never sent on.

    Raises SettingError if httpx or credentials are missing.
    """

    def __init__(
        self, settings: Settings, is_own_token: Callable[[str], bool], recorder: Recorder | None = None
    ) -> None:
        assert settings.upstream is not None
        self._upstream = parse_upstream(settings.upstream)
        self._models = upstream_models(settings.upstream_model)
        self._left = settings.forward_limit
        self._kept = settings.journal_body
        self._recorder = recorder
        self.source: Source = "forwarded" if recorder is None else "recorded"
        try:
            self._client = UpstreamClient(self._upstream.name, settings.upstream_timeout)
        except ImportError:
            remedy = "forwarding needs httpx, which is not installed: pip install 'gemulator[record]'"
            raise SettingError("upstream", remedy) from None
        try:
            self._credentials = UpstreamCredentials(settings.upstream_auth, self._upstream.kind, is_own_token)
        except CredentialsError as error:
            raise SettingError("upstream_auth", str(error)) from None

    def answer(self, request: ForwardRequest) -> LiveSteps | Failure:
        """Return the answer as it will come, or gemulator's refusal."""
        address = address_of(self._upstream, request.incoming.target)
        if isinstance(address, Failure):
            return address
        if self._left is not None:
            if self._left <= 0:
                return own_failure(f"{_SPENT}: {_MORE}.", _SPENT, _MORE, code="FAILED_PRECONDITION")
            self._left -= 1
        ask: LiveSource = partial(self._ask, address, request)
        if self._recorder is not None:
            ask = partial(self._record, self._recorder, address, request)
        return LiveSteps(self._upstream.name, ask, self._kept, request.seal)

    async def close(self) -> None:
        """Close all connections, and write what is to be recorded."""
        await self._client.close()
        if self._recorder is not None:
            await self._recorder.close()

    async def _record(
        self, recorder: Recorder, address: str, request: ForwardRequest, live: LiveSteps
    ) -> AsyncGenerator[Step, None]:
        """Yield the answer as it comes, and record it when it has ended; not if the client leaves before."""
        steps: list[Step] = []
        async with aclosing(self._ask(address, request, live)) as asked:
            async for step in asked:
                steps.append(step)
                if isinstance(step, CloseConnection):  # nobody asks for more
                    recorder.add(request, steps)
                yield step
        if not live.error:
            recorder.add(request, steps)

    async def _ask(self, address: str, request: ForwardRequest, live: LiveSteps) -> AsyncGenerator[Step, None]:
        watch, begun = Stopwatch(live), False
        try:
            headers, body = await self._request(request)
            async with (
                self._client.post(address, headers, body) as response,
                aclosing(self._steps(response, request, watch)) as steps,
            ):
                async for step in steps:
                    begun = True
                    yield step
        except UpstreamError as error:
            assert not begun
            live.error = error.failure.cause
            for refused in request.refuse(error.failure):
                yield refused

    async def _request(self, request: ForwardRequest) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Return headers and body for the upstream. Raises UpstreamError without credentials."""
        given = request.incoming.headers
        try:
            credentials = await self._credentials.header(given)
        except CredentialsError as error:
            cause = f"the request was not forwarded: {error}"
            raise UpstreamError(own_failure(cause, cause, "see --upstream-auth", code="UNAUTHENTICATED")) from None
        if self._upstream.kind == "openai":
            return [*openai_headers(given), *credentials], openai_body(request, self._models)
        return [*vertex_headers(given), *credentials], request.incoming.body

    def _steps(
        self, response: "httpx.Response", request: ForwardRequest, watch: Stopwatch
    ) -> AsyncGenerator[Step, None]:
        if self._upstream.kind == "vertex":
            return pass_through(self._client, response, request, watch)
        return Retelling(self._client, self._upstream.name, request, watch).steps(response)
