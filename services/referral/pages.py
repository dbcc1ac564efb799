"""Pages of the employment area: what waits, the referrals, one referral with its acts, withdrawal and receipt."""

import json
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import Query, Response
from markupsafe import Markup
from pydantic import BaseModel, Field

from chassis import calendar, obligations, seats, web
from chassis.contact import Contact, Secret
from chassis.decisions import Refused
from chassis.obligations import Obligation
from chassis.policy import permits
from chassis.seats import Owed
from chassis.web import N_, Db, Form, Page, Routes, blank, waiting
from chassis.web.waiting import Happened, Task
from services.referral import duties, handlers, lists, shown, store
from services.referral import receipt as receipt_of
from services.referral.api import CASE_MANAGERS, READERS, Id
from services.referral.courses import ERASING, Status
from services.referral.handing_over.api import HANDERS
from services.referral.lists import Listed
from services.referral.meetings import store as meetings
from services.referral.meetings import three_party
from services.referral.meetings import waiting as meetings_waiting
from services.referral.phone import to_e164
from services.referral.triage.api import CLERKS
from services.referral.wording import Words

routes = Routes()
PAGE_ROWS = 50
FILTERS = {
    "open": (N_("Open"), (Status.SENT, Status.DELIVERED, Status.STARTED)),
    "returned": (N_("Returned"), (Status.RETURNED,)),
    "closed": (N_("Ended and closed"), (Status.ENDED, Status.WITHDRAWN, Status.CANCELLED)),
    "all": (N_("All"), ()),
}
TITLES = {
    duties.ACT_ON_RETURN: N_("Referral %(number)s was returned: refer again, or tell the client"),
    duties.ASK_AGAIN: N_("Referral %(number)s: ask the client for name and phone again"),
    duties.ACKNOWLEDGE: N_("Referral %(number)s: the provider has not acknowledged the erasure"),
    duties.TELL_START: N_("Referral %(number)s: the provider has not told whether the service began"),
    duties.ANSWER_WORK_TRIAL: N_("Referral %(number)s: answer the work trial's proposal"),
    duties.TAKE: N_("Referral %(number)s: the provider has not taken the contact details"),
    three_party.ANSWER: N_("Referral %(number)s: the coach asks for a three-party meeting"),
    three_party.ATTEND: N_("Three-party meeting, referral %(number)s"),
}
ACTS = {
    duties.ACT_ON_RETURN: N_("Deal with it"), duties.ASK_AGAIN: N_("Write them down"), three_party.ANSWER: N_("Answer"),
    three_party.ATTEND: N_("Open"), duties.ANSWER_WORK_TRIAL: N_("Answer"),
}
LOOK = N_("Look into it")


OWING = web.allow(
    "case-manager", "service-supervisor", "service-manager", "local-service-point-manager", "data-protection-officer",
    "operator",
)
"""For whom something may wait here."""


class Reason(BaseModel):
    reason: str = Field(max_length=40)


class Told(BaseModel):
    """When the client withdrew the consent."""

    on: date
    at: time


class Details(BaseModel):
    name: Secret[str]
    phone: Secret[str]


# --- what waits


@routes.page("GET", "/", policy=web.signed_in)
async def home(page: Page, db: Db) -> Response:
    """Obligations in order of deadline, and what others did last; whoever only answers the triage form begins there."""
    if not permits(OWING, page.who) and permits(CLERKS, page.who):
        return page.redirect("/triage")
    happened: list[Happened] = []
    if page.who.has("case-manager"):
        words = Words(page)
        for each, entry in await lists.latest(db, page.who.organisation or "", page.who.id, 5):
            said = f"{each.number}, {words.formats.moment(entry.at)}: {words.happened(entry, each.service)}"
            if entry.kind == "acknowledged":
                happened.append(Happened(said, f"/referrals/{each.id}/receipt", page.gettext("See the receipt")))
            else:
                happened.append(Happened(said, f"/referrals/{each.id}", page.gettext("Open the referral")))
    return waiting.render(page, await _tasks(page, db), happened=happened)


@routes.page("GET", "/waiting/count", policy=web.signed_in)
async def count(page: Page, db: Db) -> Response:
    return waiting.count(page, await _tasks(page, db))


