"""What functions carry: entry points and the developer's code in bundles; the framework and its packages in a layer.

All functions share the layer, so that it is sent to AWS once, and a bundle is a few files. Only where the developer's code
names packages of its own its bundle has everything, without the layer: such packages may be the layer's in another version.

Without Docker: wheels for the function's machine are chosen by pip, so that an arm64 function is bundled on any machine. A
bundle is made once for what goes into it; the same input gives the same files.
"""

from __future__ import annotations

import compileall
import functools
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

from filelock import FileLock

import skyburst
from skyburst.contracts.blueprint import NOT_CODE
from skyburst.errors import InvalidAnalysis

ROOT = Path(__file__).resolve().parent.parent
"""Holds the deployable folders: the checkout, or what the wheel carries."""
ROOMS = ("combiners", "manager", "step_functions", "web/api", "web/events", "web/site", "workers")
"""Folders of entry points. Each bundle has all of them, which are small, so that functions share bundles."""
LAYER_FOLDER = "python"
"""Where in a layer Lambda looks for what Python imports."""
REQUIREMENTS = "requirements.txt"
"""In the folder of an analysis' code: what it imports, for pip."""
LOCK = ROOT / "requirements" / "functions.txt"
API_LOCK = ROOT / "requirements" / "api.txt"
"""What the function of the HTTP API imports besides."""
CARRIED = {".py", ".json", ".sh"}
"""Files of the framework that functions and environments have."""
WEB = "web"
NOT_DEPLOYED = {"cli", "local", "local_cloud", "probe", WEB, "_shipped", "__pycache__"}
"""Folders of the framework that functions and environments have no use for; the function of the HTTP API has that of the API."""
SERVICES = {
    "batch", "cloudformation", "dynamodb", "ec2", "ecs", "events", "lambda", "s3", "secretsmanager", "sesv2", "sns",
    "stepfunctions",
}  # fmt: skip
"""Services that functions call through botocore; the descriptions of all others are left out."""
NOT_READ = (
    "bin",
    "share",
    "aws_lambda_powertools/event_handler",
    "dateutil/zoneinfo",
    "faker",
    "numpy/_pyinstaller",
    "numpy/f2py",
    "polyfactory",
)
"""Folders of packages that no function imports."""
UTILITIES = {"jmespath_utils"}
"""Of powertools; the logger imports it."""
TESTED = {"jsonschema", "numpy", "referencing"}
"""Packages that carry their tests along."""
C_LIBRARIES = {"3.11": 26, "3.12": 34, "3.13": 34, "3.14": 34}
"""Versions of Python that functions run on, and N of the C library 2.N there: of Amazon Linux 2, then of Amazon Linux 2023."""
LIMIT_BYTES = 250 * 2**20
"""Of a function's unpacked code."""
ENVIRONMENT_LIMIT_BYTES = 4 * 2**30
"""Of an environment's: it is got from S3 at each start, and what is larger belongs into an image."""


@dataclass(frozen=True)
class Machine:
    """What functions run on."""

    python: str
    """Such as `3.13`."""
    architecture: str
    """`arm64` or `x86_64`."""
    c_library: int = 34
    """N of its C library 2.N: wheels for newer ones do not run on it."""

    @property
    def wheels(self) -> str:
        """As wheels call the architecture."""
        return {"arm64": "aarch64"}.get(self.architecture, self.architecture)


@dataclass(frozen=True)
class Contents:
    """What a bundle is made of, beside the entry points."""

    analysis: Path | None = None
    """Folder of the developer's code, which several analyses may share."""
    documents: Mapping[str, object] = field(default_factory=dict)
    """JSON files by name."""
    packages: bool = True
    """Whether the packages that the developer's code imports are there."""
    web: bool = False
    """Whether the HTTP API is there, with the packages that it imports."""

    @property
    def requirements(self) -> Path | None:
        """List of the packages that its code imports; None when it needs no others than the framework does."""
        if self.web:
            return API_LOCK
        wanted = self.analysis / REQUIREMENTS if self.analysis and self.packages else None
        return wanted if wanted and wanted.is_file() else None

    @property
    def is_whole(self) -> bool:
        """Whether the bundle has the framework too; else it is used with the layer."""
        return self.requirements is not None


