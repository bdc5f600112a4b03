"""Stands in for the client of a container engine: does what it is told on this machine, and keeps a journal of it.

It has no images and keeps nothing apart; it maps the paths of mounts, takes variables by name, and ends what it runs when
told to. JOURNAL names the folder of the journal.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(os.environ["JOURNAL"])
FLAGS = {"--init"}


def main(words: list[str]) -> int:
    with open(FOLDER / "calls", "a") as file:
        file.write(json.dumps(words) + "\n")
    verb = words[0]
    if verb == "version":
        return 0
    if verb == "run":
        return run(words[1:])
    name = words[-1]
    if verb in ("stop", "rm"):
        end(name, signal.SIGTERM if verb == "stop" else signal.SIGKILL)
    elif verb == "stats":
        print("12.50% 3.5MiB / 2GiB")
    elif verb == "inspect":
        print("true" if (FOLDER / "oom").exists() else "false")
    return 0


def run(words: list[str]) -> int:
    options: dict[str, list[str]] = {}
    while words[0].startswith("--"):
        option = words.pop(0)
        options.setdefault(option, []).append("" if option in FLAGS else words.pop(0))
    _, *arguments = words
    paths = {}
    for mount in options["--mount"]:
        fields = dict(field.partition("=")[::2] for field in next(csv.reader([mount])))
        paths[fields["target"]] = fields["source"]

    def here(text: str) -> str:
        for target, source in sorted(paths.items(), key=lambda entry: -len(entry[0])):
            text = text.replace(target, source)
        return text

    variables = {"PATH": "/usr/bin:/bin"}
    for entry in options["--env"]:
        name, given, value = entry.partition("=")
        variables[name] = here(value if given else os.environ[name])
    start = here(options["--entrypoint"][0])
    for program in ("skyburst-env", "aws", "neurocaas-contrib"):  # they name the places of containers
        path = Path(start).parent / program
        path.write_text(here(path.read_text()))
    ran = subprocess.Popen(
        [start, *map(here, arguments)], env=variables, cwd=here(options["--workdir"][0]), start_new_session=True
    )
    (FOLDER / options["--name"][0]).write_text(str(ran.pid))
    signal.signal(signal.SIGTERM, lambda *_: None)
    code = ran.wait()
    return 128 - code if code < 0 else code


def end(name: str, number: int) -> None:
    path = FOLDER / name
    if path.exists():
        try:
            os.killpg(int(path.read_text()), number)
        except ProcessLookupError:
            return
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
