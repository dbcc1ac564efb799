"""The routes: each shows this service's own, and changes nothing but by a replay."""

import asyncio
from collections import defaultdict
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import Query, Response
from markupsafe import Markup
from pydantic import BaseModel, Field

from chassis import masking, security
from chassis.decisions import Refused
from chassis.letters import Letter, Letters
from chassis.operate.words import Words
from chassis.policy import allow
from chassis.service import Service
from chassis.web.forms import Form, blank
from chassis.web.navigation import SERVICE_NAMES, Room
from chassis.web.routes import Asked as Page
from chassis.web.routes import Routes
from chassis.web.texts import N_
from contracts import picture, plan
from contracts.plan.told import Value, values
from contracts.topics import TOPICS

routes = Routes()
OPERATORS = allow("operator")
OFFICERS = allow("operator", "data-protection-officer")
ROOMS = (
    Room("/operate", N_("State"), OPERATORS),
    Room("/operate/queues", N_("Queues"), OPERATORS),
    Room("/operate/letters", N_("Not handled"), OPERATORS),
    Room("/operate/plan", N_("Action plan"), OPERATORS),
    Room("/operate/boundary", N_("Boundary"), OFFICERS),
)
Number = Annotated[int, Query(ge=0)]
Code = Annotated[str, Query(max_length=80)]


class Correction(BaseModel):
    text: str = Field(max_length=65_536)


def _service(page: Page) -> Service:
    service: Service = page.request.app.state.service
    return service


@routes.page("GET", "/operate", policy=OPERATORS)
async def state(page: Page) -> Response:
    """Tila: this service, and beside it those that the person works in."""
    others = [(SERVICE_NAMES[name], address) for name, address in page.who.services.items()
              if name != page.web.settings.service and name in SERVICE_NAMES]
    return page.render("operate-state.html", others=others, **_state(page))


@routes.page("GET", "/operate/state", policy=OPERATORS)
async def own_state(page: Page) -> Response:
    """The part that a page of this service, or of another, fetches."""
    return page.render("operate-service.html", **_state(page))


def _state(page: Page) -> dict[str, Any]:
    service = _service(page)
    return {
        "words": Words(page), "unready": service.unready(), "version": version("yhdyspinta"),
        "name": SERVICE_NAMES[service.name], "projectors": service.projectors,
        "queues": list(service.watch.queues.values()), "alarms": security.alarms(service.name),
    }


@routes.page("GET", "/operate/queues", policy=OPERATORS)
async def queues(page: Page) -> Response:
    """Jonot: what the consumers have before them, the outbox, what is parked."""
    watch = _service(page).watch
    outbox, parked = await asyncio.gather(watch.outbox(), watch.parked())
    return page.render(
        "operate-queues-list.html" if page.is_fragment else "operate-queues.html", words=Words(page), watch=watch,
        queues=sorted(watch.queues.values(), key=lambda q: (not q.denied, not q.still, -(q.lag or 0), q.topic)),
        outbox=outbox, parked=parked)


@routes.page("GET", "/operate/letters", policy=OPERATORS)
async def letters(page: Page, before: Number | None = None, reason: Code = "", topic: Code = "") -> Response:
    """Käsittelemättömät: newest first."""
    found = await Letters(page.web.database).page(
        before=before, reason=reason or None, topic=topic if topic in TOPICS else None)
    return page.render("operate-letters.html", words=Words(page), found=found, reason=reason, topic=topic,
                       first=before is None)


@routes.page("GET", "/operate/letters/{number}", policy=OPERATORS)
async def letter(number: int, page: Page) -> Response:
    """One of them: why, and its masked content."""
    found = await Letters(page.web.database).one(number)
    return _letter(page, found, blank(text=_content(page, found).text or ""))


@routes.page("GET", "/operate/letters/{number}/outcome", policy=OPERATORS)
async def outcome(number: int, page: Page) -> Response:
    """What became of its replay: a part that asks again while it waits."""
    found = await Letters(page.web.database).one(number)
    return page.render("operate-outcome.html", words=Words(page), letter=found)


@routes.page("POST", "/operate/letters/{number}/replay", policy=OPERATORS)
async def replay(number: int, page: Page) -> Response:
    """Käsittele uudelleen, as it was."""
    store = Letters(page.web.database)
    try:
        await store.replay(number, page.who)
    except Refused as no:
        if no.refusal.status != 422:
            raise
        found = await store.one(number)
        form = blank(text=_content(page, found).text or "")
        form.refuse("", page.sentence(no.refusal))
        return _letter(page, found, form, 422)
    return page.redirect(f"/operate/letters/{number}", said=page.gettext("The event is being handled again."))


@routes.page("POST", "/operate/letters/{number}/correction", policy=OPERATORS)
async def correct(number: int, page: Page) -> Response:
    """Korjaa ja käsittele uudelleen."""
    store = Letters(page.web.database)
    form = await page.form(Correction, {"text": page.gettext("Write the event as JSON.")}, multiline=["text"])
    if form.ok:
        try:
            await store.replay(number, page.who, form.read.text)
        except Refused as no:
            if no.refusal.status != 422:
                raise
            form.refuse("text", page.sentence(no.refusal))
    if not form.ok:
        return _letter(page, await store.one(number), form, 422)
    return page.redirect(f"/operate/letters/{number}",
                         said=page.gettext("The corrected event is being handled again."))


def _content(page: Page, letter: Letter) -> masking.Masked:
    return masking.masked(letter.record.topic, letter.record.value, letter.record.headers, page.language)


def _letter(page: Page, letter: Letter, form: Form[Correction], status: int = 200) -> Response:
    return page.render(
        "operate-letter.html", status, words=Words(page), letter=letter, content=_content(page, letter), form=form,
        key=masking.shown_key(letter.record.key), headers=masking.shown_headers(letter.record.headers))


@routes.page("GET", "/operate/plan", policy=OPERATORS)
async def plan_in_force(page: Page) -> Response:
    """Toimintasuunnitelma: each value with its section; what the plan does not say is marked."""
    now = plan.on(page.today)
    by_section: dict[str, list[Value]] = defaultdict(list)
    assumed: list[Value] = []
    for value in values(now):
        if value.path.rsplit(".", 1)[-1] in ("fi", "sv", "en") or value.table == "codes":
            continue
        if value.assumed or value.section is None:
            assumed.append(value)
        else:
            by_section[value.section.split(",")[0].strip()].append(value)
    sections = [(code, title, by_section[code]) for code, title in now.sections.items() if by_section[code]]
    return page.render("operate-plan.html", plan=now, sections=sections, assumed=assumed,
                       runs_out=plan.runs_out(page.today), days=(now.valid_until - page.today).days)


@routes.page("GET", "/operate/boundary", policy=OFFICERS)
async def boundary(page: Page) -> Response:
    """Rajapinta: the picture, and the same as a table."""
    return page.render(
        "operate-boundary.html", words=Words(page), topics=list(TOPICS.values()), crossings=picture.crossings(),
        drawn=Markup(picture.svg("en" if page.language == "en" else "fi")),  # noqa: S704 - ours, from the registry alone
        alarms=security.alarms(page.web.settings.service))
