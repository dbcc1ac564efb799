"""What is held of one client, as the client gets it: a page to print, and the same as JSON [GDPR 15; SEC-10].

A service says what it holds and for how long; who looked or changed comes from the audit log. Name and phone are no
part of it: they are shown where they always are, behind a press that the log keeps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from chassis import calendar, restriction
from chassis.officer import log
from chassis.officer.words import Words, span_in_words
from chassis.web.texts import N_
from contracts.plan.values import Span

if TYPE_CHECKING:
    from chassis.database import Session
    from chassis.web.page import Page

CONSENT = N_("the client's permission to pass on name and phone number")
TASK = N_("the authority's statutory task")
ACCOUNTABILITY = N_("the duty to show that data were handled rightly")
STATISTICS = N_("statistics of the authority's statutory task")
RIGHTS = (
    N_("You may withdraw your consent at any time, to either side and without a reason."),
    N_("You may have wrong data corrected, and ask that their use is restricted or that they are erased."),
    N_("You may complain to the Data Protection Ombudsman (tietosuoja.fi)."),
)
MANY = 500


class Fact(BaseModel):
    """One thing that is known, in words."""

    name: str
    value: str


class Part(BaseModel):
    """What is known of one referral or case."""

    title: str
    facts: list[Fact]


class Held(BaseModel):
    """One kind of data: what, where, why, on what basis, and until when."""

    what: str
    where: str
    why: str
    basis: str
    until: str


class Look(BaseModel):
    """Somebody saw or changed it."""

    at: datetime
    who: str
    organisation: str
    act: str
    why: str


class Restricted(BaseModel):
    """When processing was restricted at the client's request, and when that ended."""

    since: datetime
    set_by: str
    lifted_at: datetime | None
    lifted_by: str | None


class DataHeld(BaseModel):
    """All that one side holds of a client."""

    number: str = Field(examples=["2026-0412"])
    controller: str
    as_of: datetime
    recipients: list[str]
    parts: list[Part]
    held: list[Held]
    looks: list[Look]
    more_looks: bool = Field(description="There are older looks than are listed.")
    restrictions: list[Restricted]
    elsewhere: list[str] = Field(description="What is held elsewhere, and by whom.")
    rights: list[str]

    @property
    def is_restricted(self) -> bool:
        return any(each.lifted_at is None for each in self.restrictions)


@dataclass(frozen=True)
class Kept:
    """What a service says of one kind of data: messages, and for how long after `since` (None: it has not ended)."""

    what: str
    where: str
    why: str
    basis: str
    keep: Span | None = None
    since: date | None = None
    lasts: str = ""


def fact(name: str, value: object) -> Fact | None:
    """A fact, unless nothing is known."""
    return Fact(name=name, value=str(value)) if value not in (None, "") else None


def facts(*pairs: tuple[str, object]) -> list[Fact]:
    """Facts of what is known among these."""
    return [known for name, value in pairs if (known := fact(name, value))]


def held(page: "Page", kept: Kept) -> Held:
    """In the reader's language, with the day on which it ends where that is known."""
    return Held(what=page.gettext(kept.what), where=kept.where, why=page.gettext(kept.why),
                basis=page.gettext(kept.basis), until=_until(page, kept))


def _until(page: "Page", kept: Kept) -> str:
    if kept.keep is None:
        return page.gettext(kept.lasts)
    if kept.since is None:
        return page.gettext("%(time)s after the end", time=span_in_words(page, kept.keep))
    last = calendar.after(kept.since, kept.keep)
    return page.gettext("until %(day)s", day=f"{last.day}.{last.month}.{last.year}")


async def looks(db: "Session", page: "Page", ids: Sequence[str]) -> tuple[list[Look], bool]:
    """Who saw or changed these records, newest first, by name where it is known; whether there are older ones."""
    rows = await log.about(db, ids, MANY + 1)
    words = Words(page, await log.names(db, page.web.records, {row.person for row in rows}))
    return [Look(at=row.at, who=words.person(row), organisation=words.organisation(row), act=words.act(row),
                 why=words.reason(row)) for row in rows[:MANY]], len(rows) > MANY


async def restrictions(db: "Session", page: "Page", about_type: str, ids: Sequence[str]) -> list[Restricted]:
    """Restrictions that were ever set on these records, newest first."""
    found = await restriction.history(db, about_type, ids)
    names = await log.names(db, page.web.records, {by for each in found for by in (each.set_by, each.lifted_by) if by})
    return [Restricted(since=each.since, set_by=names.get(each.set_by, each.set_by), lifted_at=each.lifted_at,
                       lifted_by=names.get(each.lifted_by, each.lifted_by) if each.lifted_by else None)
            for each in found]
