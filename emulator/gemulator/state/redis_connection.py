"""Connection to Redis or Valkey with short timeouts."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from gemulator.core.setting_error import SettingError
from gemulator.state.redis_errors import no_response, refusal
from gemulator.state.store import StoreDown

_SCRIPT = Path(__file__).with_name("redis.lua")
_TIMEOUT = 2.0  # seconds for a response, and for a free connection
_PAUSE = 0.5  # seconds without an attempt after a failure
_MAX_CONNECTIONS = 16


class RedisConnection:
    """Lazy connection to the server at `url`. `client` is redis-py's; pass its commands to `execute`."""

    def __init__(self, url: str, prefix: str, monotonic: Callable[[], float]) -> None:
        self.client = _client(url)
        self._prefix = prefix
        self._monotonic = monotonic
        self._script = self.client.register_script(_SCRIPT.read_text(encoding="utf-8"))
        self._down_until = 0.0
        self._reason = ("", "")

    async def execute(self, command: Callable[..., Awaitable[Any]], *arguments: Any, **options: Any) -> Any:
        """Run a command and return its response; raise StoreDown or UnusableData.

        For `_PAUSE` seconds after a missing response it raises at once, to spare most requests the timeout. An error
        that the server answers costs nobody time, so it does not stop the commands of others.
        """
        from redis.exceptions import ReadOnlyError, RedisError, ResponseError

        if self._monotonic() < self._down_until:
            raise StoreDown(*self._reason)
        try:
            return await command(*arguments, **options)
        except ResponseError as error:
            if isinstance(error, ReadOnlyError):
                # The primary may have another address after a failover: connect anew.
                await self.client.connection_pool.disconnect(inuse_connections=False)
            raise refusal(error) from error
        except (RedisError, OSError) as error:
            down = no_response(error)
            self._reason = (str(down), down.remedy)
            self._down_until = self._monotonic() + _PAUSE
            raise down from error

    async def execute_each(self, pipeline: Any) -> list[Any]:
        """Run commands and return their responses; UnusableData instead of a response raises nothing here."""
        answers = await self.execute(pipeline.execute, raise_on_error=False)
        errors = [refusal(answer) if isinstance(answer, Exception) else None for answer in answers]
        down = next((error for error in errors if isinstance(error, StoreDown)), None)
        if down is not None:
            raise down
        return [error or answer for error, answer in zip(errors, answers, strict=True)]

    async def run_script(self, verb: str, session: str, *arguments: str | bytes | int) -> Any:
        """Run a verb of redis.lua atomically and return its result."""
        return await self.execute(self._script, args=[verb, self._prefix, session, *arguments])


def _client(url: str) -> Any:
    try:
        redis = import_module("redis.asyncio")
    except ImportError:
        raise ModuleNotFoundError("the Redis store needs redis-py: pip install 'gemulator[redis]'") from None
    retry, backoff = import_module("redis.asyncio.retry"), import_module("redis.backoff")
    try:
        pool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=_MAX_CONNECTIONS,
            timeout=_TIMEOUT,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            protocol=2,  # with 3, redis-py 8 does not detect that a pooled connection was closed
            retry=retry.Retry(backoff.NoBackoff(), 0),  # a retried claim could count twice
        )
        pool.make_connection()  # does not connect; raises for invalid options in the URL
    except (TypeError, ValueError) as error:
        raise SettingError("store", f"invalid URL: {error}") from None
    return redis.Redis.from_pool(pool)
