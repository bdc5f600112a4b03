"""What `skyburst deploy` and its like do: have the CDK app write what is to be deployed, and hand it to CDK's command line."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from skyburst.cli import text
from skyburst.cli.deployment_settings import settings_options
from skyburst.errors import DeployFailed, Invalid
from skyburst.finding import Found, find_analysis, shipped_folder

CDK = "aws-cdk@2.1148.1"
"""Version of CDK's command line: one that fits the library of requirements, which newer ones do not."""
NODE_QUIET = "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"
ARCHITECTURES = ("arm64", "x86_64")
PYTHONS = ("3.11", "3.12", "3.13")
DEFAULT_LANES = 3
BUNDLES_VARIABLE = "SKYBURST_BUNDLES"
MOST_ERROR = 3_000
REFUSED = 2
"""What the CDK app exits with when it refuses a setting."""
BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
"""Parameter of Systems Manager that `cdk bootstrap` leaves."""
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Wanted:
    """What is to be deployed."""

    prefix: str
    analyses: list[Found]
    architecture: str
    lanes: int
    python: str | None = None
    """Such as `3.13`; None for that of the CDK app."""
    c_library: int | None = None
    """N of the C library 2.N of a cloud on this machine; None for that of Lambda."""
    cache: Path | None = None
    """Folder of bundles; None for the user's."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What else is chosen, by names of settings."""

    def context(self) -> dict[str, Any]:
        """As the CDK app reads it."""
        context = {
            "prefix": self.prefix,
            "analyses": [str(found.location) for found in self.analyses],
            "architecture": self.architecture,
            "lanes": self.lanes,
            "cache": str(self.cache or bundles_folder()),
        }
        chosen = {"python": self.python, "c_library": self.c_library}
        return {**context, **self.settings, **{name: value for name, value in chosen.items() if value}}


class FunctionSize(NamedTuple):
    """One function that is to be deployed."""

    name: str
    memory_mb: int
    timeout_s: int
    code_bytes: int
    """Unpacked, with its layers."""
    """Unpacked."""


