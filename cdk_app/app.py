"""The CDK app: reads what is to be deployed from its context and makes the stack.

Context (`cdk.json`, or `--context name=value`):

    prefix                start of all names, and the name of the stack: skyburst
    analyses              folders of analyses, a JSON list or separated by commas; those that are shipped when it is empty
    architecture          arm64 or x86_64
    python                version of Lambda's runtime, 3.11 to 3.14; 3.11 has no wheels newer than the C library 2.26
    c_library             N of the C library 2.N, where functions do not run on Lambda: in a cloud on one machine
    lanes                 identical worker functions for each analysis
    children              children of one manager at most, when it is not to be as measured
    input_buckets         further buckets that jobs may read, a JSON list or separated by commas
    input_keys            ARNs of the keys of KMS that their objects are encrypted with, likewise
    burst_functions       names or ARNs of workers and combiners of burst-compute that jobs may name, likewise
    environment_image     container image, by digest, of environments of analyses that name none; it needs Python
    submission_buckets    analyses that run what is uploaded, with the names of their buckets, a JSON object or
                          analysis=bucket separated by commas; analysis alone for a name that CloudFormation makes
    result_buckets        further buckets that submissions may have their results put into, likewise as input_buckets
    submission_origins    origins of pages that may upload to the buckets of submissions, likewise
    monitoring            none, alarms, or full: alarms and a dashboard
    alarm_email           who gets a message when an alarm goes off
    budget_usd            what may be spent in a month before AWS Budgets sends a message
    budget_email          who gets that message
    mail_from             address, verified in SES, that messages about ends of jobs come from
    notify_topics         ARNs of topics of SNS that jobs may have told, a JSON list or separated by commas
    webhook_secret        whole ARN of the secret that web hooks are signed with
    private_webhooks      yes: web hooks may go to private addresses
    cache                 folder in which the code of functions is kept that was put together
    people                none, oidc, saml or identity-center: who names the people that use the folders of their group
    people_provider       ARN of the identity provider, of oidc and saml
    people_audience       id of the client, of oidc
    people_permission_set name of the permission set, of identity-center
    people_buckets        BUCKET or BUCKET/PREFIX where the folders of groups are, a JSON list or separated by commas
    drift_check           none, daily or hourly: how often the deployment is compared with its template
    batch_events          all or none: whether changes of batches are told to EventBridge
    reserved_concurrency  environments kept for each worker function, and its limit
    engine_concurrency    environments kept for each of the planner, the watcher and the manager, and their limit
    log_days              how long logs are kept: 30
    tags                  of all resources, a JSON object or name=value separated by commas
    web                   yes or no: the page; yes where its files are
    web_client            folder of its files, when they are not where they are built
    web_libraries         URLs of folders of libraries that its users may search, a JSON list or separated by commas
    web_jobs_per_day      jobs that one of its users may start in a day
    web_concurrent_jobs   jobs that one of its users may have running
    web_upload_gb         largest upload of one of its users, GiB
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from cdk_app.bundle import Machine, carries_bytecode, size_of
from cdk_app.findings import acknowledge
from cdk_app.settings import NAMES, settings_of
from cdk_app.stack import SkyburstStack
from skyburst.errors import Invalid


def make_app(context: dict[str, Any] | None = None, outdir: str | None = None) -> cdk.App:
    """The app with its one stack; the command line's context and that of `cdk.json` are added to the one given.

    Its `synth` raises when a rule of AwsSolutions finds something that `findings.py` does not give a reason for.
    """
    app = cdk.App(outdir=outdir, context=context, analytics_reporting=False)
    settings = settings_of({name: app.node.try_get_context(name) for name in NAMES})
    stack = SkyburstStack(app, settings.prefix, settings)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    acknowledge(stack)
    return app


def sizes_of(bundles: Mapping[str, Path], machine: Machine) -> str:
    """A table of functions and what their code takes, without those that share another's."""
    first: dict[Path, str] = {}
    for name, folder in bundles.items():
        first.setdefault(folder, name)
    sharing = {folder: list(bundles.values()).count(folder) - 1 for folder in first}
    lines = [
        f"{name:<50} {size_of(folder) / 1e6:7.1f} MB{f'  and {sharing[folder]} more' if sharing[folder] else ''}"
        for folder, name in first.items()
    ]
    if not carries_bytecode(machine):
        lines.append(f"run by Python {machine.python}, these would carry bytecode, and start faster")
    return "\n".join(["code of functions, unpacked", *lines, ""])


def main() -> None:
    """Write the template, and say on stderr how large the functions are. Exits with 2 when a setting is refused."""
    try:
        app = make_app()
    except Invalid as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    for stack in app.node.children:
        if isinstance(stack, SkyburstStack):
            sys.stderr.write(sizes_of(stack.bundles, stack.settings.machine))
    app.synth()


if __name__ == "__main__":
    main()
