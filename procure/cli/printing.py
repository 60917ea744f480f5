"""Results to standard output, all else to standard error."""

import os
import sys
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console

CLOSED_PIPE: Final = 141


def say(text: str) -> None:
    """Print a line of the result; a reader that stopped listening ends the program quietly."""
    try:
        typer.echo(text)
    except BrokenPipeError:
        close()


def close() -> None:
    """End the program: nobody reads its results."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(CLOSED_PIPE)


def output() -> "Console":
    """Return where tables of results go."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            close()

    # a pipe or file is as wide as the tables need; a terminal keeps its own width
    known = sys.stdout is None or sys.stdout.isatty() or "COLUMNS" in os.environ
    return Output(highlight=False, emoji=False, width=None if known else 130)


def errors() -> "Console":
    """Return where progress and complaints go."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False)
