"""What happened in a case, newest first, as its provider sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.database import Session
from services.coaching.cases.domain import Case
from services.coaching.ohjaamo.store import visits_of
from services.coaching.referrals import store as referrals
from services.coaching.referrals.domain import Closing


@dataclass(frozen=True)
class Entry:
    """One thing that happened: a code, who did it (staff id or another system's source), and its fields."""

    at: datetime
    kind: str
    by: str | None
    fields: Mapping[str, Any]


async def timeline(db: Session, case: Case) -> Sequence[Entry]:
    """The case's course, its referral, visits to the Ohjaamo, and who looked at the contact details."""
    referral = case.referral
    entries = [
        Entry(referral.consented_at, "referred", referral.case_manager, {"purpose": referral.purpose}) if referral
        else Entry(case.opened_at, "opened", None, {"origin": case.origin}),
        *(Entry(visit.at, "visited", visit.received_by, {"ohjaamo": visit.ohjaamo, "topic": visit.topic})
          for visit in await visits_of(db, case.id)),
        *(Entry(h.time, _kind(type(h.data).__name__), h.by, h.data.model_dump(exclude={"case_id", "referral_id"}))
          for h in case.course.happened),
    ]
    if referral is None:
        return _newest_first(entries)
    if referral.received_at:
        entries.append(Entry(referral.received_at, "details-received", None, {}))
    entries += [
        Entry(seen.at, "details-shown", seen.person, {"reason": seen.reason})
        for seen in await referrals.reveals_of(db, referral.id)
    ]
    if referral.closing and referral.closed_at and referral.closing is not Closing.RETURN:
        entries.append(Entry(referral.closed_at, f"closed-by-{referral.closing}", None, {}))
    if (erased_at := await referrals.erased_at(db, referral.id)) is not None:
        entries.append(Entry(erased_at, "details-erased", None, {}))
    return _newest_first(entries)


def _newest_first(entries: Sequence[Entry]) -> Sequence[Entry]:
    return [e for _, e in sorted(enumerate(entries), key=lambda pair: (pair[1].at, pair[0]), reverse=True)]


def _kind(name: str) -> str:
    """The event's name as a code: `contact-attempted`."""
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")
