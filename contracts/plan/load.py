"""Reads a plan's file: takes provenance and units off its values, and says of a mistake where it is."""

import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from contracts.plan.checks import mistakes
from contracts.plan.model import Plan
from contracts.plan.values import SPAN_UNITS, Provenance, Span

HEADING = ("year", "title", "sections", "copy_of")
"""What a plan says of itself needs no section."""
MARKS = {"section", "assumed"}
SENTENCES = {
    "model_type": 'must be a table, or a length of time like { value = 8, unit = "weeks" }',
    "missing": "is missing",
    "extra_forbidden": "is not a field that a plan has",
}


class PlanError(ValueError):
    """A plan's file is wrong; the sentence names the file, the line and the field."""


def load(folder: Path) -> tuple[Plan, ...]:
    """All plans of a folder (`<year>.toml`) in order of validity. Raises `PlanError`."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("[0-9]*.toml"))}
    plans = sorted((read(name, text, texts) for name, text in texts.items()), key=lambda p: p.valid_from)
    for earlier, later in itertools.pairwise(plans):
        if later.valid_from <= earlier.valid_until:
            raise PlanError(f"{later.year}.toml: valid_from lies within the validity of {earlier.year}.toml.")
    return tuple(plans)


def read(name: str, text: str, others: Mapping[str, str] | None = None) -> Plan:
    """One plan from its text; `others` are the texts that it may be a copy of, by file name.

    Raises `PlanError` for broken TOML, a number without a unit, a value without provenance, an unknown or missing
    field, a wrong type, a section that the plan has not, and a code that its list has not.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise PlanError(f"{name} is not TOML: {fault}.") from None
    where = _Where(name, text)
    source = _copied(raw, where, others or {}) if "copy_of" in raw else raw
    reader = _Reader(where, assumed="copy_of" in raw)
    data = {key: reader.value((key,), value, None) for key, value in source.items()}
    _resolve_deadlines(data, reader.values, where)
    try:
        plan = Plan.model_validate({**data, "values": reader.values})
    except ValidationError as fault:
        error = fault.errors(include_input=False, include_url=False)[0]
        raise where.mistake(error["loc"], SENTENCES.get(error["type"], error["msg"])) from None
    for path, sentence in mistakes(plan):
        raise where.mistake(path, sentence)
    return plan


def _copied(raw: dict[str, Any], where: "_Where", others: Mapping[str, str]) -> dict[str, Any]:
    original = f"{raw['copy_of']}.toml"
    if original not in others or original == where.name:
        raise where.mistake(("copy_of",), f"there is no other file {original}")
    read(original, others[original])
    return {**tomllib.loads(others[original]), **raw}


def _resolve_deadlines(data: dict[str, Any], values: dict[str, Provenance], where: "_Where") -> None:
    """An obligation's `due` that names a length of time of the plan becomes that length, with its provenance."""
    for kind, rule in data.get("obligations", {}).items():
        named = rule.get("due") if isinstance(rule, dict) else None
        if not isinstance(named, str) or named == "given":
            continue
        found: Any = data
        for step in named.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        if found is None or named not in values:
            raise where.mistake(("obligations", kind, "due"), f"the plan has no length of time {named}")
        rule["due"] = found
        values[f"obligations.{kind}.due"] = values[named]


class _Reader:
    """Walks the raw tables: notes for each path where it is from, and returns the bare value."""

    def __init__(self, where: "_Where", *, assumed: bool) -> None:
        self.where, self.assumed = where, assumed
        self.values: dict[str, Provenance] = {}

    def value(self, path: tuple[str, ...], raw: Any, inherited: Provenance | None) -> Any:
        if not isinstance(raw, dict):
            self._note(path, inherited)
            if isinstance(raw, list):
                return tuple(self._element(path, item, inherited) for item in raw)
            return raw
        here = self._provenance(path, raw, inherited)
        if "value" in raw:
            return self._leaf(path, raw, here)
        if here is not None:
            self._note(path, here)
        rest = {key: value for key, value in raw.items() if key not in MARKS or isinstance(value, dict)}
        return {key: self.value((*path, key), value, here) for key, value in rest.items()}

    def _element(self, path: tuple[str, ...], raw: Any, inherited: Provenance | None) -> Any:
        """Of a list: plain values and tables; the list has the provenance, a table in it may have its own."""
        if not isinstance(raw, dict):
            return tuple(raw) if isinstance(raw, list) else raw
        reader = _Reader(self.where, assumed=self.assumed)
        return reader.value(path, raw, inherited)

    def _leaf(self, path: tuple[str, ...], raw: dict[str, Any], here: Provenance | None) -> Any:
        unknown = raw.keys() - MARKS - {"value", "unit"}
        if unknown:
            raise self.where.mistake((*path, min(unknown)), "is not known beside a value")
        value, unit = raw["value"], raw.get("unit")
        if isinstance(value, int) and not isinstance(value, bool) and not isinstance(unit, str):
            raise self.where.mistake(path, "is a number and needs a unit")
        if here is None:
            raise self.where.mistake(path, "says neither section nor assumed")
        self._note(path, Provenance(here.section, here.assumed, unit))
        if unit in SPAN_UNITS:
            try:
                return Span(value=value, unit=unit)
            except ValidationError:
                raise self.where.mistake(path, "must be a whole number, zero or more") from None
        return self.value(path, value, here) if isinstance(value, list) else value

    def _provenance(
        self, path: tuple[str, ...], raw: dict[str, Any], inherited: Provenance | None
    ) -> Provenance | None:
        section, assumed = raw.get("section"), raw.get("assumed")
        if isinstance(section, str) and assumed is True:
            raise self.where.mistake(path, "says both section and assumed")
        if isinstance(section, str):
            return Provenance(section, assumed=self.assumed)
        if assumed is True:
            return Provenance(None, assumed=True)
        if "section" in raw and not isinstance(section, dict):
            raise self.where.mistake((*path, "section"), 'must be a text like "3.2"')
        return inherited

    def _note(self, path: tuple[str, ...], found: Provenance | None) -> None:
        if path[0] in HEADING:
            return
        if found is None:
            if not self.assumed:
                raise self.where.mistake(path, "says neither section nor assumed")
            found = Provenance(None, assumed=True)
        self.values.setdefault(".".join(path), found)


class _Where:
    """Finds the line of a path in a file's text."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    def mistake(self, path: Sequence[str | int], sentence: str) -> PlanError:
        field = ".".join(str(step) for step in path)
        line = self._line(tuple(str(step) for step in path))
        place = f"{self.name}, line {line}" if line else self.name
        return PlanError(f"{place}: {field}: {sentence[:1].lower()}{sentence[1:]}.")

    def _line(self, path: tuple[str, ...]) -> int | None:
        """The last line whose key leads farthest towards the path."""
        best, found = 0, None
        for number, names in self._keys():
            if len(names) > best and path[: len(names)] == names:
                best, found = len(names), number
        return found

    def _keys(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        table: tuple[str, ...] = ()
        for number, line in enumerate(self.text.splitlines(), 1):
            if header := re.match(r"\[\[?([^\]]+)\]", line):
                table = _names(header[1])
                yield number, table
            elif key := re.match(r'([\w."-]+) *=', line):
                yield number, (*table, *_names(key[1]))


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(name.strip('"') for name in re.findall(r'"[^"]*"|[^."\s]+', dotted))
