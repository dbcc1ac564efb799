"""`Myöhässä`: what is late, whose, since when and told to whom; for supervisors, who can hand it to somebody else.

    late.add(routes, policy=allow("service-supervisor"), ledger=late.Ledger(
        matters=…,      # numbers and addresses of what the reader may open, by what the obligations are about
        names=…,        # names of staff by id
        colleagues=…))  # who has a role in an organisation

A supervisor sees that something is late and who owes it, also where the matter itself is not theirs to open: then
without number and link. What they see are the obligations told to their roles, and those of the organisations along
whose line of escalation they stand [contracts.plan, escalation].
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from chassis import audit, obligations, seats
from chassis.calendar import helsinki_day
from chassis.database import Session
from chassis.decisions import NotFound, Refusal, Refused
from chassis.obligations import Obligation
from chassis.policy import Policy, Principal
from chassis.web.formats import Formats
from chassis.web.forms import Form, blank
from chassis.web.page import Page
from chassis.web.routes import Asked, Db, Routes
from contracts import plan
from contracts.fields import UUID

Id = Annotated[str, Path(pattern=UUID)]
Code = Annotated[str, Query(pattern=r"^[a-z0-9-]{1,40}$")]
ALL = "all"


@dataclass(frozen=True)
class Matter:
    """What an obligation is about, to somebody who may open it."""

    number: str
    address: str


@dataclass(frozen=True)
class Ledger:
    """What a service's page stands on; `whole`: its supervisors see all of its ledger."""

    matters: Callable[[Page, Session, Sequence[Obligation]], Awaitable[Mapping[str, Matter]]]
    names: Callable[[Session, Sequence[str]], Awaitable[Mapping[str, str]]]
    colleagues: Callable[[Session, str, str], Awaitable[Sequence[tuple[str, str]]]]
    whole: bool = False


@dataclass(frozen=True)
class Row:
    """One late obligation as the page says it. `may_give`: the reader can hand it to somebody else."""

    obligation: Obligation
    what: str
    late: str
    where: str
    owner: str
    told: str
    matter: Matter | None
    may_give: bool


@dataclass(frozen=True)
class NobodyInRole(Refusal):
    """Whoever is to have it must have the role that owes it."""

    code = "nobody-in-role"
    sentence_en = "Choose somebody of the organisation who has the role."
    sentence_fi = "Valitse organisaatiosta henkilö, jolla on tämä rooli."
    status = 422
    field = "/owner"


class NewOwner(BaseModel):
    owner: str = Field(max_length=64)


def add(routes: Routes, policy: Policy, ledger: Ledger) -> None:
    """Adds the page, the question to whom, and the press that hands over."""

    @routes.page("GET", "/late", policy=policy)
    async def show(page: Asked, db: Db, service: Code = ALL, municipality: Code = ALL) -> Response:
        found = await obligations.late(
            db, organisation=page.who.organisation or "", roles=page.who.roles, of=_owners(page, ledger),
            service=None if service == ALL else service, municipality=None if municipality == ALL else municipality)
        rules = plan.on(page.today)
        return page.render(
            "chassis/late.html", rows=await _rows(page, db, ledger, found), service=service, municipality=municipality,
            filtered=(service, municipality) != (ALL, ALL), more=len(found) == obligations.ROUND,
            services=[(ALL, page.gettext("All services")), *_choices(page, rules.services)],
            municipalities=[(ALL, page.gettext("All municipalities")), *_choices(page, rules.municipalities)])

    @routes.page("GET", "/late/{obligation_id}", policy=policy)
    async def ask(obligation_id: Id, page: Asked, db: Db) -> Response:
        return await _ask(page, db, ledger, await _own(page, db, ledger, obligation_id), blank())

    @routes.page("POST", "/late/{obligation_id}", policy=policy)
    async def give(obligation_id: Id, page: Asked, db: Db) -> Response:
        one = await _own(page, db, ledger, obligation_id)
        form = await page.form(NewOwner)
        if form.ok:
            try:
                await hand_over(db, one, form.read.owner, page.who, await _people(db, ledger, one))
                return page.redirect("/late", said=page.gettext("Handed over. It waits for the colleague now."))
            except Refused as fault:
                form.refuse("owner", page.sentence(fault.refusal))
        return await _ask(page, db, ledger, one, form, 422)


