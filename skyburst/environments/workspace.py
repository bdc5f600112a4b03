"""The folders, the variables and the words that a command is run with."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from skyburst.contracts import dataset as contract
from skyburst.contracts.dataset import Dataset, Setup

PROGRAMS = Path(__file__).resolve().parent / "programs"
"""Programs on the command's PATH."""
FOLDERS = ("inputs", "config", "results", "logs", "work", "home", "tmp", "bin")
HELPERS = {"skyburst-env": "env.py", "neurocaas-contrib": "contrib.py", "aws": "aws.py"}
"""Their names, and their files."""
SHELL = "ncap_utils"
"""Folder of functions for scripts of the shell; a script that sources one by its name alone finds it on the PATH."""
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
KEPT = ("LANG", "LC_ALL", "TZ", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "SSL_CERT_FILE")
"""Variables of this process that the command has too."""
LOCALE = "C.UTF-8"


class Workspace:
    """The folder of one attempt at a dataset, with the folders of the contract in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in FOLDERS:
            (root / name).mkdir()

    def __getitem__(self, name: str) -> Path:
        """One of its folders."""
        return self.root / name

    def put_helpers(self, python: str = sys.executable, programs: Path = PROGRAMS, *, search: bool = False) -> None:
        """Make the programs on the command's PATH: small scripts that run a Python, which needs nothing installed.

        Args:
            python: the one that the command finds.
            programs: where it finds the programs.
            search: whether the Python is looked for on the command's PATH.
        """
        word = python if search else _quoted(python)
        for name, file in HELPERS.items():
            path = self["bin"] / name
            path.write_text(f'#!/bin/sh\nexec {word} -E -s -S {_quoted(str(programs / file))} "$@"\n')
            path.chmod(0o755)
        shutil.copytree(PROGRAMS / SHELL, self["bin"] / SHELL)
        for script in (PROGRAMS / SHELL).iterdir():
            shutil.copy(script, self["bin"])


def contract_variables(
    setup: Setup,
    dataset: Dataset,
    *,
    job_id: str,
    attempt: int,
    folders: Mapping[str, Path],
    config: Path,
    analysis: Path,
) -> dict[str, str]:
    """The variables of the contract.

    Args:
        setup: of the environment.
        dataset: which one.
        job_id: of its job.
        attempt: 1 for the first.
        folders: where the command finds the folders of its workspace.
        config: where it finds the config file.
        analysis: where it finds the analysis' folder.
    """
    return {
        contract.INPUTS: str(folders["inputs"]),
        contract.CONFIG: str(config),
        contract.RESULTS: str(folders["results"]),
        contract.LOGS: str(folders["logs"]),
        contract.ANALYSIS: str(analysis),
        contract.JOB: job_id,
        contract.DATASET: dataset.name,
        contract.NUMBER: str(dataset.number),
        contract.ATTEMPT: str(attempt),
        contract.VCPUS: str(setup.vcpus),
        contract.MEMORY_MB: str(setup.memory_mb),
        contract.GPUS: str(len(setup.gpus)),
        contract.TIMEOUT_S: f"{setup.timeout_s:g}",
        "CUDA_VISIBLE_DEVICES": ",".join(setup.gpus),
        contract.BIN: str(folders["bin"]),
        "HOME": str(folders["home"]),
        "TMPDIR": str(folders["tmp"]),
        **setup.variables,
    }


def whole_environment(variables: Mapping[str, str], bin_folder: Path) -> dict[str, str]:
    """All variables of a command that runs on this machine as it is: those of the contract, and what programs need."""
    path = os.pathsep.join(
        [
            str(bin_folder),
            str(Path(sys.executable).parent),
            variables.get("PATH") or os.environ.get("PATH") or DEFAULT_PATH,
        ]
    )
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {"LANG": LOCALE, **kept, **variables, "PATH": path}


def words_of(command: list[str], folder: Path, seen_as: Path | None = None) -> list[str]:
    """The words of a command with files of the analysis' folder as absolute paths.

    A program there that may not be executed, as after it came out of an archive, is given to the interpreter that its first
    line names.

    Args:
        command: program and arguments.
        folder: of the analysis.
        seen_as: where the command finds it, when that is somewhere else.
    """
    words = []
    for number, word in enumerate(command):
        path = _file_in(folder, word)
        if path is None:
            words.append(word)
            continue
        if number == 0 and not os.access(path, os.X_OK):
            words += _interpreter(path)
        words.append(str((seen_as or folder) / path.relative_to(folder)))
    return words


def remove(root: Path) -> None:
    """Remove a folder and all that is in it, subfolders that a command closed too."""
    for folder, names, _ in os.walk(root):
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o700)
    shutil.rmtree(root, ignore_errors=True)


def _file_in(folder: Path, word: str) -> Path | None:
    """The file of a folder that a word names, if it names one there."""
    if not word or word.startswith("/") or "\0" in word or len(word) > os.pathconf(folder, "PC_PATH_MAX") // 2:
        return None
    path = Path(os.path.normpath(folder / word))
    try:
        return path if path.is_relative_to(folder) and path.is_file() else None
    except OSError:  # such as a name that is too long
        return None


def _interpreter(path: Path) -> list[str]:
    with open(path, "rb") as file:
        first = file.readline(256)
    if not first.startswith(b"#!"):
        return []
    return first[2:].decode(errors="replace").split()


def _quoted(word: str) -> str:
    """A path as a word of a script for sh."""
    return "'" + word.replace("'", "'\\''") + "'"
