"""Palveluohjuri: one question at a time, a digit chooses, and the answer in large; and how many were directed where.

The id of an inquiry is made when the form begins and stands in its addresses: whatever is pressed twice, reloaded or
gone back to is one inquiry (docs/adr/triage-counts-late.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from fastapi import Query, Response

from chassis.calendar import month_of
from chassis.web import N_, Db, Page, Routes
from contracts.fields import new_id
from services.referral.triage import domain, handlers
from services.referral.triage.api import CLERKS, READERS, Id
from services.referral.triage.domain import Channel, Step
from services.referral.triage.store import Count
from services.referral.wording import Words, capitalised

routes = Routes()
CHANNELS: Mapping[Channel, str] = {
    "post": N_("Letter"), "call": N_("Phone call"), "email": N_("E-mail"), "visit": N_("Visit"),
}
Month = Annotated[str, Query(pattern=r"^(\d{4}-(0[1-9]|1[0-2]))?$")]


@routes.page("GET", "/triage", policy=CLERKS)
async def begin(page: Page, db: Db) -> Response:
    """A new inquiry: by which channel did it come?"""
    month = month_of(page.today)
    triage = Words(page).rules.triage
    return page.render(
        "triage.html", inquiry_id=new_id(page.now), channels=CHANNELS,
        first={channel: next(iter(domain.steps(triage, channel).values())) for channel in CHANNELS},
        this_month=sum(each.inquiries for each in await handlers.counts(db) if each.month == month),
    )


@routes.page("GET", "/triage/counts", policy=READERS)
async def counts(page: Page, db: Db, month: Month = "") -> Response:
    """One month by channel and address, and every month by address."""
    totals, words = Totals(await handlers.counts(db)), Words(page)
    chosen = month or month_of(page.today)
    months = sorted({month_of(page.today), chosen, *totals.months}, reverse=True)
    addresses = _addresses(words, totals)
    return page.render(
        "triage-counts.html", month=chosen, months=[(code, words.formats.month(code)) for code in months],
        channels=CHANNELS, addresses=addresses, counts=totals, capitalised=capitalised,
        summary=_summary(page, totals, addresses, chosen),
    )


@routes.page("GET", "/triage/{inquiry_id}", policy=CLERKS)
async def answer(inquiry_id: Id, page: Page, db: Db) -> Response:
    """Where to direct it, and why."""
    inquiry = await handlers.shown(db, inquiry_id, page.who)
    words = Words(page)
    triage = words.rules.triage
    return page.render(
        "triage-answer.html", inquiry=inquiry, rule=triage.rules[inquiry.rule], words=words,
        address=triage.addresses[inquiry.directed_to], channel=CHANNELS[inquiry.channel],
        section=words.rules.provenance(f"triage.rules.{inquiry.rule}").section, capitalised=capitalised,
    )


@routes.page("POST", "/triage/{inquiry_id}/undo", policy=CLERKS)
async def undo(inquiry_id: Id, page: Page, db: Db) -> Response:
    """A wrong key: back to the question, and nothing is counted."""
    inquiry = await handlers.undo(db, inquiry_id, page.who)
    step = domain.steps(Words(page).rules.triage, inquiry.channel)[inquiry.rule]
    asked = step.code if step.rule.asks else step.before
    where = f"/triage/{inquiry_id}/{inquiry.channel}/{asked}" if asked else "/triage"
    return page.redirect(where, said=page.gettext("Taken back. Nothing was counted."))


@routes.page("POST", "/triage/{inquiry_id}/next", policy=CLERKS)
async def finish(inquiry_id: Id, page: Page, db: Db) -> Response:
    """The answer holds and is counted; the next inquiry begins."""
    await handlers.finish(db, inquiry_id, page.who)
    return page.redirect("/triage")


@routes.page("GET", "/triage/{inquiry_id}/{channel}/{rule}", policy=CLERKS)
async def ask(inquiry_id: Id, channel: Channel, rule: str, page: Page) -> Response:
    """One question; with a rule that the plan does not ask (any more), the form begins anew."""
    steps = domain.steps(Words(page).rules.triage, channel)
    if rule not in steps or not steps[rule].rule.asks:
        return page.redirect("/triage")
    step = steps[rule]
    return page.render(
        "triage-question.html", inquiry_id=inquiry_id, channel=channel, channel_name=CHANNELS[channel], step=step,
        after=_after(steps, step), number=list(steps).index(rule) + 1,
    )


@routes.page("POST", "/triage/{inquiry_id}/{channel}/{rule}", policy=CLERKS)
async def direct(inquiry_id: Id, channel: Channel, rule: str, page: Page, db: Db) -> Response:
    """Yes, or nothing else is left: where it is directed."""
    await handlers.direct(db, inquiry_id, channel, rule, page.who)
    return page.redirect(f"/triage/{inquiry_id}")


def _after(steps: Mapping[str, Step], step: Step) -> Step:
    """Where a "no" leads; the plan has a rule that asks nothing at the end of each channel."""
    return steps[step.after or step.code]


class Totals:
    """Counts to be summed by what a table asks for."""

    def __init__(self, counts: Iterable[Count]) -> None:
        self._counts = list(counts)
        self.months = {each.month for each in self._counts}
        self.addresses = {each.directed_to for each in self._counts}

    def of(self, **wanted: str) -> int:
        """How many there are of a month, channel or address; all without."""
        return sum(each.inquiries for each in self._counts
                   if all(getattr(each, name) == value for name, value in wanted.items()))


def _addresses(words: Words, counts: Totals) -> list[tuple[str, str]]:
    """The plan's addresses, and those of an earlier plan that something was directed to."""
    known = words.rules.triage.addresses
    codes = [*known, *sorted(counts.addresses - set(known))]
    return [(code, capitalised(known[code].text(words.language)) if code in known else code) for code in codes]


def _summary(page: Page, counts: Totals, addresses: Sequence[tuple[str, str]], month: str) -> str:
    """What the month's table shows, in a sentence."""
    total = counts.of(month=month)
    many = page.ngettext("%(num)s inquiry was directed.", "%(num)s inquiries were directed.", total)
    code, address = max(addresses, key=lambda each: counts.of(month=month, directed_to=each[0]))
    most = page.gettext(
        "Most often to: %(address)s (%(most)s).", address=address, most=counts.of(month=month, directed_to=code))
    return f"{many} {most}"
