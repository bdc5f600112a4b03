"""What an operator may choose, and what it is when nothing is chosen."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cdk_app.bundle import C_LIBRARIES, ROOT, Machine
from skyburst.contracts.blueprint import FILE
from skyburst.contracts.refusals import IMAGE
from skyburst.errors import InvalidJob
from skyburst.finding import Found, find_analysis, shipped_folder
from skyburst.notifications.targets import MAIL, TOPIC

if TYPE_CHECKING:
    from skyburst.people.policies import Kind

NAMES = (
    "prefix", "analyses", "architecture", "python", "c_library", "lanes", "children", "input_buckets", "input_keys",
    "burst_functions", "cache", "submission_buckets", "result_buckets", "submission_origins",
    "monitoring", "alarm_email", "drift_check", "budget_usd", "budget_email",
    "people", "people_provider", "people_audience", "people_permission_set", "people_buckets",
    "mail_from", "notify_topics", "webhook_secret", "private_webhooks",
    "batch_events", "environment_image", "reserved_concurrency", "engine_concurrency", "log_days", "tags",
    "web", "web_client", "web_libraries", "web_jobs_per_day", "web_concurrent_jobs", "web_upload_gb",
)  # fmt: skip
MONITORING = ("none", "alarms", "full")
BATCH_EVENTS = ("all", "none")
PEOPLE = ("none", "oidc", "saml", "identity-center")
DRIFT_CHECKS = ("none", "daily", "hourly")
WEB = ("yes", "no")
LIBRARIES = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s*?]+)?\Z")
JOBS_PER_DAY, CONCURRENT_JOBS, UPLOAD_GB = 100, 5, 64
"""What a user of the page may do, unless it is said otherwise."""
ARCHITECTURES = ("arm64", "x86_64")
LONGEST_PREFIX = 32
SECRET = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+\Z")
OFFICIAL = "public.ecr.aws/docker/library/python"
IMAGES = {
    "3.11": f"{OFFICIAL}:3.11-slim@sha256:9c900dea9e8fb7e16277c179b555cc72d29a352dbc33cff48ad5a0412fd5bfc7",
    "3.12": f"{OFFICIAL}:3.12-slim@sha256:dddfd7e07f9d15aeeca61529320492139d21cac7f0070c00609243e51e4e0016",
    "3.13": f"{OFFICIAL}:3.13-slim@sha256:6771159cd4fa5d9bba1258caf0b82e6b73458c694d178ad97c5e925c2d0e1a91",
    "3.14": f"{OFFICIAL}:3.14-slim@sha256:b877e50bd90de10af8d82c57a022fc2e0dc731c5320d762a27986facfc3355c1",
}
"""Images of environments for analyses that name none, by the version of Python: official ones, from where AWS keeps them."""
LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""Retentions that CloudWatch has."""


@dataclass(frozen=True)
class People:
    """Who names people, and where the folders of groups are."""

    kind: Kind
    buckets: list[str]
    """`BUCKET` or `BUCKET/PREFIX`, besides the buckets for submissions."""
    provider: str
    """ARN of the identity provider in IAM; empty for `identity-center`."""
    audience: str
    """Id of the client, of `oidc`."""
    permission_set: str
    """Name, of `identity-center`."""


@dataclass(frozen=True)
class Web:
    """The page."""

    client: Path
    """Folder of its files."""
    libraries: list[str]
    """URLs of folders of libraries; those in the deployment's bucket when there are none."""
    jobs_per_day: int
    """That a user may start."""
    concurrent_jobs: int
    """That a user may have running."""
    upload_bytes: int
    """Of one upload, at most."""


