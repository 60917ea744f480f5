"""The command line: commands, options and exit codes; no arithmetic.

Results go to standard output, progress and complaints to standard error. Exit codes: 0 done; 1 unexpected failure;
2 wrong usage or invalid data; 3 infeasible; 4 limit reached without a plan; 5 batch with failed units or alerts;
130 interrupted.
"""

from importlib import import_module

from procure.cli.application import app, main

for _commands in ("solve", "compare", "batch", "runs", "planner", "check"):  # in the order that --help tells them
    import_module(f"procure.cli.{_commands}")  # which enlist themselves

__all__ = ["app", "main"]
