"""What a user can mend becomes a message and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import typer

from procure.cli.application import INTERRUPTED
from procure.cli.printing import errors

if TYPE_CHECKING:
    from procure.scenario.document import Document

_PLAIN: Final = {"StoreUnavailable": 1, "ClusterUnavailable": 1, "WorkersFail": 1, "NotFound": 2}
"""Failures that say all there is to say, and their exit codes; by name, since who uses them imports them."""


@contextmanager
def places(document: "Document | None") -> Iterator[None]:
    """Place complaints in the file that the data is from."""
    from procure.scenario.complaint import InvalidData

    try:
        yield
    except InvalidData as error:
        if document is None:
            raise
        raise document.located(error) from None


@contextmanager
def failures(verbose: bool) -> Iterator[None]:
    """Turn what a user can mend into a message and an exit code; leave no traceback but in verbose mode."""
    from procure.scenario.complaint import InvalidData

    try:
        yield
    except (typer.Exit, SystemExit):
        raise
    except InvalidData as error:
        _complain(error)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        errors().print("interrupted before the first plan")
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        code = _exit_code(error)
        if (kind := type(error).__name__) in _PLAIN:
            errors().print(str(error), markup=False, soft_wrap=True, style="red")
            raise typer.Exit(_PLAIN[kind]) from None
        name = f"{type(error).__name__}: " if code == 1 else ""
        errors().print(f"{name}{error}", markup=False, soft_wrap=True, style="red")
        if code == 1:
            if verbose:
                raise
            errors().print("This is a failure of the program; --verbose shows where.", highlight=False)
        raise typer.Exit(code) from None


def _exit_code(error: Exception) -> int:
    from procure.formulation.builder import TooLarge
    from procure.plan.solve import Infeasible, LimitReached
    from solvers import BackendUnavailable, Ending, UnknownBackend

    if isinstance(error, Infeasible):
        return 3
    if isinstance(error, LimitReached):
        return INTERRUPTED if error.result.ending is Ending.CANCELLED_EMPTY else 4
    if isinstance(error, TooLarge | BackendUnavailable | UnknownBackend | ValueError):
        return 2
    return 1


def _complain(error: Any) -> None:
    console = errors()
    count = len(error.complaints)
    console.print(f"{count} complaint{'' if count == 1 else 's'} about the data", style="bold red", highlight=False)
    for complaint in error.complaints:
        place = (complaint.file or "") + (f":{complaint.row}" if complaint.row is not None else "")
        where = f"  {place}{': ' if place else ''}{complaint.field} = {complaint.value}"
        for line in (where, f"      {complaint.expected}. {complaint.remedy}"):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
