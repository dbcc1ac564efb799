"""Ohjaa asiakas, in three steps: the service, the consent, what happens next. A draft is in the address alone, and
holds no name.
"""

from datetime import date, datetime, time
from typing import Any, Literal
from urllib.parse import urlencode

from fastapi import Response
from markupsafe import Markup
from pydantic import BaseModel, Field
from starlette.datastructures import FormData, UploadFile

from chassis import calendar
from chassis.contact import Contact, Secret
from chassis.decisions import Refusal, Refused
from chassis.web import Db, Form, Page, Routes, blank, forms
from contracts.fields import StaffId
from services.referral import handlers, lists, places, shown, store
from services.referral.api import CASE_MANAGERS, READERS, Id
from services.referral.phone import to_e164
from services.referral.refusals import ContactPermissionMissing
from services.referral.suitability import Client, Suits, every_service, suit
from services.referral.wording import Words

routes = Routes()
CLIENT_LANGUAGES = ("fi", "sv", "en")
_FIELDS = {"/consent/name_and_phone": "consented", "/consent/given_at": "at", "/name": "name", "/phone": "phone",
           "/case_manager": "case_manager", "/consent/contact_permitted": "contact_permitted"}


class Asked(BaseModel):
    """Step 1: what the plan check needs to know."""

    municipality: str = Field(max_length=40)
    birth_year: int = Field(ge=1000, le=9999)
    need: str | None = Field(None, max_length=40)
    again: str | None = Field(None, max_length=36)
    """The returned referral whose client is referred again, if so."""


class Draft(Asked):
    """Step 2 as it is opened: the service is chosen."""

    service: str = Field(max_length=40)
    client_language: Literal["fi", "sv", "en"] = "fi"


class Consented(Draft):
    """Step 2 as it is sent."""

    consented: Literal["yes"] | None = None
    contact_permitted: Literal["yes"] | None = None
    on: date
    at: time
    name: Secret[str]
    phone: Secret[str]
    case_manager: StaffId | None = None


@routes.page("GET", "/refer", policy=CASE_MANAGERS)
async def choose(page: Page, db: Db) -> Response:
    """Step 1: residence, birth year and need; all services at once, those that suit and those that do not."""
    words = Words(page)
    sent = _sent(page)
    asked = "birth_year" in sent
    form = _asked(page, sent) if asked else blank(**dict(sent.multi_items()))
    fit: list[Suits] = []
    unfit: list[Any] = []
    if form.ok:
        client = Client(form.read.municipality, form.read.birth_year, form.read.need)
        fit, unfit = every_service(client, words.rules, page.today)
        if why := _all_alike(unfit, len(words.rules.services)):
            form.refuse("birth_year", page.sentence(why))
            unfit = []
    return page.render(
        "refer.html", 200 if form.ok or not asked else 422, form=form, words=words, fit=fit, unfit=unfit,
        places=await places.newest(db), query=_query(form.read) if form.ok else "",
    )


@routes.page("GET", "/refer/consent", policy=CASE_MANAGERS)
async def ask(page: Page, db: Db) -> Response:
    """Step 2: what is passed on, to whom and for what, to be read aloud; then consent, name and phone."""
    draft = forms.read(_sent(page), Draft, page.texts)
    if not draft.ok:
        return page.redirect("/refer")
    now = page.now.astimezone(calendar.HELSINKI)
    form = blank(on=page.today, at=now.time(), case_manager=page.who.id)
    return await _consent_page(page, db, form, draft.read)