def bundle(contents: Contents, machine: Machine, cache: Path, limit_bytes: int = LIMIT_BYTES) -> Path:
    """The folder of the code of a function or an environment, made if it is not in the cache.

    Raises:
        InvalidAnalysis: when packages cannot be had for the machine, or the code is larger than it may be.
    """

    def make(building: Path) -> None:
        if contents.requirements:
            _link(_packages(contents.requirements, machine, cache), building)
            _link(_compiled_framework(machine, cache, web=contents.web), building)
        for source in _entry_points():
            _copy(source, building / source.relative_to(ROOT))
        if contents.analysis:
            for source in sorted(_code(contents.analysis)):
                _copy(source, building / "analysis" / source.relative_to(contents.analysis))
        for name, document in contents.documents.items():
            (building / name).write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        for folder in ("analysis", *ROOMS):
            _compile(building / folder, machine)
        below = 0 if contents.is_whole else size_of(layer(machine, cache))
        _check_size(size_of(building) + below, contents, limit_bytes)

    return _made(cache / _digest(contents, machine), make)


def layer(machine: Machine, cache: Path) -> Path:
    """The folder of the layer, as it is unpacked into /opt: the framework and what it imports.

    Raises:
        InvalidAnalysis: when packages cannot be had for the machine.
    """
    parts = [_packages(None, machine, cache), _compiled_framework(machine, cache)]
    target = cache / f"layer-{hashlib.sha256(' '.join(part.name for part in parts).encode()).hexdigest()[:32]}"

    def make(building: Path) -> None:
        for part in parts:
            _link(part, building / LAYER_FOLDER)

    return _made(target, make)


@functools.cache
def content_hash(folder: Path) -> str:
    """Of the names and contents of the files of a bundle or layer, by which its asset is known."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def carries_bytecode(machine: Machine) -> bool:
    """Whether bundles have compiled code: only the version of Python that runs here can make it.

    A function's folder cannot be written to, so that without it each cold start compiles all that it imports.
    """
    return machine.python == f"{sys.version_info.major}.{sys.version_info.minor}"


def _compile(path: Path, machine: Machine) -> None:
    """Add bytecode that names files as the function knows them, holds no times, and is not checked against its source."""
    if not carries_bytecode(machine) or not path.exists():
        return
    base = path.parent
    options: dict[str, Any] = {
        "quiet": 2, "stripdir": str(base), "prependdir": "/var/task", "invalidation_mode": PycInvalidationMode.UNCHECKED_HASH,
    }  # fmt: skip
    if path.is_dir():
        compileall.compile_dir(path, **options)
    else:
        compileall.compile_file(path, **options)


def _packages(requirements: Path | None, machine: Machine, cache: Path) -> Path:
    """The folder of the packages that the framework imports, with those that a developer lists."""
    lists = [requirements, LOCK] if requirements else [LOCK]
    digest = hashlib.sha256(_maker(machine) + b"".join(path.read_bytes() for path in lists)).hexdigest()

    def make(building: Path) -> None:
        _install(requirements or LOCK, machine, building)
        _strip(building)
        base = _packages(None, machine, cache) if requirements else None
        if base:
            _put_over(base, building)
        for path in sorted(building.iterdir()):
            has_bytecode = base is not None and (base / path.name).is_dir()
            if path.suffix == ".py" or (path.is_dir() and not has_bytecode):
                _compile(path, machine)

    return _made(cache / f"packages-{digest[:32]}", make)


def _put_over(base: Path, folder: Path) -> None:
    """Have the framework's packages in a folder in the versions that it is tested with, whichever others were there."""
    for entry in base.iterdir():
        if entry.name == "__pycache__":
            continue
        project = f"{entry.stem.rpartition('-')[0]}-*.dist-info" if entry.suffix == ".dist-info" else entry.name
        for other in list(folder.glob(project)):
            shutil.rmtree(other) if other.is_dir() else other.unlink()
        if entry.is_dir():
            _link(entry, folder / entry.name)
        else:
            os.link(entry, folder / entry.name)


def _link(source: Path, target: Path) -> None:
    """The same files in a second folder, beside what it has."""
    shutil.copytree(source, target, copy_function=os.link, dirs_exist_ok=True)


