"""Worker processes that end with their parent."""

import os
import signal
import sys
from collections.abc import Callable
from multiprocessing import parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Any

from uvicorn.config import STARTUP_FAILURE

from gemulator.core.errors import ScenarioError
from gemulator.core.setting_error import SettingError
from gemulator.core.settings import Settings
from gemulator.server.freed_memory import return_freed_memory


class WorkerApp:
    """Factory of a worker's app. It can be pickled, as the start of a process requires."""

    def __init__(self, create_app: Callable[[Settings], Any], settings: Settings) -> None:
        self._create_app = create_app
        self._settings = settings

    def __call__(self) -> Any:
        """Return the app. The worker stops, as at SIGTERM, when its parent has been killed.

        Raises SystemExit with the status at which the parent stops all workers if a file that it has read is gone or
        invalid: it would start workers for ever.
        """
        parent = parent_process()
        if parent is not None:
            Thread(target=_stop_after, args=(parent.sentinel,), daemon=True).start()
            return_freed_memory()
        try:
            return self._create_app(self._settings)
        except (ScenarioError, SettingError) as error:
            sys.stderr.write(f"Error: a worker cannot start:\n{error}\n")
            sys.exit(STARTUP_FAILURE)


def _stop_after(sentinel: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