@routes.page("POST", "/refer/consent", policy=CASE_MANAGERS)
async def refer(page: Page, db: Db) -> Response:
    """The referral is made; sent twice, made once."""
    form = await page.form(Consented, {
        "name": page.gettext("Write the client's name."), "phone": page.gettext("Write the phone number."),
    })
    sent = await page.request.form()
    asked = [(name, value) for name, value in sent.multi_items() if name in Draft.model_fields]
    draft = forms.read(FormData(asked), Draft, page.texts)
    if not draft.ok:
        return page.redirect("/refer")
    if form.values.get("consented") != "yes":
        said = page.gettext("Tick this once the client has agreed. Without consent no referral is made.")
        form.refuse("consented", said)
    service = Words(page).rules.services.get(draft.read.service)
    if service and service.contact_permission and form.values.get("contact_permitted") != "yes":
        form.refuse("contact_permitted", page.sentence(ContactPermissionMissing()))
    if form.model is not None:
        try:
            wish = _wish(form.model)
            if form.ok:
                made = await handlers.refer(db, wish, page.who, instead_of=_returned(form.model))
                return page.redirect(f"/referrals/{made.id}/sent")
        except Refused as fault:
            form.refuse(_FIELDS.get(fault.refusal.field or "", ""), page.sentence(fault.refusal))
    return await _consent_page(page, db, form, draft.read, 422)


@routes.page("GET", "/referrals/{referral_id}/sent", policy=READERS)
async def sent(referral_id: Id, page: Page, db: Db) -> Response:
    """Step 3: the number, what happens next, and by when the provider must act."""
    seen = await shown.whole(db, referral_id, page.who)
    return page.render("sent.html", seen=seen, referral=seen.referral, words=Words(page))


async def _consent_page(page: Page, db: Db, form: Form[Any], draft: Draft, status: int = 200) -> Response:
    words = Words(page)
    found = suit(Client(draft.municipality, draft.birth_year, draft.need), draft.service, words.rules, page.today)
    if not isinstance(found, Suits):
        return page.redirect(f"/refer?{_query(draft)}")
    rules = words.rules
    spoken = page.web.rendering.render("public/consent-words.html", draft.client_language, {
        "provider": rules.organisations[found.provider].text(draft.client_language),
        "service": rules.services[draft.service].text(draft.client_language),
        "purpose": rules.codes["consent-purpose"][draft.service].text(draft.client_language),
        "told": rules.services[draft.service].start_and_end_told,
        "asks_permission": rules.services[draft.service].contact_permission,
        "hours": rules.consent.erase_within.value,
    })
    others = [(language, f"{_query(draft)}&service={draft.service}&client_language={language}")
              for language in CLIENT_LANGUAGES if language != draft.client_language]
    people = await lists.colleagues(db, page.who.organisation or "", "case-manager")
    if page.who.id not in dict(people):
        people = [(page.who.id, page.who.name), *people]
    return page.render(
        "consent.html", status, form=form, draft=draft, found=found, words=words, spoken=Markup(spoken),  # noqa: S704
        others=others, back=_query(draft), people=people,
    )


def _sent(page: Page) -> FormData:
    """What stands in the address, read as a form is."""
    typed: list[tuple[str, str | UploadFile]] = [*page.request.query_params.multi_items()]
    return FormData(typed)


def _asked(page: Page, sent: FormData) -> Form[Asked]:
    return forms.read(sent, Asked, page.texts, {
        "birth_year": page.gettext("Write the birth year with four digits, for example 2001."),
        "municipality": page.gettext("Choose where the client lives."),
    })


def _wish(sent: Consented) -> handlers.Wish:
    return handlers.Wish(
        municipality=sent.municipality, birth_year=sent.birth_year, need=sent.need, service=sent.service,
        consented=sent.consented == "yes", given_at=datetime.combine(sent.on, sent.at, calendar.HELSINKI),
        contact_permitted=sent.contact_permitted == "yes",
        contact=Contact(sent.name, to_e164(sent.phone)), case_manager=sent.case_manager,
    )


def _all_alike(unfit: list[Any], services: int) -> Refusal | None:
    """The one reason that no service suits: the birth year itself."""
    if len(unfit) == services and len({each.why.code for each in unfit}) == 1:
        why: Refusal = unfit[0].why
        return why if why.code == "birth-year-not-possible" else None
    return None


def _query(draft: Asked) -> str:
    """The draft as an address: all there is of it, and no name in it."""
    told = {"municipality": draft.municipality, "birth_year": draft.birth_year, "need": draft.need,
            "again": draft.again}
    return urlencode({name: value for name, value in told.items() if value is not None})


def _returned(draft: Asked) -> str | None:
    try:
        return store.as_id(draft.again or "")
    except ValueError:
        return None
