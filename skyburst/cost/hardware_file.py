"""Reads the file that describes own hardware: NeuroCAAS's `hardwarecost.yaml`, and the same with measurements of one's own."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import yaml

from skyburst.contracts.refusals import explain
from skyburst.cost.cloud import Mode
from skyburst.cost.comparison import Batch, Price, Subject
from skyburst.cost.own_hardware import MOST_YEARS
from skyburst.cost.published import ANY, Published, published
from skyburst.errors import Invalid

LARGEST_FILE = 1 << 20
MOST = 1e12
"""Of any number here: it keeps infinity out."""
Amount = Annotated[float, msgspec.Meta(ge=0, le=MOST)]
Positive = Annotated[float, msgspec.Meta(gt=0, le=MOST)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Years = Annotated[list[Amount], msgspec.Meta(min_length=MOST_YEARS, max_length=MOST_YEARS)]
Size = Literal["small", "medium", "large"]
NEEDED = {
    "analysis": "the name of the analysis",
    "pricetag_cost": "the price of the hardware in USD",
    "support_cost": "USD for each of the first five years, or the name of published costs",
    "prices_of": "the date of the costs in the cloud, such as 2026-11-01",
    "size": "small, medium or large",
    "analysis_time": "seconds that the batch took on your hardware",
    "label": "a name of the batch",
    "datasets": "the number of datasets in the batch",
    "cloud_seconds": "seconds from upload to result in the cloud",
    "cloud_cost": "USD for the batch in the cloud",
    "own_seconds": "seconds that the batch takes on your hardware",
}
"""Fields that must be given, and what they are."""


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """A published batch that was computed on other hardware."""

    analysis_time: Positive
    """Seconds."""
    size: Size


class PublishedForm(msgspec.Struct, frozen=True, kw_only=True):
    """`hardwarecost.yaml`: own hardware for one of the published analyses."""

    analysis: Text
    pricetag_cost: Amount | str
    """USD, or the name of a published price tag."""
    support_cost: Years | str
    """USD for each year, or the name of published costs."""
    performance: dict[str, Any] | None = None
    """What was measured on the hardware; None: it is as fast as the published one."""


class OwnForm(msgspec.Struct, frozen=True, kw_only=True):
    """Own hardware for an analysis of one's own."""

    analysis: Text
    pricetag_cost: Amount
    support_cost: Years | str
    prices_of: dt.date
    """Of what the batches cost in the cloud."""
    batches: Annotated[list[dict[str, Any]], msgspec.Meta(min_length=1, max_length=20)]


