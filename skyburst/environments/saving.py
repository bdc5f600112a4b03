"""Save an environment: build its container image, push it, and put its digest into the blueprint."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from skyburst.contracts.blueprint import FILE, Blueprint, parse_blueprint
from skyburst.contracts.refusals import IMAGE
from skyburst.errors import Invalid, InvalidBlueprint, ToolFailed
from skyburst.local_files import write_whole

RECIPES = ("Dockerfile", "Containerfile")
REPOSITORY = re.compile(r"[a-z0-9][a-z0-9._/:-]*\Z")
SECTION = re.compile(r"\s*\[\s*environment\s*\]\s*(#.*)?\Z")
NEXT_SECTION = re.compile(r"\s*\[")
FIELD = re.compile(r"(?P<start>\s*image\s*=\s*)(?P<value>\"[^\"]*\"|'[^']*')(?P<end>\s*(#.*)?)\Z")
LONGEST_SAID = 2_000
Run = Callable[[Sequence[str]], str]
"""Runs a program and gives what it prints; raises ToolFailed."""


def with_image(text: str, image: str, where: str) -> str:
    """A blueprint's file that names another image: one line is changed or added, and all else stays, comments too. Pure.

    Args:
        text: of the file.
        image: `REPOSITORY@sha256:DIGEST`.
        where: what it is called in errors.

    Raises:
        Invalid: when the image is not named by its digest.
        InvalidBlueprint: when the file is written in a way in which no one line can be changed.
    """
    if not re.match(IMAGE, image):
        raise Invalid(f"the image is {image!r}: expected REPOSITORY@sha256:DIGEST, a digest of 64 hexadecimal digits")
    before = _read(text, where)
    changed = _changed(text, image)
    environment = before.get("environment", {})
    wanted = {**before, "environment": {**environment, "image": image} if isinstance(environment, dict) else None}
    try:
        same = tomllib.loads(changed) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise InvalidBlueprint(
            f"{where}: [environment] is written in a way that no line of it can be changed: write "
            f'image = "{image}" there yourself'
        )
    return changed


def save_image(folder: Path, image: str) -> Blueprint:
    """Put an image into a folder's blueprint; the blueprint as it is then.

    Raises:
        Invalid, InvalidBlueprint: as `with_image`; also when the blueprint cannot be used then.
        StorageError: when it cannot be written.
    """
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidBlueprint(f"{path} cannot be read: {error}") from error
    changed = with_image(text, image, str(path))
    blueprint = parse_blueprint(tomllib.loads(changed), str(path))
    write_whole(path, changed.encode())
    return blueprint


def recipe_of(folder: Path) -> Path | None:
    """The file that says how the image is built, if there is one."""
    return next((folder / name for name in RECIPES if (folder / name).is_file()), None)


def make_image(engine: str, tag: str, run: Run, *, recipe: Path | None = None, container: str | None = None) -> str:
    """Build an image of a recipe, or of a container as it is now, push it, and give it by its digest.

    Args:
        engine: path of the container engine's program.
        tag: `REPOSITORY:TAG` to push it to.
        run: runs a program.
        recipe: a Dockerfile, whose folder is what it is built of.
        container: name of a container; when there is no recipe.

    Raises:
        Invalid: when the tag is none.
        ToolFailed: when the engine does not do it, or the registry gives no digest.
    """
    if not REPOSITORY.match(tag):
        raise Invalid(
            f"{tag!r} is no place for an image: expected REPOSITORY:TAG, such as registry.example.org/lab/track:1"
        )
    if recipe is not None:
        run([engine, "build", "--file", str(recipe), "--tag", tag, str(recipe.parent)])
    elif container is not None:
        run([engine, "commit", container, tag])
    else:
        raise Invalid("there is neither a Dockerfile nor a container to make an image of")
    run([engine, "push", tag])
    digests = run([engine, "image", "inspect", "--format", "{{range .RepoDigests}}{{println .}}{{end}}", tag]).split()
    repository = tag.rpartition(":")[0] if ":" in tag.rpartition("/")[2] else tag
    found = next((digest for digest in digests if digest.partition("@")[0].endswith(repository)), None)
    if found is None or not re.match(IMAGE, found):
        raise ToolFailed(
            f"{engine} knows no digest of {tag}: it says {digests}; push it to a registry, which gives one"
        )
    return found


def run_tool(words: Sequence[str]) -> str:
    """Run a program whose messages go where ours go; what it prints on standard output.

    Raises:
        ToolFailed: when it does not succeed.
    """
    try:
        ended = subprocess.run(list(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    except OSError as error:
        raise ToolFailed(f"{words[0]} cannot be run: {error.strerror}") from error
    if ended.returncode:
        said = ended.stdout.strip()[-LONGEST_SAID:]
        raise ToolFailed(f"`{' '.join(words[:2])}` ended with {ended.returncode}{f': {said}' if said else ''}")
    return ended.stdout


def _changed(text: str, image: str) -> str:
    lines = text.splitlines(keepends=True)
    start = next((number for number, line in enumerate(lines) if SECTION.match(line.rstrip("\r\n"))), None)
    new = f'image = "{image}"'
    if start is None:
        end = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{end}\n[environment]\n{new}\n"
    for number in range(start + 1, len(lines)):
        line = lines[number].rstrip("\r\n")
        if NEXT_SECTION.match(line):
            break
        found = FIELD.match(line)
        if found:
            ending = lines[number][len(line) :]
            lines[number] = f'{found["start"]}"{image}"{found["end"]}{ending}'
            return "".join(lines)
    ending = "\r\n" if lines[start].endswith("\r\n") else "\n"
    if not lines[start].endswith("\n"):
        lines[start] += "\n"
    lines.insert(start + 1, f"{new}{ending}")
    return "".join(lines)


def _read(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidBlueprint(f"{where} is not TOML: {error}") from error