@dataclass(frozen=True)
class Settings:
    """What is deployed."""

    prefix: str
    """Start of all names."""
    analyses: list[Found]
    machine: Machine
    lanes: int
    """Identical worker functions for each analysis: Lambda adds 1,000 environments every 10 s to each."""
    input_buckets: list[str]
    """Further buckets that jobs may read."""
    cache: Path
    """Folder of bundles."""
    monitoring: str = "none"
    """`alarms` for alarms, `full` for a dashboard too. An account has ten alarms and three dashboards for nothing; beyond
    these they cost money also when no job runs, which nothing else here does, and so they are to be asked for."""
    alarm_email: str | None = None
    """Who gets a message when something is wrong."""
    budget_usd: int | None = None
    """What AWS Budgets compares the bill of each month with, USD; None for no such comparison."""
    budget_email: str | None = None
    """Who gets a message when the bill passes, or is forecast to pass, a share of it."""
    mail_from: str | None = None
    """Address, verified in SES, that messages about jobs come from; None when none are mailed."""
    notify_topics: list[str] = field(default_factory=list)
    """ARNs of topics of SNS that jobs may have told that they have ended."""
    webhook_secret: str | None = None
    """ARN of the secret of Secrets Manager that web hooks are signed with."""
    private_webhooks: str = "no"
    """`yes` when web hooks may go to private addresses: who submits jobs then reaches what the function reaches."""
    drift_check: str = "none"
    """How often CloudFormation compares the deployment with its template."""
    batch_events: str = "all"
    """`none` when changes of batches are not to be told to EventBridge, which costs 1 USD for a million."""
    reserved_concurrency: int | None = None
    """Environments kept for each worker function, which are also its limit; None for a share of the account's."""
    engine_concurrency: int | None = None
    """Environments kept for each of the planner, the watcher and the manager, so that workers never take all; their limit
    too. None for a share of the account's: 100 of these cannot be reserved, so that an account that has 10 reserves none."""
    log_days: int = 30
    input_keys: list[str] = field(default_factory=list)
    """ARNs of keys of KMS that objects in further buckets are encrypted with."""
    burst_functions: list[str] = field(default_factory=list)
    """Names or ARNs of workers and combiners of burst-compute that jobs may name."""
    environment_here: bool = False
    """Whether environments run on the machine that functions run on, as in a cloud on one machine; else on x86_64."""
    environment_image: str = IMAGES["3.13"]
    """Container image of environments of analyses that name none."""
    children: int | None = None
    """Children of one manager at most; None as measured."""
    people: People | None = None
    """How people use the folders of their group."""
    web: Web | None = None
    """The page; None for none."""
    submission_buckets: Mapping[str, str] = field(default_factory=dict)
    """Names of the buckets for submissions by upload, by analyses; an empty name leaves it to CloudFormation."""
    result_buckets: list[str] = field(default_factory=list)
    """Further buckets that submissions may have their results put into."""
    submission_origins: list[str] = field(default_factory=list)
    """Origins of pages that may upload to the buckets for submissions, such as https://example.org."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Of all resources."""

    @property
    def environment_machine(self) -> Machine:
        """What environments run on."""
        machine = self.machine
        return machine if self.environment_here else Machine(machine.python, "x86_64", machine.c_library)


def settings_of(context: dict[str, Any]) -> Settings:
    """What the context asks for, with defaults. Raises InvalidJob naming the value that cannot be used."""
    analyses = [find_analysis(name) for name in _list("analyses", context)] or _shipped()
    email = context.get("alarm_email")
    monitoring = _one_of("monitoring", context, MONITORING, "alarms" if email else "none")
    if email and monitoring == "none":
        raise InvalidJob("alarm_email is given, but monitoring is 'none': without alarms there is nothing to send")
    machine = _machine(context)
    return Settings(
        prefix=_prefix(context),
        analyses=analyses,
        machine=machine,
        lanes=_number("lanes", context) or 3,
        input_buckets=_list("input_buckets", context),
        input_keys=_keys(context),
        burst_functions=_list("burst_functions", context),
        cache=Path(context.get("cache") or ".cdk-bundles").absolute(),
        monitoring=monitoring,
        alarm_email=str(email) if email else None,
        **_bill(context),
        mail_from=_matching("mail_from", context, MAIL, "a mail address"),
        notify_topics=_topics(context),
        webhook_secret=_matching("webhook_secret", context, SECRET, "the ARN of a secret of Secrets Manager"),
        private_webhooks=_one_of("private_webhooks", context, ("no", "yes"), "no"),
        drift_check=_one_of("drift_check", context, DRIFT_CHECKS, "none"),
        batch_events=_one_of("batch_events", context, BATCH_EVENTS, "all"),
        reserved_concurrency=_number("reserved_concurrency", context),
        engine_concurrency=_number("engine_concurrency", context),
        log_days=int(_one_of("log_days", context, tuple(map(str, LOG_DAYS)), "30")),
        environment_here=_number("c_library", context) is not None,
        environment_image=_image(context) or IMAGES[machine.python],
        children=_number("children", context),
        people=_people(context),
        web=_web(context),
        submission_buckets=_submission_buckets(context, {found.blueprint.name for found in analyses}),
        result_buckets=_list("result_buckets", context),
        submission_origins=_origins(context),
        tags=_tags(context),
    )


