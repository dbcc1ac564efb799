"""What other systems tell of company visits, leads and events, and who may tell it [2.1, 2.2; events.md, Right to
change].

A visit, lead or event belongs to the organisation whose source opened it. Only that source changes it, except
the acts meant for others: anyone joins a visit; a lead's receiver accepts, returns or fulfils it.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from chassis.decisions import Decision, Refusal, decided, refuse
from contracts.envelope import Data, Event
from contracts.events.leads import (
    EventHeld,
    EventPlanned,
    LeadAccepted,
    LeadFulfilled,
    LeadOpened,
    LeadReturned,
    LeadWithdrawn,
)
from contracts.events.visits import (
    CompanyVisitCancelled,
    CompanyVisitJoined,
    CompanyVisitMade,
    CompanyVisitMoved,
    CompanyVisitPlanned,
)

OPENING: dict[type[Data], str] = {
    CompanyVisitPlanned: "visit", CompanyVisitMade: "visit", LeadOpened: "lead", EventPlanned: "event",
    EventHeld: "event",
}
LATER: dict[type[Data], str] = {
    CompanyVisitMoved: "visit", CompanyVisitJoined: "visit", CompanyVisitCancelled: "visit",
    LeadAccepted: "lead", LeadReturned: "lead", LeadFulfilled: "lead", LeadWithdrawn: "lead",
}
BY_RECEIVER = (LeadAccepted, LeadReturned, LeadFulfilled)
SAME_AS_OPENED = ("business_id", "municipality", "need", "opened_by_organisation")


@dataclass(frozen=True)
class Subject:
    """A visit, lead or event, as far as it decides who may tell what of it: its opener, what may not change
    since, its receiver (of a lead), and the latest that was told of it, for the page."""

    kind: str
    id: str
    source: str
    fixed: dict[str, str]
    receiver: str | None = None
    status: str = "opened"
    status_at: datetime | None = None
    latest: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NotYours(Refusal):
    """Told by an organisation that it does not belong to."""

    at: str
    code = "not-yours"
    reason = "not-yours"
    status = 403
    sentence_en = "Only the organisation it belongs to may tell this. Ask that organisation to publish it."
    sentence_fi = "Tämän voi kertoa vain se organisaatio, jolle asia kuuluu. Pyydä sitä julkaisemaan sanoma."

    @property
    def field(self) -> str:  # type: ignore[override]
        return self.at


@dataclass(frozen=True)
class DiffersFromOpening(Refusal):
    """A later event contradicts the opening."""

    at: str
    code = "invalid"
    reason = "invalid"
    sentence_en = "This field must be the same as in the event that opened it. Mend it and send it again."
    sentence_fi = "Kentän on oltava sama kuin avaavassa sanomassa. Korjaa se ja lähetä uudelleen."

    @property
    def field(self) -> str:  # type: ignore[override]
        return self.at


def organisation_of(source: str) -> str:
    """The organisation that a source speaks for: `/business-tampere/crm` is Business Tampere's."""
    return source.split("/")[1]


def about(data: Data) -> tuple[str, str] | None:
    """Kind and id of the visit, lead or event that an event is about; None of a company's development path."""
    kind = (OPENING | LATER).get(type(data))
    return (kind, str(getattr(data, f"{kind}_id"))) if kind else None


def waits(event: Event[Any], subject: Subject | None) -> bool:
    """Whether the event is about a visit, lead or event that nobody has opened yet, and opens none."""
    return subject is None and type(event.data) in LATER


def take(event: Event[Any], subject: Subject | None) -> Decision[Subject | None]:
    """Takes an event of another system, which is republished unchanged, or (`waits`) parked."""
    data = event.data
    if wrong := _not_own(event):
        return refuse(NotYours(wrong))
    found = about(data)
    if found is None or waits(event, subject):
        return decided(None)
    if subject is None:
        fixed = {n: str(v) for n in SAME_AS_OPENED if (v := getattr(data, n, None)) is not None}
        return decided(_told(Subject(*found, event.source, fixed), event))
    for name, value in subject.fixed.items():
        if str(getattr(data, name, value)) != value:
            return refuse(DiffersFromOpening(f"/data/{name}"))
    if isinstance(data, BY_RECEIVER):
        if subject.receiver != organisation_of(event.source):
            return refuse(NotYours("/data/organisation"))
    elif not isinstance(data, CompanyVisitJoined) and event.source != subject.source:
        return refuse(NotYours("/source"))
    return decided(_told(subject, event))


def _told(subject: Subject, event: Event[Any]) -> Subject:
    """The subject with what was told; of two the later by `time` stays, whatever the order of arrival."""
    earlier = subject.status_at is not None and event.time < subject.status_at
    told = event.data.model_dump(mode="json", exclude_defaults=True)
    if isinstance(event.data, CompanyVisitJoined):
        if subject.status == CompanyVisitMade.__name__:
            return subject
        told = {"organisations": _with(subject.latest.get("organisations", []), event.data.organisation)}
        if earlier:
            return replace(subject, latest=subject.latest | told)
    if earlier:
        return subject
    latest = subject.latest | told
    return replace(subject, status=type(event.data).__name__, status_at=event.time, latest=latest)


def _with(organisations: list[str], organisation: str) -> list[str]:
    return organisations if organisation in organisations else [*organisations, organisation]


def _not_own(event: Event[Any]) -> str | None:
    """Pointer of a field that names another organisation where the source's own belongs, or None."""
    own, data = organisation_of(event.source), event.data
    for name in ("organisation", "opened_by_organisation"):
        if name == "opened_by_organisation" and not isinstance(data, LeadOpened):
            continue
        if getattr(data, name, own) != own:
            return f"/data/{name}"
    for name in ("organisations", "organisers"):
        if own not in getattr(data, name, (own,)):
            return f"/data/{name}"
    return None