async def _tasks(page: Page, db: Db) -> list[Task]:
    """What the person owes, and what others are late with that the person is told of."""
    late = await obligations.late(db, organisation=page.who.organisation or "", roles=page.who.roles)
    every = {each.obligation.obligation_id: each for each in (*map(Owed, late), *await seats.owed(db, page.who))}
    found = [each for each in every.values() if each.obligation.about_type == duties.ABOUT]
    known = await lists.numbered(db, [each.obligation.about_id for each in found])
    names = await lists.names(db, [each.instead_of for each in found if each.instead_of])
    words = Words(page)
    of_referrals = [_task(words, each.obligation, known[each.obligation.about_id], names.get(each.instead_of or ""))
                    for each in found if each.obligation.about_id in known]
    return of_referrals + await meetings_waiting.tasks(page, db, [each.obligation for each in every.values()])


def _task(words: Words, owed: Obligation, about: Listed, instead_of: str | None) -> Task:
    page, address = words.page, f"/referrals/{about.id}"
    why = [f"{words.service(about.service)}, {words.municipality(about.municipality)}."]
    if owed.owner_organisation == about.provider:
        why.append(page.gettext("Owed by %(owner)s.", owner=words.organisation(owed.owner_organisation)))
    elif owed.escalate_role and not owed.is_late(page.now):
        role = words.rules.roles[owed.escalate_role].text(page.language)
        why.append(page.gettext("If nothing is done, the matter is told to: %(role)s.", role=role))
    return Task(
        due=calendar.helsinki_day(owed.due_at), title=words.owed(TITLES.get(owed.kind), owed.kind, about.number),
        address=address, why=" ".join(why), act=page.gettext(ACTS.get(owed.kind, LOOK)), instead_of=instead_of,
        act_address=f"{address}/three-party" if owed.kind == three_party.ANSWER else None,
    )


# --- the list


@routes.page("GET", "/referrals", policy=READERS)
async def every(
    page: Page, db: Db, show: Annotated[str, Query(max_length=10)] = "open",
    whose: Annotated[str, Query(max_length=10)] = "", number: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[str, Query(max_length=50)] = "",
) -> Response:
    """Referrals by number; a case manager's own first."""
    words = Words(page)
    mine = page.who.has("case-manager") and whose != "all" and not number
    statuses: Sequence[Status] = () if number else FILTERS.get(show, FILTERS["open"])[1]
    found = await lists.page(
        db, page.who.organisation or "", statuses=statuses, number=number.strip() or None,
        case_manager=page.who.id if mine else None, before=place_of(after), limit=PAGE_ROWS + 1,
    )
    if number and len(found) == 1:
        return page.redirect(f"/referrals/{found[0].id}")
    here = found[:PAGE_ROWS]
    names = await _names(page, db, [each.case_manager for each in here])
    more = f"{here[-1].referred_on.isoformat()}_{here[-1].id}" if len(found) > PAGE_ROWS else None
    return page.render(
        "referrals.html", words=words, referrals=here, names=names, more=more, show=show, mine=mine, number=number,
        filters=FILTERS, whose=whose, first=not after, may_hand_over=permits(HANDERS, page.who),
    )


async def _names(page: Page, db: Db, ids: Sequence[str]) -> dict[str, str]:
    """Names of staff by id; the reader's own is known without the directory."""
    return {page.who.id: page.who.name, **await lists.names(db, ids)}


def place_of(after: str) -> tuple[date, str] | None:
    """Where a list goes on: day and id of the last one seen."""
    day, _, last = after.partition("_")
    try:
        return date.fromisoformat(day), store.as_id(last)
    except ValueError:
        return None


# --- one referral


@routes.page("GET", "/referrals/{referral_id}", policy=READERS)
async def one(referral_id: Id, page: Page, db: Db) -> Response:
    """What happened on the left, what is next on the right."""
    return await _referral(page, db, referral_id, seen=await shown.read(db, referral_id, page.who))


@routes.page("GET", "/referrals/{referral_id}/contact-details", policy=READERS)
async def back_to_one(referral_id: Id, page: Page) -> Response:
    """Where a reader lands who comes back to what was shown: not shown again."""
    return page.redirect(f"/referrals/{referral_id}")