def _compiled_framework(machine: Machine, cache: Path, *, web: bool = False) -> Path:
    """The folder of the framework, which all bundles share that are alike in this."""
    package = Path(skyburst.__file__).parent
    digest = hashlib.sha256(_maker(machine))
    files = sorted(_framework(package, web=web))
    for path in files:
        digest.update(f"{path.relative_to(package)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())

    def make(building: Path) -> None:
        for source in files:
            _copy(source, building / "skyburst" / source.relative_to(package))
        _compile(building / "skyburst", machine)
        _keep_metadata(building)

    return _made(cache / f"framework-{digest.hexdigest()[:32]}", make)


def _maker(machine: Machine) -> bytes:
    """What makes a bundle: this file, and the Python that compiles."""
    compiler = sys.version if carries_bytecode(machine) else ""
    return f"{machine}\n{compiler}\n".encode() + Path(__file__).read_bytes()


def _made(target: Path, make: Callable[[Path], None]) -> Path:
    """A folder that gets its name when it is complete. Of several that want it at once one makes it, and the others wait."""
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        if target.is_dir():
            return target
        building = Path(tempfile.mkdtemp(dir=target.parent, prefix="building-"))
        try:
            make(building)
            building.rename(target)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return target


def _check_size(size: int, contents: Contents, limit_bytes: int) -> None:
    if size > limit_bytes:
        kind = "a function" if limit_bytes == LIMIT_BYTES else "an environment"
        raise InvalidAnalysis(
            f"the code of {contents.analysis or 'the framework'} takes {size / 2**20:.0f} MiB with its packages: {kind} "
            f"may have {limit_bytes // 2**20} MiB"
        )


def size_of(folder: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _install(requirements: Path, machine: Machine, target: Path) -> None:
    # Each that there is, as pip knows only those that it is given.
    features = [*(f"manylinux_2_{minor}" for minor in range(17, machine.c_library + 1)), "manylinux2014"]
    platforms = [f"--platform={feature}_{machine.wheels}" for feature in features]
    command = [
        sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile",
        "--only-binary=:all:", f"--python-version={machine.python}", "--implementation=cp", *platforms,
        f"--target={target}", "--upgrade", f"--requirement={requirements}",
    ]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise InvalidAnalysis(
            f"the packages of {requirements} cannot be had for Python {machine.python} on {machine.architecture} with the C "
            f"library 2.{machine.c_library}{_newer(machine)}: {ended.stderr.strip()[-2_000:]}"
        )


def _newer(machine: Machine) -> str:
    """A hint at versions of Python that newer packages run on."""
    old = machine.c_library < max(C_LIBRARIES.values())
    return ", and may be for Python 3.12 or later, whose machines have a newer one" if old else ""


def _strip(folder: Path) -> None:
    """Remove what functions never read."""
    for name in NOT_READ:
        shutil.rmtree(folder / name, ignore_errors=True)
    utilities = folder / "aws_lambda_powertools" / "utilities"
    for path in utilities.glob("*/"):
        if path.name not in UTILITIES:
            shutil.rmtree(path)
    for tests in [
        path for path in folder.rglob("tests") if path.is_dir() and path.relative_to(folder).parts[0] in TESTED
    ]:
        shutil.rmtree(tests)
    _strip_services(folder / "botocore" / "data")
    for cache in list(folder.rglob("__pycache__")):
        shutil.rmtree(cache)
    for record in list(folder.glob("*.dist-info")):
        for file in record.iterdir():
            if file.name != "METADATA":
                shutil.rmtree(file) if file.is_dir() else file.unlink()


def _strip_services(data: Path) -> None:
    """Keep the newest description of each service that is called, and no others."""
    for service in data.glob("*/"):
        if service.name not in SERVICES:
            shutil.rmtree(service)
        else:
            for older in sorted(service.iterdir())[:-1]:
                shutil.rmtree(older)


def _keep_metadata(folder: Path) -> None:
    """Have the certificate name the framework's packages, as it does where it is installed."""
    metadata = importlib.metadata.distribution("skyburst").read_text("METADATA")
    if metadata:
        target = folder / f"skyburst-{skyburst.__version__}.dist-info"
        target.mkdir()
        (target / "METADATA").write_text(metadata, encoding="utf-8")


def _framework(package: Path, *, web: bool = False) -> Iterator[Path]:
    """Its modules, and what they read: prices, schemas, helpers of commands."""
    for path in package.rglob("*"):
        parts = path.relative_to(package).parts
        if web and parts[0] == WEB:
            parts = parts[1:]
        if path.suffix in CARRIED and path.is_file() and NOT_DEPLOYED.isdisjoint(parts):
            yield path


def _code(folder: Path) -> Iterator[Path]:
    """Files of an analysis, but for its tests and what is no code of it."""
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part in NOT_CODE for part in parts)
        if path.is_file() and not hidden and not parts[-1].startswith("test_"):
            yield path


def _entry_points() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).glob("*.py"))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _digest(contents: Contents, machine: Machine) -> str:
    """Of everything that goes into a bundle."""
    digest = hashlib.sha256(_maker(machine) + json.dumps(contents.documents, sort_keys=True).encode())
    files = [(path, str(path.relative_to(ROOT))) for path in _entry_points()]
    if contents.requirements:
        package = Path(skyburst.__file__).parent
        files += [(path, f"framework/{path.relative_to(package)}") for path in _framework(package, web=contents.web)]
        files += [(path, f"lock/{path.name}") for path in (contents.requirements, LOCK)]
    if contents.analysis:
        files += [(path, f"analysis/{path.relative_to(contents.analysis)}") for path in _code(contents.analysis)]
    for path, name in sorted(files, key=lambda entry: entry[1]):
        digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]
