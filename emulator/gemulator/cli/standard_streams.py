"""Standard streams that are closed, full or without a reader."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import click


def open_standard_streams() -> None:
    """Open the null device for each standard stream that is closed: the next file or socket would take its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def print_line(text: str) -> None:
    """Print to standard output. If that fails, say so on standard error, print nothing more and return."""
    try:
        click.echo(text)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else Python fails when it ends
        if not isinstance(error, BrokenPipeError):
            with suppress(OSError):
                click.echo(f"gemulator: cannot write to standard output: {error.strerror}", err=True)
