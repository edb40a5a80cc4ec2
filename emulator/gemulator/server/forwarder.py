"""Forwarder and recorder of an application."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from gemulator.core.recording_settings import records
from gemulator.core.setting_error import SettingError
from gemulator.core.settings import Settings
from gemulator.engine.engine import Engine
from gemulator.engine.forwarding import Forwarder
from gemulator.server.auth.tokens import session_of_token

if TYPE_CHECKING:
    from gemulator.record.recorder import Recorder
    from gemulator.record.recording_folder import RecordingWriter


def forwarder_of(settings: Settings, engine: Engine, warn: Callable[[str], None]) -> Forwarder | None:
    """Return the client of the upstream, None without one. Raises SettingError."""
    if settings.upstream is None:
        if settings.unmatched == "forward":
            name = "record" if settings.record else "unmatched"
            raise SettingError(name, "forwarding needs a server: add --upstream vertex or openai=URL")
        return None
    from gemulator.record.upstream.forwarder import UpstreamForwarder

    accepted = {token.get_secret_value() for token in settings.tokens}
    is_own = partial(_is_own, accepted)
    return UpstreamForwarder(settings, is_own, _recorder(settings, engine, warn))


def _is_own(accepted: set[str], token: str) -> bool:
    return token in accepted or session_of_token(token) is not None


def _recorder(settings: Settings, engine: Engine, warn: Callable[[str], None]) -> "Recorder | None":
    folder = records(settings)
    if folder is None:
        return None
    from gemulator.record.recorder import Recorder

    folder.mkdir(parents=True, exist_ok=True)
    return Recorder(folder, partial(_writer, settings, engine), warn, keeps=settings.record_mode == "missing")


def _writer(settings: Settings, engine: Engine) -> "RecordingWriter":
    from gemulator.record.recording import RecordingBuilder
    from gemulator.record.recording_folder import RecordingWriter
    from gemulator.record.replay import Replayer

    assert settings.record is not None
    builder = RecordingBuilder(Replayer(settings, engine.catalog, engine.clock), engine.redactor)
    return RecordingWriter(settings.record, builder)
