"""Settings of a server that records."""

from pathlib import Path

from gemulator.core.setting_error import SettingError
from gemulator.core.settings import Settings


def for_recording(settings: Settings) -> Settings:
    """Return the settings with what `record` implies, in its mode. Raises SettingError."""
    folder = settings.record
    if folder is None:
        return settings
    if settings.workers > 1:
        raise SettingError("record", f"{settings.workers} processes would overwrite their files: remove --workers")
    if folder.exists() and not folder.is_dir():
        raise SettingError("record", f"{folder} is no folder: name one for the recordings")
    replays = settings.record_mode != "all" and folder.is_dir()
    own = settings.scenarios if "scenarios" in settings.model_fields_set else ()
    scenarios = (*([folder] if replays else []), *(path for path in own if path != folder))
    unmatched = "error" if settings.record_mode == "none" else "forward"
    # What is recorded now does not answer: a repeated request may get another answer.
    changes = {"scenarios": scenarios, "unmatched": unmatched, "reload": False}
    return settings.model_copy(update=changes)


def records(settings: Settings) -> Path | None:
    """Return the folder that answers are recorded in, None if they are not."""
    return settings.record if settings.record_mode != "none" else None
