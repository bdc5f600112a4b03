"""Parameters checked while somebody writes them: as a form, or as text in JSON, YAML or TOML. Pure."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.parameters import Declared, problems_of
from skyburst.errors import InvalidJob, InvalidSubmission, NotJson
from skyburst.submissions.json_documents import read_json, read_yaml
from skyburst.web.documents import Checked, CheckedProblem, ToCheck

MOST_BYTES = 1 << 20
LINE = re.compile(r"\bline (\d+)")
STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def check(given: ToCheck, declared: Declared | None) -> Checked:
    """Everything that is wrong with parameters, each with its field, and of text with its line.

    Args:
        given: the parameters, or a text that has them.
        declared: those of the analysis; None where any are handed on.
    """
    parameters: Any = given.parameters
    if given.text is not None:
        try:
            parameters = _read(given.text, given.format)
        except InvalidSubmission as error:
            line = LINE.search(str(error))
            return Checked(
                parameters=None, problems=[_problem("parameters", f"the text {error}", line and int(line[1]))]
            )
    if not isinstance(parameters, dict):
        return Checked(parameters=None, problems=[_problem("parameters", "expected parameters by their names", None)])
    try:
        found = [] if declared is None else list(problems_of(declared, parameters))
    except InvalidJob as error:
        return Checked(parameters=None, problems=[_problem("parameters", str(error), None)])
    lines = _Lines(given.text, given.format)
    problems = [_problem(problem.field, problem.words, lines.of(problem.field)) for problem in found]
    return Checked(parameters=parameters, problems=problems)


def _problem(field: str, detail: str, line: int | None) -> CheckedProblem:
    return CheckedProblem(field=field, detail=detail, line=line)


def _read(text: str, form: str) -> Any:
    """What a text has, in what JSON can hold. Raises InvalidSubmission, which continues a sentence about it."""
    data = text.encode("utf-8", "replace")
    if form == "json":
        return read_json(data, MOST_BYTES) if text.strip() else {}
    if form == "yaml":
        found = read_yaml(data, MOST_BYTES)
        return {} if found is None else found
    if len(data) > MOST_BYTES:
        raise InvalidSubmission(f"has more than {MOST_BYTES:,} bytes: expected a short document")
    try:
        document = tomllib.loads(data.decode())
        values.check(document, "its value")
    except NotJson as error:
        raise InvalidSubmission(f"has what JSON does not: {error}") from error
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        raise InvalidSubmission(f"is not TOML: {error}") from error
    return document


class _Lines:
    """In which lines of a text fields are."""

    def __init__(self, text: str | None, form: str) -> None:
        self._text, self._form = text, form

    def of(self, field: str) -> int | None:
        """The line of a field such as `parameters.boxes[0]`, counted from 1; of the parameter where it cannot be told apart."""
        steps = [int(number) if number else name for number, name in STEP.findall(field)][1:]
        if not self._text or not steps:
            return None
        if self._form == "toml":
            return _line_in_toml(self._text, str(steps[0]))
        # JSON is YAML, but for the tabs before its fields.
        return _line_in_yaml(self._text.replace("\t", " ") if self._form == "json" else self._text, steps)


def _line_in_yaml(text: str, steps: list[int | str]) -> int | None:
    import yaml

    try:
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError:  # JSON that is none, such as with a character that YAML has not
        return None
    line = None
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            entry = next(((key, value) for key, value in node.value if key.value == step), None)
            if entry is None:
                break
            line, node = entry[0].start_mark.line + 1, entry[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _line_in_toml(text: str, name: str) -> int | None:
    key = re.compile(rf"""\s*(\[\s*)?["']?{re.escape(name)}["']?\s*([=.\]])""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if key.match(line)), None)
