"""Everything that an operator may choose of a deployment besides what it runs and on what: options of `deploy` and `diff`.

Each has the name that it has in the context of the CDK app, which looks at the values (`cdk_app/settings.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


class Setting(NamedTuple):
    """One thing to choose."""

    name: str
    """In the context, and of the option, with hyphens."""
    kind: tuple[str, ...] | str
    """The words to choose from; `N` for a whole number; else what stands for the value in the help."""
    help: str
    many: bool = False
    """Whether the option may be given again."""


SETTINGS = (
    Setting("input_buckets", "BUCKET", "Further bucket that jobs may read.", many=True),
    Setting("input_keys", "ARN", "Key of KMS that objects in such buckets are encrypted with.", many=True),
    Setting("submission_buckets", "ANALYSIS=BUCKET", "Analysis that runs what is uploaded to its bucket.", many=True),
    Setting("result_buckets", "BUCKET", "Further bucket that submissions may have results put into.", many=True),
    Setting("submission_origins", "ORIGIN", "Origin of pages that may upload, such as https://example.org.", many=True),
    Setting("burst_functions", "FUNCTION", "Name or ARN of a function of burst-compute that jobs may name.", many=True),
    Setting("environment_image", "IMAGE", "Image, by digest, of environments of analyses that name none."),
    Setting("monitoring", ("none", "alarms", "full"), "Alarms, or alarms and a dashboard."),
    Setting("alarm_email", "ADDRESS", "Who gets a message when an alarm goes off."),
    Setting("drift_check", ("none", "daily", "hourly"), "How often the deployment is compared with its template."),
    Setting("budget_usd", "N", "Bill of a month, in USD, that AWS Budgets warns of."),
    Setting("budget_email", "ADDRESS", "Who is warned of it."),
    Setting("people", ("none", "oidc", "saml", "identity-center"), "Who names the people that use the folders of their group."),
    Setting("people_provider", "ARN", "Identity provider, of oidc and saml."),
    Setting("people_audience", "ID", "Client, of oidc."),
    Setting("people_permission_set", "NAME", "Permission set, of identity-center."),
    Setting("people_buckets", "BUCKET[/PREFIX]", "Where the folders of groups are.", many=True),
    Setting("mail_from", "ADDRESS", "Address, verified in SES, that messages about jobs come from."),
    Setting("notify_topics", "ARN", "Topic of SNS that jobs may have told.", many=True),
    Setting("webhook_secret", "ARN", "Secret of Secrets Manager that web hooks are signed with."),
    Setting("private_webhooks", ("no", "yes"), "Whether web hooks may go to private addresses."),
    Setting("batch_events", ("all", "none"), "Whether changes of batches are told to EventBridge."),
    Setting("reserved_concurrency", "N", "Environments kept for each worker function, and its limit."),
    Setting("engine_concurrency", "N", "The same for each of the planner, the watcher and the manager."),
    Setting("children", "N", "Children of one manager at most, when it is not to be as measured."),
    Setting("log_days", "N", "How long logs are kept; 30 days if not given."),
    Setting("tags", "NAME=VALUE", "Tag of all resources.", many=True),
    Setting("web", ("yes", "no"), "Whether there is a page, where people sign in; it costs nothing while nobody uses it."),
    Setting("web_libraries", "URL", "Folder of libraries that people may search from the page.", many=True),
    Setting("web_jobs_per_day", "N", "Jobs that one of them may start in a day."),
    Setting("web_concurrent_jobs", "N", "Jobs that one of them may have running."),
    Setting("web_upload_gb", "N", "Largest upload of one of them, GiB."),
)  # fmt: skip


def settings_options(command: Command) -> Command:
    """Add an option for each setting."""
    for setting in reversed(SETTINGS):
        chosen: click.Choice[str] | click.IntRange | None = None
        if isinstance(setting.kind, tuple):
            chosen = click.Choice(setting.kind)
        elif setting.kind == "N":
            chosen = click.IntRange(min=1)
        command = click.option(
            f"--{setting.name.replace('_', '-')}", setting.name, type=chosen, multiple=setting.many,
            metavar=None if isinstance(setting.kind, tuple) else setting.kind,
            help=f"{setting.help}{' May be given again.' if setting.many else ''}",
        )(command)  # fmt: skip
    return command


def chosen_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were given, as the context of the CDK app has them.

    Args:
        given: values of the options, by names of settings; None and () for those that were not given.
    """
    return {
        name: ",".join(value) if isinstance(value, tuple) else value
        for name, value in given.items()
        if value is not None and value != ()
    }
