"""Entry point of the program `skyburst`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from skyburst._version import __version__
from skyburst.cli.exits import ExitCode
from skyburst.cli.group import Commands

COMPLETING = "_SKYBURST_COMPLETE"
"""Set by the shell's completion."""
GUIDE = """\
Skyburst runs one function over a very large list of items, and combines what was found into one answer.

  skyburst analyses                   what can be run
  skyburst show color-depth-search    its parameters
  skyburst run color-depth-search --set mask=MASK.tif --set library=FOLDER
                                      run it; Ctrl-C stops it, `skyburst resume last` goes on
  skyburst result last                its result and files, as often as you like
  skyburst new my-analysis            write your own: a folder that runs

`skyburst --help` lists all commands, `skyburst COMMAND --help` explains one with examples."""


@click.group(cls=Commands, invoke_without_command=True, no_args_is_help=False)
@click.option("--debug", is_flag=True, help="Show the traceback of errors.")
@click.version_option(__version__, prog_name="skyburst")
@click.pass_context
def skyburst(ctx: click.Context, debug: bool) -> None:
    """Run an analysis over a very large list of items, and combine what was found.

    `skyburst COMMAND --help` explains a command with examples. JOB is the id of a job, the start of one, or `last`.
    """
    del debug  # read by `run_program`, which sees errors of every command
    if ctx.invoked_subcommand is None:
        click.echo(GUIDE)


def run_program(arguments: Sequence[str]) -> int:
    """Run the program; what it exits with. Errors are reported, not raised."""
    from skyburst.cli.failures import report_failure

    try:
        code = _complete() if COMPLETING in os.environ else _invoke(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # What is still in the buffer has nobody to go to, and must not raise once more at the end.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        return ExitCode.PIPE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the edge of the program: each one is reported
        return report_failure(error, debug=_debug(arguments))


def _invoke(arguments: Sequence[str]) -> int:
    """Run a command. Not with click's own `main`, which has exit codes of its own."""
    try:
        with skyburst.make_context("skyburst", list(arguments)) as ctx:
            return int(skyburst.invoke(ctx) or 0)
    except click.exceptions.Exit as end:
        return end.exit_code


def _complete() -> int:
    """Answer the shell's completion."""
    from click.shell_completion import shell_complete

    from skyburst.cli.bash import use_our_bash

    use_our_bash()
    return shell_complete(skyburst, {}, "skyburst", COMPLETING, os.environ[COMPLETING])


def main() -> None:
    """Run the program with the arguments of the process, and exit."""
    sys.exit(run_program(sys.argv[1:]))


def _debug(arguments: Sequence[str]) -> bool:
    """Whether `--debug` stands before the command."""
    options = list(arguments[: next((i for i, text in enumerate(arguments) if text[:1] != "-"), None)])
    return "--debug" in options
