"""Options of `deploy` and `diff` are the settings of the CDK app: all of them, with their names and their choices."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from skyburst.cli.commands.deploy import command as deploy
from skyburst.cli.deploying import Wanted, analyses_of, synthesise
from skyburst.cli.deployment_settings import SETTINGS, chosen_settings, settings_options
from skyburst.errors import Invalid
from tests.cli.conftest import Program
from tests.conftest import REPOSITORY, need

OTHERWISE = {"prefix", "analyses", "architecture", "python", "lanes"}
"""Options that `deploy` had from the start."""
NOT_CHOSEN = {"c_library", "cache", "web_client"}
"""Said by programs, not by people."""


@pytest.fixture
def app() -> Any:
    """The module of the CDK app that looks at settings."""
    need(find_spec("aws_cdk") is not None, "aws-cdk-lib is not installed (the extra `aws`)")
    from cdk_app import settings

    return settings


def given(*arguments: str) -> dict[str, Any]:
    """What options say, as the context of the CDK app has it."""
    found: dict[str, Any] = {}

    @click.command()
    @settings_options
    def command(**settings: Any) -> None:
        found.update(chosen_settings(settings))

    ended = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return found


def test_every_setting_of_the_app_is_an_option_and_is_documented(app: Any) -> None:
    assert {setting.name for setting in SETTINGS} == set(app.NAMES) - OTHERWISE - NOT_CHOSEN
    page = (REPOSITORY / "docs" / "aws.md").read_text()
    for option in deploy.params:
        assert option.name == "yes" or f"`{option.opts[0]} " in page, option.opts


def test_the_words_to_choose_from_are_those_of_the_app(app: Any) -> None:
    words = {setting.name: setting.kind for setting in SETTINGS if isinstance(setting.kind, tuple)}
    assert words == {
        "monitoring": app.MONITORING, "drift_check": app.DRIFT_CHECKS, "people": app.PEOPLE,
        "batch_events": app.BATCH_EVENTS, "private_webhooks": ("no", "yes"), "web": app.WEB,
    }  # fmt: skip


def test_nothing_is_said_of_what_is_not_chosen() -> None:
    assert given() == {}


def test_options_say_what_the_app_understands(app: Any) -> None:
    image = f"lab/python@sha256:{'0' * 64}"
    context = given(
        "--input-buckets", "one", "--input-buckets", "two,three", "--submission-buckets", "monte-carlo=uploads",
        "--submission-buckets", "word-statistics", "--environment-image", image, "--alarm-email", "me@example.org",
        "--budget-usd", "500", "--budget-email", "me@example.org", "--log-days", "7", "--tags", "lab=optic", "--tags", "who=me",
        "--people", "saml", "--people-provider", "arn:aws:iam::123456789012:saml-provider/lab", "--engine-concurrency", "20",
        "--drift-check", "daily", "--private-webhooks", "yes",
    )  # fmt: skip
    found = app.settings_of(context)
    assert found.input_buckets == ["one", "two", "three"]
    assert found.submission_buckets == {"monte-carlo": "uploads", "word-statistics": ""}
    assert (found.environment_image, found.monitoring, found.alarm_email) == (image, "alarms", "me@example.org")
    assert (found.budget_usd, found.log_days, found.engine_concurrency) == (500, 7, 20)
    assert (found.drift_check, found.private_webhooks) == ("daily", "yes")
    assert found.tags == {"lab": "optic", "who": "me"}
    assert found.people is not None
    assert found.people.kind == "saml"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--monitoring", "loud"], "'loud' is not one of 'none', 'alarms', 'full'"),
        (["--engine-concurrency", "0"], "0 is not in the range x>=1"),
    ],
)
@pytest.mark.parametrize("command", ["deploy", "diff"])
def test_what_no_deployment_has_is_refused_at_once(
    program: Program, command: str, arguments: list[str], told: str
) -> None:
    ended = program(command, *arguments)
    assert ended.code == 2
    assert told in ended.err


def test_what_the_app_refuses_is_said_in_its_words_and_nothing_else(app: Any, tmp_path: Path) -> None:
    wanted = Wanted("lab", analyses_of(["monte-carlo"]), "arm64", 1, "3.13", settings={"submission_buckets": "other=b"})
    with pytest.raises(
        Invalid, match=r"^submission_buckets has 'other': expected an analysis that is deployed: monte-carlo$"
    ):
        synthesise(wanted, tmp_path / "out")
