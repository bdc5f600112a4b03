# ruff: noqa: T201 - what it prints is what it is for
"""The program `neurocaas-contrib` in an environment: what scripts of NeuroCAAS analyses call of it.

`workflow` registers and gets data and config, puts results and runs scripts; `scripting` reads YAML and unpacks archives. What
NeuroCAAS fetched from its bucket is in the environment already, and what it uploaded is put among the results.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from skyburst.environments.programs import env, neurocaas
else:  # run as a file, beside the others
    import env
    import neurocaas

PROGRAM = "neurocaas-contrib"
IO_FOLDERS = ("inputs", "configs", "results", "logs")
Run = Callable[[argparse.Namespace], Any]


def main(arguments: Sequence[str]) -> int:
    """Entry point; what the program exits with."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except env.Unusable as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{PROGRAM}: {error.filename or ''}: {error.strerror}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """The commands and their options, as NeuroCAAS has them."""
    program = argparse.ArgumentParser(prog=PROGRAM, description="What scripts of NeuroCAAS analyses call, in skyburst.")
    groups = program.add_subparsers(metavar="GROUP", required=True)
    groups.add_parser("variables", help="Print what scripts of the older style find as variables.").set_defaults(
        run=print_variables
    )
    workflow = groups.add_parser("workflow", help="Data, config, results.").add_subparsers(
        metavar="COMMAND", required=True
    )

    def command(name: str, run: Run, *options: str, required: str = "") -> None:
        added = workflow.add_parser(name)
        added.set_defaults(run=run, command=name)
        for letters in options:
            flag, _, kind = letters.partition(" ")
            short, _, long = flag.partition("/")
            if kind:
                added.add_argument(f"-{short}", f"--{long}", metavar=kind, required=short in required)
            else:
                added.add_argument(f"-{short}", f"--{long}", action="store_true")

    command("initialize-job", initialize, "p/path DIR", required="p")
    for kind in ("dataset", "config", "file", "resultpath"):
        command(f"register-{kind}", register, "b/bucket BUCKET", "k/key KEY", "l/localpath FILE", "n/name NAME")
    for kind in ("data", "config", "file"):
        command(f"get-{kind}", get, "o/outputpath DIR", "f/force", "d/display", "n/name NAME")
        command(f"get-{kind}path", get_path, "n/name NAME")
    command("get-filename", get_name, "n/name NAME")
    for kind in ("dataname", "configname", "group", "bucket"):
        command(f"get-{kind}", get_name)
    for kind in ("get-resultpath", "get-resultpath-tmp"):
        command(kind, get_result_path, "l/locallocation FILE")
    command("put-result", put_result, "r/result FILE", "d/display", required="r")
    command("log-command", run_script, "b/bucket BUCKET", "c/command COMMAND", "r/resultpath KEY", required="c")
    command("log-command-local", run_script, "c/command COMMAND", "p/path DIR", required="c")
    command("cleanup", cleanup)
    scripting = groups.add_parser("scripting", help="For scripts.").add_subparsers(metavar="COMMAND", required=True)
    read = scripting.add_parser("read-yaml")
    read.set_defaults(run=read_yaml)
    read.add_argument("-p", "--path", metavar="FILE", required=True)
    read.add_argument("-f", "--field", metavar="FIELD", required=True)
    read.add_argument("-d", "--default", metavar="VALUE")
    unzip = scripting.add_parser("parse-zip")
    unzip.set_defaults(run=parse_zip)
    unzip.add_argument("-z", "--zippath", metavar="FILE", required=True)
    unzip.add_argument("-o", "--outpath", metavar="DIR")
    return program


def print_variables(options: argparse.Namespace) -> None:
    """Print `NAME=value` for each variable that scripts of the older style use."""
    del options
    names = neurocaas.these_names()
    variables = {
        "bucketname": names.bucket,
        "groupdir": names.group,
        "resultdir": names.resultdir,
        "processdir": names.processdir,
        "dataname": names.dataname,
        "inputpath": names.inputpath,
        "configname": names.configname,
        "configpath": names.configpath,
        "userhome": env.variable("HOME"),
    }
    for name, value in variables.items():
        print(f"{name}={value}")


def initialize(options: argparse.Namespace) -> None:
    """Make the folders that a job of NeuroCAAS has."""
    for name in IO_FOLDERS:
        (Path(options.path) / name).mkdir(parents=True, exist_ok=True)
    neurocaas.register("job", path=str(Path(options.path).absolute()))


def register(options: argparse.Namespace) -> None:
    """Note a file of this machine that is to be used instead; what is named by a key is in the environment already."""
    kind = options.command[len("register-") :]
    if kind == "file" and not options.name:
        raise env.Unusable("register-file: -n is missing: give the file a name")
    if options.localpath:
        source = Path(options.localpath)
        if kind != "resultpath" and not source.exists():
            raise env.Unusable(f"{options.command}: there is no file or folder {options.localpath!r}")
        neurocaas.register(_entry(kind, options.name), source=str(source.absolute()))
    elif kind == "file":
        names = neurocaas.these_names()
        place = neurocaas.place_of(f"s3://{options.bucket or names.bucket}/{options.key}", names)
        place = place or Path(env.variable("SKYBURST_INPUTS")) / Path(options.key or "").name
        if not place.exists():
            raise env.Unusable(
                f"register-file: there is no {options.key!r} among the data of this dataset: add it to its data"
            )
        neurocaas.register(_entry(kind, options.name), source=str(place))


def get(options: argparse.Namespace) -> None:
    """Copy the data, the config or a registered file to a folder; one that is there already stays unless forced."""
    kind = {"get-data": "dataset"}.get(options.command, options.command[len("get-") :])
    entry = _entry(kind, options.name)
    sources = _sources(kind, options.name)
    folder = Path(options.outputpath) if options.outputpath else _default_folder(kind)
    copies = []
    for source in sources:
        there = folder / source.name
        copies.append(there if there.exists() and not options.force else env.copied(source, folder))
    if copies:
        neurocaas.register(entry, local=str(copies[0]))


def get_path(options: argparse.Namespace) -> None:
    """Print where the data, the config or a registered file is."""
    kind = {"get-datapath": "dataset"}.get(options.command, options.command[len("get-") : -len("path")])
    local = neurocaas.registered().get(_entry(kind, options.name), {}).get("local")
    print(local or _sources(kind, options.name)[0])


def get_name(options: argparse.Namespace) -> None:
    """Print a name."""
    names = neurocaas.these_names()
    if options.command == "get-filename":
        print(_sources("file", options.name)[0].name)
        return
    print(getattr(names, options.command[len("get-") :]))


def get_result_path(options: argparse.Namespace) -> None:
    """Print the URL that a result has when it is put: the program `aws` of environments knows it."""
    folder = f"{neurocaas.these_names().result_url}/{neurocaas.PROCESSED}"
    print(f"{folder}/{Path(options.locallocation).name}" if options.locallocation else folder)


def put_result(options: argparse.Namespace) -> None:
    """Copy a result to where it is delivered from."""
    source = Path(options.result)
    if not source.exists():
        raise env.Unusable(f"put-result: there is no file or folder {options.result!r}")
    env.copied(source, env.folder_of("SKYBURST_RESULTS"))


def run_script(options: argparse.Namespace) -> int:
    """Run a script, whose output the engine records; what it exits with."""
    words = shlex.split(options.command)
    if not words:
        raise env.Unusable("log-command: -c is empty: name the script")
    path = Path(env.variable("SKYBURST_ANALYSIS")) / words[0]
    if not Path(words[0]).exists() and path.is_file():
        words[0] = str(path)
    code = subprocess.run(words, check=False).returncode
    return 128 - code if code < 0 else code


def cleanup(options: argparse.Namespace) -> None:
    """Put the config and the marker of an update among the results, as each job of NeuroCAAS ends with."""
    del options
    results = env.folder_of("SKYBURST_RESULTS")
    env.copied(_sources("config", None)[0], results)
    (results / "update.txt").touch()


def read_yaml(options: argparse.Namespace) -> None:
    """Print a field of a YAML file, or the default where it has none."""
    path = Path(options.path)
    config = Path(env.variable("SKYBURST_CONFIG"))
    same = config.is_file() and path.read_bytes() == config.read_bytes()
    values = env.values_of(config) if same else _parsed(path)
    if isinstance(values, dict) and options.field in values:
        print(values[options.field])
    elif options.default is not None:
        print(options.default)
    else:
        raise env.Unusable(
            f"read-yaml: {options.path} has no field {options.field!r}, and there is no default: give one with -d"
        )


def parse_zip(options: argparse.Namespace) -> None:
    """Unpack an archive and print the one folder that is in it."""
    folder = Path(options.outpath or Path(options.zippath).parent)
    with zipfile.ZipFile(options.zippath) as archive:
        names = {name.split("/")[0] for name in archive.namelist() if not name.startswith("__MACOSX")}
        if len(names) != 1:
            raise env.Unusable(
                f"parse-zip: {options.zippath} has {len(names)} files and folders at its top: expected one folder"
            )
        archive.extractall(folder)
    shutil.rmtree(folder / "__MACOSX", ignore_errors=True)
    print(names.pop())


def _parsed(path: Path) -> Any:
    """The values of any YAML file, with the library of this Python's packages."""
    import site

    site.main()
    try:
        import yaml
    except ImportError as error:
        raise env.Unusable(
            f"read-yaml: {path} is not the config, and this Python has no PyYAML to read it with"
        ) from error
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise env.Unusable(f"read-yaml: {path} is not YAML: {error}") from error


def _sources(kind: str, name: str | None) -> list[Path]:
    """The files that there are of a kind, the first one first."""
    given = neurocaas.registered().get(_entry(kind, name), {}).get("source")
    if given:
        return [Path(given)]
    if kind == "config":
        return [Path(env.variable("SKYBURST_CONFIG"))]
    folder = env.folder_of("SKYBURST_INPUTS")
    if kind == "file":
        raise env.Unusable(f"no file is registered as {name!r}: register-file does that")
    first = neurocaas.these_names().dataname
    others = sorted(entry.name for entry in folder.iterdir() if entry.name != first)
    if not first:
        raise env.Unusable("this dataset has no data")
    return [folder / found for found in (first, *others)]


def _default_folder(kind: str) -> Path:
    """Where things are copied to when a script does not say."""
    path = Path(neurocaas.registered().get("job", {}).get("path") or Path(env.variable("HOME")) / "contribdata")
    return path / ("configs" if kind == "config" else "inputs")


def _entry(kind: str, name: str | None) -> str:
    return f"file {name}" if kind == "file" else kind


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
