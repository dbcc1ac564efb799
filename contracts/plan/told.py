"""A plan told value by value, and what differs between two: for people who check a plan or compare two years."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from contracts.plan.model import Plan
from contracts.plan.values import Part, Provenance, RosterSeat, Seat, Span

_NOT_OF_THE_FILE = {"values", "outside_validity", "copy_of", "sections"}
_HEADING = ("year", "title")


@dataclass(frozen=True)
class Value:
    """One value: its path in the file (`referral.respond_within`), as text, and where it is from. `from_plan` is the
    section, or None where nobody but the plan's makers' assumption gives it."""

    path: str
    text: str
    section: str | None
    assumed: bool

    @property
    def table(self) -> str:
        """The first word of the path: the table of the file."""
        return self.path.split(".", 1)[0]


@dataclass(frozen=True)
class Difference:
    """A value that two plans don't say alike; None where one has it not."""

    path: str
    was: Value | None
    now: Value | None

    @property
    def sentence(self) -> str:
        """In words, such as "referral.respond_within is 7 business-days, was 5 business-days [3.2]."."""
        if self.now is None:
            return f"{self.path} is gone; it was {self.was.text if self.was else ''}."
        source = "assumed" if self.now.assumed else self.now.section or "assumed"
        if self.was is None:
            return f"{self.path} is new: {self.now.text} [{source}]."
        if self.was.text != self.now.text:
            return f"{self.path} is {self.now.text}, was {self.was.text} [{source}]."
        before = "assumed" if self.was.assumed else self.was.section or "assumed"
        return f"{self.path} is {self.now.text} as before; it is from [{source}], was from [{before}]."


def values(plan: Plan) -> list[Value]:
    """Every value of a plan, in the order of its tables."""
    return list(_walk(plan, plan, ()))


def differences(was: Plan, now: Plan) -> list[Difference]:
    """What differs between two plans, by path; years, titles and days of validity differ in any two."""
    before = {value.path: value for value in values(was)}
    after = {value.path: value for value in values(now)}
    copied = now.copy_of is not None or was.copy_of is not None  # all of a copy is assumed: that tells nothing
    found = []
    for path in dict.fromkeys([*before, *after]):
        one, other = before.get(path), after.get(path)
        same = one is not None and other is not None and one.text == other.text and (
            copied or (one.section, one.assumed) == (other.section, other.assumed))
        if not same:
            found.append(Difference(path, one, other))
    return found


def _walk(plan: Plan, value: Any, path: tuple[str, ...]) -> Iterator[Value]:
    if isinstance(value, Span | Seat) or (isinstance(value, tuple) and path):
        yield _value(plan, path, _text(value))
    elif isinstance(value, Part):
        for name, field in type(value).model_fields.items():
            if not path and (name in _NOT_OF_THE_FILE or name in _HEADING):
                continue
            inner = getattr(value, name)
            if inner is not None:
                yield from _walk(plan, inner, (*path, field.alias or name))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _walk(plan, inner, (*path, str(name)))
    elif value is not None:
        yield _value(plan, path, _text(value))


def _value(plan: Plan, path: tuple[str, ...], text: str) -> Value:
    found: Provenance | None = None
    for length in range(len(path), 0, -1):
        if (found := plan.values.get(".".join(path[:length]))) is not None:
            break
    unit = found.unit if found and text.isdigit() else None
    return Value(".".join(path), f"{text} {unit}" if unit else text, found.section if found else None,
                 found is None or found.assumed)


def _text(value: Any) -> str:
    if isinstance(value, RosterSeat) and value.substitutes:
        return f"{value.role} of {value.organisation} ({', '.join(value.substitutes)})"
    if isinstance(value, Seat):
        return f"{value.role} of {value.organisation}"
    if isinstance(value, Span):
        return str(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date | time):
        return value.isoformat() if isinstance(value, date) else value.strftime("%H:%M")
    if isinstance(value, tuple):
        return ", ".join(map(_text, value)) or "none"
    if isinstance(value, Part):
        return " / ".join(_text(v) for n in type(value).model_fields if (v := getattr(value, n)) is not None)
    if isinstance(value, Mapping):
        return ", ".join(f"{n}: {_text(v)}" for n, v in value.items()) or "none"
    return str(value)