@routes.page("POST", "/referrals/{referral_id}/contact-details", policy=CASE_MANAGERS, repeatable=True)
async def reveal(referral_id: Id, page: Page, db: Db) -> Response:
    """The referral's page with name and phone in it, once."""
    form = await page.form(Reason, {"reason": page.gettext("Choose why you look.")})
    if not form.ok:
        return await _referral(page, db, referral_id, 422, reveal_form=form)
    since = page.session.started_at if page.session else None
    try:
        contact = await handlers.reveal(db, referral_id, form.read.reason, page.who, since)
    except Refused as fault:
        if fault.refusal.code not in ("details-erased", "details-lost", "processing-restricted"):
            raise
        return page.redirect(f"/referrals/{referral_id}", said=page.sentence(fault.refusal))
    return await _referral(page, db, referral_id, contact=contact)


@routes.page("GET", "/referrals/{referral_id}/details", policy=CASE_MANAGERS)
async def ask_details(referral_id: Id, page: Page, db: Db) -> Response:
    """Korjaa nimi tai puhelinnumero: as the client tells them now."""
    return await _details(page, db, referral_id, blank())


@routes.page("POST", "/referrals/{referral_id}/details", policy=CASE_MANAGERS)
async def renew_details(referral_id: Id, page: Page, db: Db) -> Response:
    form = await page.form(Details)
    if form.ok:
        try:
            contact = Contact(form.read.name, to_e164(form.read.phone))
            await handlers.renew_details(db, referral_id, contact, page.who)
            said = page.gettext("Name and phone are kept, and go sealed to the provider.")
            return page.redirect(f"/referrals/{referral_id}", said=said)
        except Refused as fault:
            page.refuse(form, fault)
    return await _details(page, db, referral_id, form, 422)


async def _details(page: Page, db: Db, referral_id: str, form: Form[Any], status: int = 200) -> Response:
    seen = await shown.whole(db, referral_id, page.who)
    if not seen.referral.is_open:
        return page.redirect(f"/referrals/{referral_id}")
    return page.render("details.html", status, form=form, seen=seen, referral=seen.referral, words=Words(page))


@routes.page("POST", "/referrals/{referral_id}/cancellation", policy=CASE_MANAGERS)
async def cancel(referral_id: Id, page: Page, db: Db) -> Response:
    await handlers.cancel(db, referral_id, page.who)
    return page.redirect(f"/referrals/{referral_id}/receipt", said=page.gettext("The referral is cancelled."))


@routes.page("POST", "/referrals/{referral_id}/return", policy=CASE_MANAGERS)
async def settle_return(referral_id: Id, page: Page, db: Db) -> Response:
    await handlers.settle_return(db, referral_id, page.who)
    return page.redirect(f"/referrals/{referral_id}", said=page.gettext("The return is dealt with."))


async def _referral(page: Page, db: Db, referral_id: str, status: int = 200, *, contact: Contact | None = None,
                    reveal_form: Form[Any] | None = None, seen: shown.Whole | None = None) -> Response:
    words = Words(page)
    seen = seen or await shown.whole(db, referral_id, page.who)
    three = next(reversed(await meetings.three_parties_of(db, referral_id)), None)
    named = [who for entry in seen.entries for who in (entry.by, entry.detail.get("to")) if who]
    names = await _names(page, db, [*named, seen.referral.case_manager, three.coach if three else ""])
    return page.render(
        "referral.html", status, words=words, seen=seen, referral=seen.referral, names=names, contact=contact,
        reveal_form=reveal_form or blank(), three_party=three, may_act=page.who.has("case-manager"),
        may_ask=page.who.has("case-manager", "data-protection-officer"), may_hand_over=permits(HANDERS, page.who),
        told=words.rules.services[seen.referral.service].start_and_end_told,
    )


# --- withdrawal and receipt


@routes.page("GET", "/referrals/{referral_id}/withdrawal", policy=CASE_MANAGERS)
async def ask_withdrawal(referral_id: Id, page: Page, db: Db) -> Response:
    """What will happen, to whose copies, by when; then the press."""
    now = page.now.astimezone(calendar.HELSINKI)
    return await _withdrawal(page, db, referral_id, blank(on=page.today, at=now.time()))


