"""The words of a decision: `decided`, `refuse`, `ignored`.

A domain function is pure and total: it returns what happened, or why not. The edge turns a refusal into
RFC 9457 (HTTP) or a dead letter (event).
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from chassis import telemetry
from contracts.envelope import Data

S = TypeVar("S")


@dataclass(frozen=True)
class Refusal:
    """Why a command or an event is not taken, and what to do next, in both languages.

    A subclass names the `code`, both sentences and the HTTP `status`; its fields are ids and codes only. The
    sentences may name fields in braces. `reason` is the code of events.md, "Refusals", under which a refused
    event becomes a dead letter.
    """

    code: ClassVar[str]
    sentence_en: ClassVar[str]
    sentence_fi: ClassVar[str]
    status: ClassVar[int] = 409
    reason: ClassVar[str] = "not-possible"
    field: ClassVar[str | None] = None

    def in_english(self) -> str:
        return self.sentence_en.format(**vars(self))

    def in_finnish(self) -> str:
        return self.sentence_fi.format(**vars(self))


@dataclass(frozen=True)
class NotFound(Refusal):
    """There is no such thing, or it is somebody else's: nobody learns which."""

    code = "not-found"
    sentence_en = "Nothing with this address was found. Check the address, or open it from your own list."
    sentence_fi = "Tällä osoitteella ei löytynyt mitään. Tarkista osoite tai avaa asia omasta luettelostasi."
    status = 404
    reason = "unknown-subject"


class Refused(Exception):  # noqa: N818 - it is a refusal, not an error
    """Raised at the edge of a handler; carries the refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


@dataclass(frozen=True)
class Decided(Generic[S]):
    state: S
    events: tuple[Data, ...]


@dataclass(frozen=True)
class Refuse:
    refusal: Refusal


@dataclass(frozen=True)
class Ignored:
    """Of an event alone: it came lawfully late, and changes nothing."""

    reason: str


Decision: TypeAlias = Decided[S] | Refuse | Ignored


def decided(state: S, *events: Data) -> Decided[S]:
    """It happened: the new state, and what others are told."""
    return Decided(state, events)


def refuse(refusal: Refusal) -> Refuse:
    """It did not happen, and this is why."""
    return Refuse(refusal)


def ignored(reason: str) -> Ignored:
    """The event changes nothing; `reason` is a code and is counted."""
    return Ignored(reason)


def decided_or_raise(decision: Decision[S], unchanged: S | None = None) -> tuple[S, tuple[Data, ...]]:
    """State and events of a decision; raises `Refused`. An ignored event is counted and gives `unchanged`."""
    if isinstance(decision, Refuse):
        raise Refused(decision.refusal)
    if isinstance(decision, Ignored):
        telemetry.IGNORED.labels(decision.reason).inc()
        unchanged_state: Any = unchanged
        return unchanged_state, ()
    return decision.state, decision.events