def deploy_options(command: Command) -> Command:
    """Add what `deploy` and `diff` have in common."""
    for option in (
        settings_options,
        prefix_option,
        click.option(
            "--lanes", type=click.IntRange(1, 100), default=DEFAULT_LANES, show_default=True, metavar="N",
            help="Identical worker functions for each analysis: each starts 1,000 more workers every 10 s.",
        ),
        click.option(
            "--python", type=click.Choice(PYTHONS), default="3.13", show_default=True, help="Version that functions run on.",
        ),
        click.option(
            "--architecture", type=click.Choice(ARCHITECTURES), default="arm64", show_default=True,
            help="Processors of the functions; arm64 costs a fifth less.",
        ),
        click.option(
            "--analysis", "analyses", multiple=True, metavar="PATH",
            help="Folder or name of an analysis; may be given again. Else those that come with skyburst.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


prefix_option = click.option(
    "--prefix", default="skyburst", show_default=True, envvar="SKYBURST_PREFIX", metavar="TEXT",
    help="Name of the deployment, and start of all names in it.",
)  # fmt: skip


def analyses_of(names: Sequence[str]) -> list[Found]:
    """The analyses to deploy: those named, or those that come with skyburst.

    Raises:
        AnalysisNotFound: when there is none of a name.
        Invalid: when one is a single file.
    """
    shipped = sorted(path.parent for path in shipped_folder().glob("*/blueprint.toml"))
    found = [find_analysis(name) for name in names or map(str, shipped)]
    for entry in found:
        if entry.location.is_file():
            raise Invalid(
                f"{entry.location} is a single file: what is deployed is a folder with a blueprint; `skyburst new` writes one"
            )
    return found


def bundles_folder() -> Path:
    """The user's folder of bundles: what a function carries is made once for what goes into it."""
    import platformdirs

    if named := os.environ.get(BUNDLES_VARIABLE):
        return Path(named).expanduser().absolute()
    return Path(platformdirs.user_cache_dir("skyburst")) / "bundles"


def app_folder() -> Path:
    """The folder that holds the CDK app and what it deploys: of the wheel, or the checkout."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "_shipped"
    return shipped if (shipped / "cdk_app").is_dir() else package.parent


def host_c_library() -> int | None:
    """N of this machine's C library 2.N; None when it is another one than functions have."""
    name, version = platform.libc_ver()
    return int(version.partition(".")[2]) if name == "glibc" else None


def host_architecture() -> str:
    """That of this machine, as Lambda calls it."""
    return "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"


def check_tools() -> None:
    """Refuse, before anything is made, what cannot work.

    Raises:
        Invalid: naming what has to be installed.
    """
    if find_spec("aws_cdk") is None:
        raise Invalid("the CDK library is not installed: pip install 'skyburst[aws]'")
    for program in ("node", "npx"):
        if shutil.which(program) is None:
            raise Invalid(
                f"there is no program `{program}`: install Node.js 22 or newer (https://nodejs.org), which CDK needs"
            )


@contextmanager
def synthesised(wanted: Wanted) -> Iterator[Path]:
    """A folder with what is to be deployed, while it is needed."""
    with tempfile.TemporaryDirectory(prefix="skyburst-deploy-") as folder:
        yield synthesise(wanted, Path(folder) / "cdk.out")


def synthesise(wanted: Wanted, out: Path) -> Path:
    """Have the CDK app write a cloud assembly; bundles that are not in the cache are made, which takes a minute.

    Raises:
        Invalid: when the app refuses a setting.
        DeployFailed: with what the app said.
    """
    path = os.pathsep.join(filter(None, [str(app_folder()), os.environ.get("PYTHONPATH")]))
    context = {"CDK_OUTDIR": str(out), "CDK_CONTEXT_JSON": json.dumps(wanted.context())}
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "cdk_app.app"],
        env={**_environment(), **context, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ended.returncode == REFUSED:
        raise Invalid(ended.stderr.strip())
    if ended.returncode:
        raise DeployFailed(f"what is to be deployed could not be put together: {ended.stderr.strip()[-MOST_ERROR:]}")
    return out


def functions_of(assembly: Path, stack: str) -> list[FunctionSize]:
    """The functions of an assembly with the sizes of their code, layers included, in the order of their names."""
    resources = json.loads((assembly / f"{stack}.template.json").read_text(encoding="utf-8"))["Resources"]
    assets = json.loads((assembly / f"{stack}.assets.json").read_text(encoding="utf-8"))["files"]

    @cache
    def bytes_at(key: str) -> int:
        digest = key.removesuffix(".zip")
        return _size(assembly / assets[digest]["source"]["path"]) if digest in assets else 0

    found = []
    for resource in resources.values():
        if resource["Type"] != "AWS::Lambda::Function":
            continue
        properties = resource["Properties"]
        layers = [resources[one["Ref"]]["Properties"]["Content"] for one in properties.get("Layers", [])]
        found.append(
            FunctionSize(
                str(properties.get("FunctionName", "?")),
                properties.get("MemorySize", 128),
                properties.get("Timeout", 3),
                sum(bytes_at(str(place.get("S3Key", ""))) for place in (properties["Code"], *layers)),
            )
        )
    return sorted(found)


def function_lines(functions: list[FunctionSize]) -> list[str]:
    """The functions as a table; lanes of one analysis are alike and make one row."""
    rows = [["FUNCTION", "MEMORY", "TIME LIMIT", "CODE"]]
    alike: dict[tuple[str, int, int, int], list[str]] = {}
    for function in functions:
        head, _, lane = function.name.rpartition("-")
        group = head if lane.isdigit() and head.endswith("-worker") else function.name
        alike.setdefault((group, *function[1:]), []).append(function.name)
    for (group, memory_mb, timeout_s, code_bytes), names in alike.items():
        title = names[0] if len(names) == 1 else f"{group}-0 to -{len(names) - 1}"
        rows.append([title, f"{memory_mb:,} MB", text.duration(timeout_s), text.size(code_bytes)])
    return text.columns(rows, right=frozenset({1, 2, 3}))


def cdk_command(*arguments: str) -> list[str]:
    """CDK's command line, in the version that fits."""
    return ["npx", "--yes", CDK, *arguments]


def run_cdk(assembly: Path, region: str, *arguments: str) -> None:
    """Run CDK's command line on an assembly; what it writes goes where ours goes.

    Raises:
        DeployFailed: when it does not succeed.
    """
    ended = subprocess.run(
        cdk_command(*arguments), cwd=assembly.parent, check=False, stdin=subprocess.DEVNULL,
        env={**_environment(), "AWS_REGION": region, "AWS_DEFAULT_REGION": region},
    )  # fmt: skip
    if ended.returncode:
        raise DeployFailed(f"`cdk {arguments[0]}` ended with {ended.returncode}: what it wrote above says why")


def _environment() -> dict[str, str]:
    """Of programs that run Node, without its note on how old it is."""
    node = shutil.which("node")
    if node is None:
        return dict(os.environ)
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return {**os.environ, NODE_QUIET: version.strip().removeprefix("v").partition(".")[0]}


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
