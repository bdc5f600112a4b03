"""The blueprint: the versioned file that describes an analysis."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from skyburst.contracts.job import Positive, Seconds, Share
from skyburst.contracts.parameters import check_declared, with_json_defaults
from skyburst.contracts.presets import PresetSection, check_form, check_preset, presets_in
from skyburst.contracts.refusals import AMI, IMAGE, INSTANCE_TYPE, LINK, NAME, REFERENCE, VERSION, explain
from skyburst.errors import InvalidBlueprint

FILE = "blueprint.toml"
FORMAT = 1
BLUEPRINTS_KEPT = 64
Reference = Annotated[str, msgspec.Meta(pattern=REFERENCE)]
Name = Annotated[str, msgspec.Meta(pattern=NAME)]
Link = Annotated[str, msgspec.Meta(pattern=LINK, max_length=2_000)]
NOT_CODE = {"__pycache__", "node_modules", "venv"}
LARGEST_CODE = 1 << 20
ANY = "any"
"""In place of declared parameters: whatever is given is handed on."""
MOST_WRITES = 10
"""A policy holds 6,144 characters."""
OWN = ("answers", "batches", "items", "jobs", "map-runs", "people", "retention", "uploads", "web")
"""What the keys of a deployment's own objects start with: no analysis may write there."""
WRITABLE = re.compile(r"(?P<first>[\w!.'()-]+)(/[\w!.'()*-]+)*\Z", re.ASCII)
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*\Z")
INTERPRETERS = {".sh": "bash", ".py": "python3", ".r": "Rscript", ".jl": "julia", ".pl": "perl", ".js": "node"}
"""Of scripts, by the ends of their names."""
COMMAND_WORKER = "skyburst.environments.dataset:run"
"""The worker of an analysis that is a command."""
COMMAND_COMBINER = "skyburst.environments.dataset:collect"
BESIDE = re.compile(r"\.\./(?!\.+\Z)[^/\\\x00-\x1f]+\Z")


class JobDefaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a job specification that leaves these fields out gets."""

    batch_size: Positive | None = None
    """Items given to one worker at a time."""
    max_parallelism: Positive | None = None
    """Batches in flight at once, at most."""
    timeout_s: Seconds | None = None
    """Seconds until a job is ended as TIMED_OUT."""
    tolerated_failure_percent: Share = 0
    """Share of the batches that may fail."""


class Resources(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a worker needs."""

    memory_mb: Annotated[int, msgspec.Meta(ge=128, le=10_240)] = 2_048
    """MiB of memory for each worker."""
    disk_mb: Annotated[int, msgspec.Meta(ge=512, le=10_240)] = 512
    """MiB of `/tmp` for each worker and the combiner at home aws; more than 512 is paid for by the second."""
    batch_timeout_s: Annotated[float, msgspec.Meta(gt=0, le=900)] = 300
    """Seconds until one attempt at a batch is ended."""
    combiner_timeout_s: Annotated[float, msgspec.Meta(gt=0, le=900)] = 900
    """Seconds until one call of the combiner, or of the function that lists the items, is ended."""
    attempts: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3
    """Attempts at a batch before it is FAILED."""
    writes: Annotated[list[str], msgspec.Meta(max_length=MOST_WRITES)] = []
    """Keys of the deployment's bucket, with `*` for anything, that workers and the combiner write, and the combiner removes, at
    home aws besides what is their job's."""


class LibrarySection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How libraries of this analysis are made."""

    describe: Reference
    """Function of a file's path that checks and describes one item."""
    generate: Reference | None = None
    """Function that makes an example library."""
    variants: Reference | None = None
    """Function of the path of an item's file that makes further files of it."""
    index: Name | None = None
    """Name of the analysis whose jobs build the index of a library."""


class SecondStageSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done in parallel on what the combiner found, before the result is made of it."""

    tasks: Reference
    """Function of the combined value and a context that gives the tasks; when there are none, the stage is passed over."""
    worker: Reference
    """Function of one task and a context."""
    merge: Reference
    """Function of the combined value, the results in the order of the tasks, and a context: the value from then on."""


class EnvironmentSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The machine that an analysis needs when it does not run in a function, and how it is had."""

    image: Annotated[str, msgspec.Meta(pattern=IMAGE)] | None = None
    """Container image by digest. None: at home aws the one of the deployment, which has Python and the analysis' requirements."""
    vcpus: Positive = 1
    """Virtual processors for each batch."""
    memory_mb: Annotated[int, msgspec.Meta(ge=128, le=24_000_000)] = 2_048
    """MiB of memory for each batch."""
    gpus: Annotated[int, msgspec.Meta(ge=0, le=16)] = 0
    """GPUs for each batch."""
    disk_gb: Annotated[int, msgspec.Meta(ge=8, le=16_384)] = 30
    """GiB of disk for each batch: its image, its data and its results."""
    timeout_min: Annotated[float, msgspec.Meta(gt=0, le=20_160)] = 60
    """Minutes until one attempt at a batch is ended; 14 days at most."""
    instance_types: list[Annotated[str, msgspec.Meta(pattern=INSTANCE_TYPE)]] = []
    """EC2 instance types, such as `m5.4xlarge`, or families, such as `c7i`, of which a size is chosen. Empty: chosen by what is
    needed."""
    max_concurrent: Positive = 100
    """Batches of all jobs of the analysis that run at once; further ones wait."""
    pricing: Literal["on_demand", "spot"] = "on_demand"
    """`spot`: spare capacity for less. What is taken away runs again; where none is to be had, it runs on demand."""
    ami: Annotated[str, msgspec.Meta(pattern=AMI)] | None = None
    """Machine image of the instances; None for the one of AWS Batch."""
    attempts: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3
    """Attempts at a batch whose machine was taken away or broke. The analysis' own failure is not tried again."""
    fallback: bool = False
    """Whether a batch that ran out of time or memory in a function runs once more in an environment."""
    variables: dict[str, str] = {}
    """Variables of the command's environment."""


class NextSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An analysis that follows this one, with its results as data."""

    analysis: Name
    on: Literal["all", "each"] = "all"
    """`all`: one job over the results of all datasets, once all are done; `each`: one for each dataset, as soon as it is done."""
    parameters: dict[str, Any] = {}
    """Parameters of the job that follows."""


class Blueprint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An analysis, described."""

    blueprint: int
    """Version of this format: 1."""
    name: Name
    """Lower-case letters, digits and hyphens."""
    version: Annotated[str, msgspec.Meta(pattern=VERSION)]
    """Version of the analysis, such as 1.0.0."""
    title: str = ""
    description: str = ""
    links: dict[Annotated[str, msgspec.Meta(min_length=1, max_length=60)], Link] = {}
    """Where more is said of it, by what people read: its paper, its code, a demonstration."""
    worker: Reference
    """`module:function` in the analysis' folder. Of an analysis that is a command: the engine's own."""
    combiner: Reference
    """`module:combiner` in the analysis' folder. Of an analysis that is a command: the engine's own unless there is one."""
    command: Annotated[list[Annotated[str, msgspec.Meta(min_length=1)]], msgspec.Meta(min_length=1)] | None = None
    """Instead of a worker: a program and its arguments that is run in the analysis' folder for each dataset, in any language."""
    compute: Literal["lambda", "ec2", "auto"] = "auto"
    """Where batches run at home aws: in functions of Lambda, in environments on EC2, or where what they need is to be had."""
    environment: EnvironmentSection | None = None
    next: list[NextSection] = []
    """Analyses that follow."""
    items: Reference | None = None
    """`module:function` that lists the items of a job from its parameters."""
    code: str | None = None
    """`../FOLDER`, the folder of its modules when that is not the blueprint's own: one beside it."""
    second_stage: SecondStageSection | None = None
    job: JobDefaults = JobDefaults()
    resources: Resources = Resources()
    parameters: dict[str, dict[str, Any]] | None = {}
    """Parameters by name: JSON Schema and a default. None, in the file `parameters = "any"`: whatever is given is handed
    on."""
    library: LibrarySection | None = None
    presets: dict[str, PresetSection] = {}
    """Values of parameters to choose from, by the names of the presets, in the order in which they are shown."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        return document


SECTIONS: dict[str, type[msgspec.Struct]] = {
    "second_stage": SecondStageSection,
    "job": JobDefaults,
    "resources": Resources,
    "environment": EnvironmentSection,
    "library": LibrarySection,
}


def load_blueprint(folder: Path) -> Blueprint:
    """Read a folder's blueprint.

    Raises:
        InvalidBlueprint: naming the file, the field and what was expected; also when the folder of its code is not there.
    """
    path = folder / FILE
    try:
        blueprint = _parsed(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError as error:
        raise InvalidBlueprint(f"{path} does not exist: an analysis is a folder with a {FILE}") from error
    except OSError as error:
        raise InvalidBlueprint(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidBlueprint(f"{path} is not TOML: {error}") from error
    code_folder(folder, blueprint)
    return blueprint


@lru_cache(BLUEPRINTS_KEPT)
def _parsed(text: str, where: str) -> Blueprint:
    """A command looks analyses up several times; checking what they declare takes longer than all else it does."""
    return parse_blueprint(tomllib.loads(text), where)


def code_folder(folder: Path, blueprint: Blueprint) -> Path:
    """The folder of the modules of an analysis: that of its blueprint, or one beside it.

    Raises:
        InvalidBlueprint: when there is no such folder, or a link leads somewhere else.
    """
    if blueprint.code is None:
        return folder
    code = folder.resolve().parent / blueprint.code.removeprefix("../")
    if not code.is_dir() or code.is_symlink() or code == folder.resolve():
        raise InvalidBlueprint(
            f"{folder / FILE}: code is {blueprint.code!r}: expected a folder beside {folder.resolve()}, and {code} is none"
        )
    return code


def parse_blueprint(document: dict[str, Any], where: str) -> Blueprint:
    """Check a blueprint that was read from somewhere."""
    check_format(document, where)  # first: a later format may have other fields
    refuse_unknown(document, Blueprint, where, "")
    for section, kind in SECTIONS.items():
        if isinstance(document.get(section), dict):
            refuse_unknown(document[section], kind, where, f"{section}.")
    for name, entry in presets_in(document).items():
        check_form(name, entry, where)
    document = with_any_parameters(document)
    if "parameters" in document:
        document = {**document, "parameters": with_json_defaults(document["parameters"], where)}
    check_words(document, where)
    document = with_command(document, where)
    try:
        blueprint = msgspec.convert(document, Blueprint)
    except msgspec.ValidationError as error:
        raise InvalidBlueprint(f"{where}: {explain(error, document, '', Blueprint)}") from error
    for problem in contradictions(blueprint):
        raise InvalidBlueprint(f"{where}: {problem}")
    check_declared(blueprint.parameters or {}, where)
    for name, preset in blueprint.presets.items():
        check_preset(name, preset.parameters, blueprint.parameters, where)
    return blueprint


def check_format(document: dict[str, Any], where: str) -> None:
    """Raise InvalidBlueprint when a blueprint is of another format than this version reads."""
    given = document.get("blueprint", FORMAT)
    if given != FORMAT and isinstance(given, int):
        raise InvalidBlueprint(f"{where}: blueprint = {given}, and this version of skyburst reads {FORMAT}")


def digest_of_code(path: Path, blueprint: Path | None = None) -> str:
    """SHA-256, hexadecimal, over the names and contents of the files of an analysis: its code's version.

    Files over 1 MiB are data, and count with their size; hidden folders and caches do not count.

    Args:
        path: the folder of its code, or its single file.
        blueprint: the folder of its blueprint, which counts too when it is another one.
    """
    digest = hashlib.sha256()
    root = path.parent if path.is_file() else path
    for file in [path] if path.is_file() else sorted(_code_files(path)):
        size = file.stat().st_size
        content = str(size).encode() if size > LARGEST_CODE else hashlib.sha256(file.read_bytes()).digest()
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + content)
    if blueprint is not None and blueprint != path:
        digest.update(f"../{FILE}\0".encode() + hashlib.sha256((blueprint / FILE).read_bytes()).digest())
    return digest.hexdigest()


def contradictions(blueprint: Blueprint) -> Iterator[str]:
    """What is wrong with a blueprint each field of which has the right form: values that cannot be, or not together."""
    if blueprint.code is not None and not BESIDE.match(blueprint.code):
        yield f"code is {blueprint.code!r}: expected '../FOLDER', a folder beside that of the blueprint"
    for key in blueprint.resources.writes:
        yield from _unwritable(key)
    yield from _environment_contradictions(blueprint)


def with_any_parameters(document: dict[str, Any]) -> dict[str, Any]:
    """The document, with null, which TOML does not have, for `parameters = "any"`."""
    return {**document, "parameters": None} if document.get("parameters") == ANY else document


def check_words(document: dict[str, Any], where: str) -> None:
    """Raises InvalidBlueprint when a command is one text: there is no shell that could take it apart."""
    command = document.get("command")
    if isinstance(command, str):
        given, words = (json.dumps(one, ensure_ascii=False) for one in (command, words_meant(command or "run.sh")))
        raise InvalidBlueprint(f"{where}: command is {given}: expected a list of its words, such as command = {words}")


def words_meant(command: str) -> list[str]:
    """The words that somebody probably means who writes a command as one text, with the interpreter of a script."""
    try:
        words = shlex.split(command)
    except ValueError:  # a quotation mark is open
        words = command.split()
    interpreter = INTERPRETERS.get(Path(words[0]).suffix.lower()) if words else None
    return [*([interpreter] if interpreter else []), *words]


def with_command(document: dict[str, Any], where: str) -> dict[str, Any]:
    """The document of an analysis, with the engine's own worker when it is a command.

    Raises:
        InvalidBlueprint: when it has a worker too.
    """
    if document.get("command") is None:
        return document
    worker = document.get("worker", COMMAND_WORKER)
    if worker != COMMAND_WORKER:
        raise InvalidBlueprint(
            f"{where}: worker is {worker!r}, and there is a command too: an analysis has one of them"
        )
    return {"combiner": COMMAND_COMBINER, **document, "worker": worker}


def _environment_contradictions(blueprint: Blueprint) -> Iterator[str]:
    """What only an environment has, in a function; and variables that are the engine's own."""
    needs = blueprint.environment or EnvironmentSection()
    for name in needs.variables:
        if not VARIABLE.match(name) or name.startswith("SKYBURST_"):
            yield (
                f"environment.variables has {name!r}: expected capital letters, digits and _, not starting with "
                "SKYBURST_, which are the engine's own"
            )
    if blueprint.compute != "lambda":
        return
    if blueprint.command:
        yield "compute is 'lambda', and a command needs an environment: say 'ec2' or 'auto'"
    if needs.gpus:
        yield "compute is 'lambda', and functions have no GPU: say 'ec2' or 'auto'"


def _unwritable(key: str) -> Iterator[str]:
    """A pattern's first part has no `*`, so that it cannot match what is the deployment's own."""
    found = WRITABLE.match(key)
    if not found or {".", ".."} & {*key.split("/")}:
        reason = "parts of letters, digits and !_.'()- with / between them, * for anything in all but the first one"
    elif found["first"] in OWN:
        reason = f"one that does not start with {', '.join(OWN)}, where the objects of the deployment itself are"
    else:
        return
    yield f"resources.writes has {key!r}: expected a key of the deployment's bucket, {reason}"


def _code_files(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name.startswith(".") or entry.name in NOT_CODE or entry.suffix == ".pyc":
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from _code_files(entry)
        elif entry.is_file():
            yield entry


def refuse_unknown(document: dict[str, Any], kind: type[msgspec.Struct], where: str, prefix: str) -> None:
    """Raise InvalidBlueprint at the first field that there is not, with one that may have been meant."""
    for field in document:
        if field not in kind.__struct_fields__:
            near = difflib.get_close_matches(field, kind.__struct_fields__, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the fields are {', '.join(kind.__struct_fields__)}"
            raise InvalidBlueprint(f"{where}: {prefix}{field}: there is no such field; {hint}")
