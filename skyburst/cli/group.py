# ruff: noqa: ARG002 - the arguments are those of click's methods
"""The group of all commands: their names and summaries are known without importing any of them."""

from __future__ import annotations

import difflib
import importlib
from typing import NamedTuple

import click

from skyburst.cli.exits import MEANINGS


class Listed(NamedTuple):
    """A command, where it is and what it does in one line."""

    name: str
    summary: str
    module: str = ""
    """In `skyburst.cli.commands`; empty when it is called as the command."""


SECTIONS = {
    "Run jobs": [
        Listed("run", "Run an analysis, here or on AWS, and show how it goes."),
        Listed("resume", "Go on with a job: run only what is missing."),
        Listed("rerun", "Run a job again from its certificate, and compare."),
        Listed("cancel", "End a job; what was found so far is combined."),
    ],
    "Look at jobs": [
        Listed("jobs", "List jobs, newest first."),
        Listed("status", "Show where a job is and what it found."),
        Listed("watch", "Follow a job that another program runs."),
        Listed("result", "Show a job's result and its files."),
        Listed("logs", "Show what a job's batches wrote and why they failed."),
        Listed("timeline", "Show what a job spent its time on."),
        Listed("certificate", "Print the record that makes a job reproducible."),
        Listed("verify", "Compare a certificate with what there is now."),
        Listed("retention", "Delete what jobs asked to be deleted."),
        Listed("delete", "Forget jobs and remove their files."),
    ],
    "Analyses": [
        Listed("analyses", "List what can be run, and where it comes from."),
        Listed("show", "Show an analysis and its parameters."),
        Listed("new", "Write a new analysis that runs, to start from."),
        Listed("env", "Develop the environment of an analysis that is a command."),
        Listed("blueprint", "Check and compare blueprints, and look at their history."),
    ],
    "Submissions by upload": [
        Listed("submissions", "Run what is put into a folder, as NeuroCAAS does for uploads."),
    ],
    "Libraries": [
        Listed("library", "Build, index, inspect, change and generate libraries of items."),
    ],
    "Web": [
        Listed("serve", "Serve the API of this machine's jobs, for programs and pages here."),
    ],
    "People": [
        Listed("people", "Look after users: who they are and what they may run."),
        Listed("group", "Look after groups: people who share data, results and a budget."),
    ],
    "Costs": [
        Listed("usage", "Show who ran what, how parallel, how long and for how much."),
        Listed("cost", "Tell what jobs cost, before and after; compare own hardware."),
        Listed("prices", "Show the prices of estimates, or get those of today."),
        Listed("budget", "Set what may be spent, by whom, and see what is left."),
    ],
    "AWS": [
        Listed("deploy", "Deploy skyburst and analyses to an AWS account."),
        Listed("diff", "Show what `skyburst deploy` would change."),
        Listed("drift", "Look whether a deployment is still as it was deployed."),
        Listed("destroy", "Remove a deployment; results are kept."),
        Listed("cloud", "Try a deployment on this machine, without an account."),
    ],
    "This machine": [
        Listed("doctor", "Check that everything works, here or in an AWS account."),
        Listed("completion", "Print the script that completes commands with TAB."),
    ],
}
COMMANDS = {listed.name: listed for section in SECTIONS.values() for listed in section}


class Commands(click.Group):
    """Imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None when there is none of that name."""
        listed = COMMANDS.get(cmd_name)
        if listed is None:
            return None
        module = importlib.import_module(f"skyburst.cli.commands.{listed.module or listed.name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say what may have been meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "`skyburst --help` lists them"
            ctx.fail(f"there is no command {args[0]!r}: {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section, then the exit codes."""
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(listed.name, listed.summary) for listed in section])
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), meaning) for code, meaning in MEANINGS.items()])