async def hand_over(
    db: Session, one: Obligation, owner: str, by: Principal, people: Sequence[tuple[str, str]]
) -> None:
    """What is owed waits for another of those who have the role; the deadline stays. Raises `Refused`:
    `NobodyInRole`."""
    if owner not in dict(people):
        raise Refused(NobodyInRole())
    await obligations.hand_over_one(db, one.obligation_id, owner)
    await audit.changed(db, one.about_type, one.about_id, by, "hand-over-obligation")


def with_absence(
    page: Page, people: Iterable[tuple[str, str]], away: Mapping[str, date]
) -> list[tuple[str, str]]:
    """Colleagues as choices, each who is away with the last day of it."""
    formats = Formats(page.language, page.texts)
    return [
        (code, page.gettext("%(name)s (away until %(day)s)", name=name, day=formats.date_(away[code]))
         if code in away else name)
        for code, name in people
    ]


def _choices(page: Page, labels: Mapping[str, plan.Label]) -> list[tuple[str, str]]:
    return [(code, each.text(page.language)) for code, each in labels.items()]


def _owners(page: Page, ledger: Ledger) -> Collection[str]:
    rules = plan.on(page.today)
    return rules.organisations if ledger.whole else rules.supervised_by(page.who.organisation or "", page.who.roles)


async def _own(page: Page, db: Session, ledger: Ledger, obligation_id: str) -> Obligation:
    """A late obligation of the reader's own organisation that the page shows them. Raises `Refused`: `NotFound`."""
    one = await obligations.find_open(db, obligation_id)
    if one is None or not one.is_late(page.now) or not _may_give(page, ledger, one):
        raise Refused(NotFound())
    return one


def _may_give(page: Page, ledger: Ledger, one: Obligation) -> bool:
    """Whoever is told of it, or stands in the line, hands it over within the own organisation."""
    told = one.escalate_organisation == page.who.organisation and one.escalate_role in page.who.roles
    return one.owner_organisation == page.who.organisation and (told or one.owner_organisation in _owners(page, ledger))


async def _rows(page: Page, db: Session, ledger: Ledger, found: Sequence[Obligation]) -> list[Row]:
    matters = await ledger.matters(page, db, found)
    names = await ledger.names(db, [each.owner for each in found if each.owner])
    return [_row(page, ledger, each, matters.get(each.about_id), names) for each in found]


def _row(page: Page, ledger: Ledger, one: Obligation, matter: Matter | None, names: Mapping[str, str]) -> Row:
    rules, formats = plan.on(page.today), Formats(page.language, page.texts)

    def label(code_list: str, code: str | None) -> str:
        known = rules.codes[code_list].get(code or "")
        return known.text(page.language) if known else code or ""

    days = -one.days_left(page.now)
    late = page.ngettext("%(num)s business day late", "%(num)s business days late", days) if days else page.gettext(
        "Became late just now")
    def seat(organisation: str | None, role: str) -> str:
        whose = "" if organisation == page.who.organisation else f", {label('organisation', organisation)}"
        return label("role", role) + whose

    role = seat(one.owner_organisation, one.owner_role)
    where = ", ".join(part for part in (label("service", one.service), label("municipality", one.municipality)) if part)
    told = page.gettext("Nobody is told of it.")
    if one.escalate_role:
        to = seat(one.escalate_organisation, one.escalate_role)
        told = page.gettext("Told %(when)s: %(role)s.", role=to, when=formats.day(one.missed_told_at)) if (
            one.missed_told_at) else page.gettext("Is being told to: %(role)s.", role=to)
    what = label("obligation-kind", one.kind)
    return Row(
        one, what[:1].upper() + what[1:], late, where[:1].upper() + where[1:],
        f"{names.get(one.owner, one.owner)}, {role}" if one.owner else page.gettext("nobody yet (%(role)s)", role=role),
        told, matter, _may_give(page, ledger, one))


async def _people(db: Session, ledger: Ledger, one: Obligation) -> Sequence[tuple[str, str]]:
    found = await ledger.colleagues(db, one.owner_organisation, one.owner_role)
    return [(code, name) for code, name in found if code != one.owner]


async def _ask(
    page: Page, db: Session, ledger: Ledger, one: Obligation, form: Form[Any], status: int = 200
) -> Response:
    (row,) = await _rows(page, db, ledger, [one])
    away = await seats.away(db, one.owner_organisation)
    people = with_absence(page, await _people(db, ledger, one), away)
    return page.render(
        "chassis/late-hand-over.html", status, form=form, row=row, people=people, due_on=helsinki_day(one.due_at))