class OwnBatch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch that was measured in the cloud and on own hardware."""

    label: Text
    datasets: Annotated[int, msgspec.Meta(ge=1, le=10**9)]
    cloud_seconds: Positive
    cloud_cost: Positive
    """USD on demand."""
    cloud_cost_save: Positive | None = None
    """USD when it is paid for less, such as on spot instances."""
    own_seconds: Positive


Form = TypeVar("Form", bound=msgspec.Struct)


def read_hardware(path: Path) -> Subject:
    """Read a file.

    Raises:
        Invalid: with the field, its value and what was expected.
    """
    document = _document(path)
    known = published()
    if "batches" in document:
        return _own(_checked(document, OwnForm, f"{path}: "), path, known)
    return _published(_checked(document, PublishedForm, f"{path}: "), path, known)


def _document(path: Path) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > LARGEST_FILE:
        raise Invalid(f"{path} is larger than {LARGEST_FILE:,} bytes: a description of own hardware is some lines")
    try:
        document = _parsed(content)
    except (yaml.YAMLError, AttributeError, LookupError, RecursionError, ValueError) as error:
        # Values that are tagged as what they are not raise what their conversion raises.
        raise Invalid(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise Invalid(f"{path} has no fields: expected {', '.join(PublishedForm.__struct_fields__)}")
    return document


def _parsed(content: bytes) -> Any:
    """With the loader in Python: the one in C dies of text that is nested too deeply."""
    loader = yaml.SafeLoader(content)
    node = loader.get_single_node()
    if isinstance(node, yaml.MappingNode):
        fields = [field.value for field, _ in node.value]
        twice = next((field for field in fields if fields.count(field) > 1), None)
        if twice is not None:
            raise yaml.YAMLError(f"{twice} is given twice: leave one of them out")
    return None if node is None else loader.construct_document(node)


def _checked(document: Mapping[Any, Any], form: type[Form], where: str) -> Form:
    fields = form.__struct_fields__
    for field in document:
        if field not in fields:
            near = difflib.get_close_matches(str(field), fields, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the fields are {', '.join(fields)}"
            raise Invalid(f"{where}{field}: there is no such field; {hint}")
    for field in fields:
        if field not in document and field in NEEDED:
            raise Invalid(f"{where}{field} is missing: {NEEDED[field]}")
    try:
        return msgspec.convert(document, form)
    except msgspec.ValidationError as error:
        raise Invalid(where + explain(error, document, "", form)) from error


def _published(form: PublishedForm, path: Path, known: Published) -> Subject:
    if form.analysis not in known.analyses:
        near = difflib.get_close_matches(form.analysis, known.analyses, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are those of {', '.join(known.analyses)}."
        raise Invalid(
            f"{path}: analysis is {form.analysis!r}, of which no batches are published: {hint} "
            "For an analysis of your own give `batches`"
        )
    measured = known.analyses[form.analysis]
    if form.performance is None:
        batches = [one.batch(known.rates) for one in measured]
    else:
        own = _checked(form.performance, Performance, f"{path}: performance.")
        same = next(one for one in measured if one.size == own.size)
        batches = [msgspec.structs.replace(same, own_s=own.analysis_time).batch(known.rates)]
    price_usd, tag = _price_tag(form, path, known)
    support_usd, support, notes = _support(form.support_cost, form.analysis, path, known)
    cloud = Price("cloud", known.rates.date, known.rates.source)
    return Subject(form.analysis, price_usd, support_usd, tuple(batches), (tag, support, cloud), notes)


def _own(form: OwnForm, path: Path, known: Published) -> Subject:
    batches = []
    for number, entry in enumerate(form.batches):
        one = _checked(entry, OwnBatch, f"{path}: batches[{number}].")
        cost = {Mode.STANDARD: one.cloud_cost}
        if one.cloud_cost_save is not None:
            cost[Mode.SAVE] = one.cloud_cost_save
        batches.append(Batch(one.label, one.datasets, one.cloud_seconds, one.own_seconds, cost))
    labels = [batch.label for batch in batches]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise Invalid(f"{path}: batches: two have the label {twice!r}: give each one of its own")
    support_usd, support, notes = _support(form.support_cost, form.analysis, path, known)
    prices = (_given("price tag", path), support, Price("cloud", form.prices_of.isoformat(), f"as given in {path}"))
    return Subject(form.analysis, form.pricetag_cost, support_usd, tuple(batches), prices, notes)


def _price_tag(form: PublishedForm, path: Path, known: Published) -> tuple[float, Price]:
    if not isinstance(form.pricetag_cost, str):
        return form.pricetag_cost, _given("price tag", path)
    named = known.price_tags.get(form.pricetag_cost)
    if named is None:
        names = ", ".join(known.price_tags)
        raise Invalid(f"{path}: pricetag_cost is {form.pricetag_cost!r}: expected USD, or one of {names}")
    return named.usd[form.analysis], Price(f"price tag {form.pricetag_cost}", named.date, named.source)


def _support(
    given: list[float] | str, analysis: str, path: Path, known: Published
) -> tuple[tuple[float, ...], Price, tuple[str, ...]]:
    """USD for each year, where they are from and what is to be known of them."""
    if not isinstance(given, str):
        return tuple(given), _given("support cost", path), ()
    named = known.support_costs.get(given)
    if named is None:
        names = ", ".join(known.support_costs)
        raise Invalid(f"{path}: support_cost is {given!r}: expected {MOST_YEARS} numbers, or one of {names}")
    usd = named.usd.get(analysis, named.usd.get(ANY))
    if usd is None:
        raise Invalid(
            f"{path}: support_cost is {given!r}, which is known of {', '.join(named.usd)} and not of {analysis!r}: "
            f"give a list of {MOST_YEARS} numbers"
        )
    notes = (f"{given}: {named.notes[analysis]}",) if analysis in named.notes else ()
    return tuple(usd), Price(f"support cost {given}", named.date, named.source), notes


def _given(what: str, path: Path) -> Price:
    return Price(what, "", f"as given in {path}")
