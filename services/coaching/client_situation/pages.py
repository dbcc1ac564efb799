"""Asiakastilanne: the manager looks at what was counted, corrects it, checks what the area will see, and sends."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response
from pydantic import BaseModel, Field, create_model

from chassis import calendar
from chassis.decisions import Refused
from chassis.web import N_, Db, Form, Page, Routes, blank
from contracts.fields import Count
from services.coaching.access import MANAGERS
from services.coaching.cases.wording import Words
from services.coaching.client_situation import domain, handlers
from services.coaching.client_situation.api import Month, Service
from services.coaching.client_situation.domain import COUNTS, Counts, Situation
from services.coaching.client_situation.handlers import Wish

routes = Routes()
LABELS = {"clients": N_("Clients"), "new_clients": N_("New clients"), "ended": N_("Ended in the month"),
          "waiting": N_("Waiting at the end of the month")}


class Sent(BaseModel):
    """The form without its numbers, which `_form_of` adds: a field for each count and municipality."""

    free_places: Count | None = None
    more_referrals_wanted: bool
    seen: int = Field(ge=0)


@routes.page("GET", "/client-situation", policy=MANAGERS)
async def every(page: Page, db: Db) -> Response:
    """The months of each service: which wait, which were sent."""
    found = await handlers.months(db, page.who)
    return page.render("client-situations.html", words=Words(page), months=found,
                       services=list(dict.fromkeys(each.service for each in found)))


@routes.page("GET", "/client-situation/{service}/{month}", policy=MANAGERS)
async def one(service: Service, month: Month, page: Page, db: Db) -> Response:
    """The form, filled with what was told last, or else with what the system counts."""
    found = await handlers.situation(db, page.who, service, month)
    return _form_page(page, found, _filled(found, await handlers.free_places(db, found)))


@routes.page("GET", "/client-situation/{service}/{month}/check", policy=MANAGERS)
async def back_to_one(service: Service, month: Month, page: Page) -> Response:
    """Where a reader lands who comes back to a check: the form."""
    return page.redirect(f"/client-situation/{service}/{month}")


@routes.page("POST", "/client-situation/{service}/{month}/check", policy=MANAGERS, repeatable=True)
async def check(service: Service, month: Month, page: Page, db: Db) -> Response:
    """What the area will see, and what was corrected; nothing is sent yet. `edit`: back to the form as it stood."""
    found = await handlers.situation(db, page.who, service, month)
    form = await _read(page, found)
    if not form.ok or "edit" in await page.request.form():
        return _form_page(page, found, form, 200 if form.ok else 422)
    numbers = _numbers(found, form)
    threshold = Words(page).rules.figures.threshold
    return page.render(
        "client-situation-check.html", words=Words(page), situation=found, form=form, sent=form.read,
        numbers=numbers, told={code: each.told(threshold) for code, each in numbers.items()}, labels=LABELS,
        threshold=threshold,
        corrected=[(code, name) for code, each in numbers.items() for name in COUNTS
                   if getattr(each, name) != getattr(found.counted[code], name)],
    )


@routes.page("POST", "/client-situation/{service}/{month}", policy=MANAGERS)
async def send(service: Service, month: Month, page: Page, db: Db) -> Response:
    """The month is told to the area; sent twice, told once."""
    found = await handlers.situation(db, page.who, service, month)
    form = await _read(page, found)
    if not form.ok:
        return _form_page(page, found, form, 422)
    try:
        sent: Any = form.read
        await handlers.report(db, page.who, service, month, Wish(
            sent.free_places, sent.more_referrals_wanted, page.who.id, _numbers(found, form), sent.seen))
    except Refused as fault:
        if fault.refusal.status == 404:
            raise
        meanwhile = isinstance(fault.refusal, domain.ToldMeanwhile)
        if not meanwhile:  # else both versions say it
            form.refuse("", page.sentence(fault.refusal))
        return _form_page(page, found, form, fault.refusal.status, meanwhile=meanwhile)
    return page.redirect("/client-situation", said=page.gettext("The month is sent to the employment area."))


def _form_page(
    page: Page, found: Situation, form: Form[Any], status: int = 200, *, meanwhile: bool = False
) -> Response:
    words = Words(page)
    return page.render(
        "client-situation.html", status, words=words, situation=found, form=form, labels=LABELS,
        fields=[(code, [(name, _field(name, number)) for name in COUNTS]) for number, code in enumerate(found.counted)],
        is_over=page.today > calendar.last_day_of(found.month), threshold=words.rules.figures.threshold,
        meanwhile=_compared(page, found, form) if meanwhile else (),
    )


def _field(name: str, number: int) -> str:
    """The form's field of a count of the so-manieth municipality."""
    return f"{name}_{number}"


def _form_of(found: Situation) -> type[Sent]:
    numbers: dict[str, Any] = {
        _field(name, number): (Count, ...) for number in range(len(found.counted)) for name in COUNTS}
    return create_model("SentWithNumbers", __base__=Sent, **numbers)


async def _read(page: Page, found: Situation) -> Form[Sent]:
    """What was typed; new clients that are more than the clients are refused at their field."""
    model = _form_of(found)
    whole = page.gettext("Write a whole number, zero or more.")
    form = await page.form(model, {name: whole for name in model.model_fields
                                   if name not in ("seen", "more_referrals_wanted")})
    if form.ok:
        for number, each in enumerate(_numbers(found, form).values()):
            if each.new_clients > each.clients:
                form.refuse(_field("new_clients", number), page.sentence(domain.NewAreClientsToo("")))
    return form


def _numbers(found: Situation, form: Form[Sent]) -> Mapping[str, Counts]:
    typed = form.read.model_dump()
    return {code: Counts(**{name: typed[_field(name, number)] for name in COUNTS})
            for number, code in enumerate(found.counted)}


def _filled(found: Situation, free_places: int | None = None) -> Form[Any]:
    """What was told last, or else what the system knows."""
    told = found.report
    numbers = {code: told.residents.get(code, each) if told else each for code, each in found.counted.items()}
    wanted = {} if told is None else {"more_referrals_wanted": "yes" if told.more_referrals_wanted else "no"}
    return blank(
        free_places=told.free_places if told else free_places, seen=found.revision, **wanted,
        **{_field(name, number): getattr(each, name) for number, each in enumerate(numbers.values())
           for name in COUNTS})


def _compared(page: Page, found: Situation, form: Form[Any]) -> list[tuple[str, str, str]]:
    """What somebody sent meanwhile, and what was to be sent: name, theirs, yours, where they differ."""
    theirs, words = _filled(found), Words(page)
    names = [("free_places", page.gettext("Free places")),
             ("more_referrals_wanted", page.gettext("More referrals are wanted"))]
    names += [(_field(name, number), f"{words.municipality(code)}: {page.gettext(LABELS[name])}")
              for number, code in enumerate(found.counted) for name in COUNTS]
    say = {"yes": page.gettext("Yes"), "no": page.gettext("No")}
    pairs = [(label, theirs.value(name), form.value(name)) for name, label in names]
    form.values = {**form.values, "seen": str(found.revision)}
    return [(label, say.get(one, one), say.get(other, other)) for label, one, other in pairs if one != other]
