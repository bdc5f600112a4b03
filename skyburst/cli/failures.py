"""What people are told when a command cannot do what it should."""

from __future__ import annotations

import sys
import traceback

import click

from skyburst.cli.exits import ExitCode, exit_code_of
from skyburst.errors import SkyburstError, StorageError, StorageFull, is_disk_full


class Stopped(KeyboardInterrupt):
    """Raised when Ctrl-C ended something that can be taken up again; its text says how."""


def report_failure(error: BaseException, *, debug: bool) -> ExitCode:
    """Tell an error in one line on standard error; with the traceback when debugging, or when it is no error but a bug."""
    if debug:
        _traceback(error)
    match error:
        case click.exceptions.Abort() | KeyboardInterrupt():
            if sys.stderr.isatty():
                click.echo(err=True)  # after the ^C that the terminal has drawn
            _say(str(error) or "stopped")
            return ExitCode.STOPPED
        case click.UsageError():
            _say(_with_help(error))
            return ExitCode.INVALID
        case click.ClickException():
            _say(error.format_message())
            return ExitCode.INVALID
        case SkyburstError():
            _say(str(error))
            return exit_code_of(error)
    if not debug:
        _traceback(error)
    _say("this is a bug in skyburst, not in what you did: please report it with the lines above")
    return ExitCode.BUG


def storage_error(error: OSError, what: str) -> StorageError:
    """An operating system error met while writing, as one of ours."""
    kind = StorageFull if is_disk_full(error) else StorageError
    return kind(f"{what}: {error.strerror or error}")


def _say(text: str) -> None:
    click.echo(f"skyburst: {text}", err=True)


def _traceback(error: BaseException) -> None:
    click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    sys.stderr.flush()


def _with_help(error: click.UsageError) -> str:
    message = error.format_message()
    if error.ctx is None or not error.ctx.command_path:
        return message
    return f"{message} (see `{error.ctx.command_path} --help`)"