def _shipped() -> list[Found]:
    return [find_analysis(str(path.parent)) for path in sorted(shipped_folder().glob(f"*/{FILE}"))]


def _prefix(context: dict[str, Any]) -> str:
    prefix = str(context.get("prefix") or "skyburst")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", prefix) or len(prefix) > LONGEST_PREFIX:
        raise InvalidJob(
            f"prefix is {prefix!r}: expected a letter, then letters, digits and hyphens, {LONGEST_PREFIX} at most: it starts the "
            "names of functions, which have 64"
        )
    return prefix


def _machine(context: dict[str, Any]) -> Machine:
    python = _one_of("python", context, tuple(C_LIBRARIES), "3.13")
    architecture = _one_of("architecture", context, ARCHITECTURES, "arm64")
    return Machine(python, architecture, _number("c_library", context) or C_LIBRARIES[python])


def _keys(context: dict[str, Any]) -> list[str]:
    keys = _list("input_keys", context)
    for key in keys:
        if not re.fullmatch(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+", key):
            raise InvalidJob(f"input_keys has {key!r}: expected the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID")
    return keys


def _topics(context: dict[str, Any]) -> list[str]:
    topics = _list("notify_topics", context)
    for topic in topics:
        if not TOPIC.match(topic):
            raise InvalidJob(
                f"notify_topics has {topic!r}: expected the ARN of a topic, arn:aws:sns:REGION:ACCOUNT:NAME"
            )
    return topics


def _bill(context: dict[str, Any]) -> dict[str, Any]:
    """What AWS Budgets is told."""
    found = {
        "budget_usd": _number("budget_usd", context),
        "budget_email": _matching("budget_email", context, MAIL, "a mail address"),
    }
    for name, other in (("budget_usd", "budget_email"), ("budget_email", "budget_usd")):
        if found[name] is None and found[other] is not None:
            raise InvalidJob(f"{other} is given and {name} is not: AWS Budgets needs an amount, and somebody to tell")
    return found


def _matching(name: str, context: dict[str, Any], pattern: re.Pattern[str], what: str) -> str | None:
    given = context.get(name)
    if given is None or given == "":
        return None
    if not pattern.match(str(given)):
        raise InvalidJob(f"{name} is {given!r}: expected {what}")
    return str(given)


def _image(context: dict[str, Any]) -> str | None:
    image = context.get("environment_image")
    if not image:
        return None
    if not re.fullmatch(IMAGE, str(image)):
        raise InvalidJob(
            f"environment_image is {image!r}: expected one by digest, such as NAME@sha256:..., so that it stays the same"
        )
    return str(image)


def _submission_buckets(context: dict[str, Any], deployed: set[str]) -> dict[str, str]:
    """An object of bucket names by analyses, its JSON, or `analysis=bucket` with commas; `analysis` alone names no bucket."""
    given = context.get("submission_buckets")
    if isinstance(given, str) and given and not given.startswith("{"):
        given = {name: bucket for name, _, bucket in (entry.partition("=") for entry in given.split(","))}
    found = json.loads(given) if isinstance(given, str) and given else given or {}
    buckets = {str(analysis): str(bucket or "") for analysis, bucket in found.items()}
    for analysis, bucket in buckets.items():
        if analysis not in deployed:
            raise InvalidJob(
                f"submission_buckets has {analysis!r}: expected an analysis that is deployed: {', '.join(sorted(deployed))}"
            )
        if bucket and not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", bucket):
            raise InvalidJob(
                f"submission_buckets has {bucket!r} for {analysis!r}: expected the name of a bucket, 3 to 63 lower-case "
                "letters, digits and hyphens"
            )
    return buckets


def _origins(context: dict[str, Any]) -> list[str]:
    origins = _list("submission_origins", context)
    for origin in origins:
        if not re.fullmatch(r"\*|https?://[A-Za-z0-9.*-]+(:\d+)?", origin):
            raise InvalidJob(f"submission_origins has {origin!r}: expected an origin such as https://example.org, or *")
    return origins


def _one_of(name: str, context: dict[str, Any], allowed: tuple[str, ...], default: str) -> str:
    given = context.get(name)
    value = default if given is None or given == "" else str(given)
    if value not in allowed:
        raise InvalidJob(f"{name} is {value!r}: expected one of {', '.join(allowed)}")
    return value


def _number(name: str, context: dict[str, Any]) -> int | None:
    given = context.get(name)
    if given is None or given == "":
        return None
    if not str(given).isdecimal() or int(given) < 1:
        raise InvalidJob(f"{name} is {given!r}: expected a whole number from 1")
    return int(given)


def _list(name: str, context: dict[str, Any]) -> list[str]:
    """A list, or its JSON, or values with commas, as the command line hands them over."""
    given = context.get(name)
    if given is None or given == "":
        return []
    if isinstance(given, str):
        return [str(entry) for entry in json.loads(given)] if given.startswith("[") else given.split(",")
    return [str(entry) for entry in given]


def _people(context: dict[str, Any]) -> People | None:
    kind = _one_of("people", context, PEOPLE, "none")
    if kind == "none":
        return None
    given = {name: str(context.get(f"people_{name}") or "") for name in ("provider", "audience", "permission_set")}
    needed = {"oidc": ["provider", "audience"], "saml": ["provider"], "identity-center": ["permission_set"]}[kind]
    for name in needed:
        if not given[name]:
            raise InvalidJob(f"people is {kind!r}, which needs people_{name}, and it is not given")
    pattern = rf"arn:[a-z-]+:iam::\d{{12}}:{'oidc' if kind == 'oidc' else 'saml'}-provider/\S+"
    if given["provider"] and not re.fullmatch(pattern, given["provider"]):
        raise InvalidJob(
            f"people_provider is {given['provider']!r}: expected the ARN of an identity provider of kind {kind}"
        )
    buckets = _list("people_buckets", context)
    if not buckets and not context.get("submission_buckets"):
        raise InvalidJob(
            "people is given, but neither submission_buckets nor people_buckets: name BUCKET or BUCKET/PREFIX where the "
            "folders of groups are"
        )
    return People(cast("Kind", kind), buckets, **given)


def client_folder() -> Path | None:
    """The folder of the page's files: in the wheel, or as they were built in a checkout; None where they are not."""
    folders = (ROOT / "client", ROOT / "web" / "client" / "dist")
    return next((folder for folder in folders if (folder / "index.html").is_file()), None)


def _web(context: dict[str, Any]) -> Web | None:
    """The page is deployed wherever its files are: it costs nothing while nobody uses it."""
    given = context.get("web_client")
    client = Path(str(given)).absolute() if given else client_folder()
    if _one_of("web", context, WEB, "yes" if client else "no") == "no":
        return None
    if client is None or not (client / "index.html").is_file():
        raise InvalidJob(
            f"web is 'yes', and {client or 'this checkout'} has no index.html of the page: an installed skyburst has it, and in "
            "a checkout it is built in web/client; web 'no' deploys without it"
        )
    libraries = _list("web_libraries", context)
    for library in libraries:
        if not LIBRARIES.match(library):
            raise InvalidJob(
                f"web_libraries has {library!r}: expected the URL of a folder, such as s3://BUCKET/libraries"
            )
    return Web(
        client, libraries,
        jobs_per_day=_number("web_jobs_per_day", context) or JOBS_PER_DAY,
        concurrent_jobs=_number("web_concurrent_jobs", context) or CONCURRENT_JOBS,
        upload_bytes=(_number("web_upload_gb", context) or UPLOAD_GB) * 2**30,
    )  # fmt: skip


def _tags(context: dict[str, Any]) -> dict[str, str]:
    """An object, its JSON, or `name=value` with commas."""
    given = context.get("tags")
    if isinstance(given, str) and given and not given.startswith("{"):
        pairs = [entry.partition("=") for entry in given.split(",")]
        if not all(name and sign for name, sign, _ in pairs):
            raise InvalidJob(f"tags is {given!r}: expected name=value, separated by commas, or a JSON object")
        return {name: value for name, _, value in pairs}
    document = json.loads(given) if isinstance(given, str) and given else given or {}
    return {str(name): str(value) for name, value in document.items()}
