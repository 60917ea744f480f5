"""The program: its name, its options that many commands share, and its exit codes."""

from typing import Annotated, Final

import typer

from procure.cli.printing import say

DEFAULT: Final = "enterprise"
INTERRUPTED: Final = 130

app = typer.Typer(
    name="procure",
    help="Which accelerator capacity to order, where, when and under which contract, and what runs on it.",
    epilog="Start with: procure solve",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ScenarioArgument = Annotated[
    str,
    typer.Argument(
        help="A bundled scenario (enterprise, startup, frontier-lab), a YAML or .xlsx file.", show_default=True
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Change a value: limits.nvidia_share.max_share=0.5. May be repeated.", metavar="PATH=VALUE"
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say more: sizes, and the traceback of a failure.")
]


def main() -> None:
    """Run the command line."""
    app()


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        from importlib.metadata import version as installed

        say(f"procure {installed('procure')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        say(context.get_help())
        raise typer.Exit
