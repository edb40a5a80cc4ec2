"""Loads the settings of hypothesis before the tests are decorated."""

import tests.patience  # noqa: F401