@routes.page("POST", "/referrals/{referral_id}/withdrawal", policy=CASE_MANAGERS)
async def withdraw(referral_id: Id, page: Page, db: Db) -> Response:
    form = await page.form(Told)
    if form.ok:
        told_at = datetime.combine(form.read.on, form.read.at, calendar.HELSINKI)
        try:
            await handlers.withdraw(db, referral_id, told_at, page.who)
            said = page.gettext("The withdrawal is recorded. Nobody in the area can read the contact details any more.")
            return page.redirect(f"/referrals/{referral_id}/receipt", said=said)
        except Refused as fault:
            if fault.refusal.code != "withdrawal-time-not-possible":
                raise
            form.refuse("at", page.sentence(fault.refusal))
    return await _withdrawal(page, db, referral_id, form, 422)


async def _withdrawal(page: Page, db: Db, referral_id: str, form: Form[Any], status: int = 200) -> Response:
    seen = await shown.whole(db, referral_id, page.who)
    if seen.referral.status in ERASING:
        return page.redirect(f"/referrals/{referral_id}/receipt")
    words = Words(page)
    due = calendar.deadline(page.now, words.rules.consent.erase_within)
    return page.render("withdrawal.html", status, form=form, seen=seen, referral=seen.referral, words=words, due=due)


@routes.page("GET", "/referrals/{referral_id}/receipt", policy=READERS)
async def receipt(
    referral_id: Id, page: Page, db: Db, client_language: Annotated[str, Query(max_length=2)] = ""
) -> Response:
    """Live while somebody still has to acknowledge; then the receipt, in the client's language."""
    seen = await shown.read(db, referral_id, page.who, "receipt")
    language = client_language if client_language in ("fi", "sv", "en") else page.language
    return page.render(
        "receipt.html", seen=seen, referral=seen.referral, words=Words(page), client_language=language,
        written=_written(page, seen, language),
    )


@routes.page("GET", "/referrals/{referral_id}/receipt/live", policy=READERS)
async def receipt_live(referral_id: Id, page: Page, db: Db) -> Response:
    """The part of the receipt that refreshes itself, until it is whole."""
    seen = await shown.whole(db, referral_id, page.who)
    if seen.is_receipt_whole:
        said = page.gettext("Every copy is erased and acknowledged.")
        return page.redirect(f"/referrals/{referral_id}/receipt", said=said)
    return Response(_written(page, seen, page.language), media_type="text/html")


@routes.page("GET", "/referrals/{referral_id}/receipt.json", policy=READERS)
async def receipt_json(referral_id: Id, page: Page, db: Db) -> Response:
    """The receipt as a signed document, to be kept and verified."""
    seen = await shown.read(db, referral_id, page.who, "receipt")
    document = shown.signed_receipt(db, seen, page.request.app.state.signing_key)
    name = page.gettext("receipt-%(number)s.json", number=seen.referral.number)
    return Response(
        json.dumps(document, ensure_ascii=False, indent=2), media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _told_to(page: Page, seen: shown.Whole, language: str) -> str:
    """Whom a silent provider's deadline was told to."""
    owed = seen.obligation(duties.ACKNOWLEDGE)
    role = Words(page).rules.roles.get(owed.escalate_role or "") if owed else None
    return role.text(language) if role else ""


def _written(page: Page, seen: shown.Whole, language: str) -> Markup:
    """The receipt's text, in the client's language."""
    rules = Words(page).rules
    text = page.web.rendering.render("public/receipt.html", language, {
        "seen": seen, "referral": seen.referral, "page": page, "who": page.who, "today": page.today, "now": page.now,
        "area": rules.organisations[seen.referral.organisation].text(language),
        "provider": rules.organisations[seen.referral.provider].text(language),
        "overdue": receipt_of.is_overdue(seen.referral, page.now),
        "told_to": _told_to(page, seen, language), "remains": receipt_of.remains(seen.referral, rules),
        "purpose": rules.codes["consent-purpose"][seen.referral.consent.purpose].text(language),
    })
    return Markup(text)  # noqa: S704 - our own template, which escapes
