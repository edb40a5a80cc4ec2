"""A connection to Redis or Valkey that gives up soon, and says StoreDown for all that can go wrong."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from gemulator.core.settings import SettingError
from gemulator.state.store import StoreDown

_SCRIPT = Path(__file__).with_name("redis.lua")
_PATIENCE = 2.0  # seconds for an answer, and for a free connection
_PAUSE = 0.5  # seconds after a failure in which nobody asks again
_CONNECTIONS = 16


class Connection:
    """Asks the server at `url`; connects when first asked. `client` has redis-py's commands, to hand to `ask`."""

    def __init__(self, url: str, prefix: str, monotonic: Callable[[], float]) -> None:
        self.client = _client(url)
        self._prefix = prefix
        self._monotonic = monotonic
        self._script = self.client.register_script(_SCRIPT.read_text(encoding="utf-8"))
        self._down_until = 0.0
        self._why = ""

    async def ask(self, command: Callable[..., Awaitable[Any]], *arguments: Any, **options: Any) -> Any:
        """What a command answers. After a failure there is a pause: a store that is away costs few their patience."""
        from redis.exceptions import RedisError

        if self._monotonic() < self._down_until:
            raise StoreDown(self._why)
        try:
            return await command(*arguments, **options)
        except (RedisError, OSError) as error:
            self._why = f"the store does not answer: {error or type(error).__name__}"
            self._down_until = self._monotonic() + _PAUSE
            raise StoreDown(self._why) from error

    async def run(self, verb: str, *arguments: str | bytes | int) -> Any:
        """What the script does in one step."""
        return await self.ask(self._script, args=[verb, self._prefix, *arguments])


def _client(url: str) -> Any:
    try:
        redis = import_module("redis.asyncio")
    except ImportError:
        raise ModuleNotFoundError("the Redis store needs redis-py: pip install 'gemulator[redis]'") from None
    retry, backoff = import_module("redis.asyncio.retry"), import_module("redis.backoff")
    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=_PATIENCE,
        socket_timeout=_PATIENCE,
        socket_connect_timeout=_PATIENCE,
        protocol=2,  # with 3, redis-py 8 does not notice that a connection from its pool was closed meanwhile
        retry=retry.Retry(backoff.NoBackoff(), 0),  # a claim that may have been counted is not made twice
    )
    try:
        pool.make_connection()  # it connects when first used: what cannot be made then cannot be made now
    except TypeError as error:
        raise SettingError("store", f"the URL cannot be used: {error}") from None
    return redis.Redis.from_pool(pool)
