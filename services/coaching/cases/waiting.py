"""What waits for a person in coaching: obligations of their services, and what others are late with."""

from datetime import timedelta

from chassis import calendar, obligations
from chassis.database import Session
from chassis.obligations import Obligation
from chassis.web import N_, Page
from chassis.web.waiting import Happened, Task
from services.coaching import access
from services.coaching.cases import duties, store
from services.coaching.cases.store import Listed
from services.coaching.cases.wording import Words

SHOWN_FOR = timedelta(days=7)
"""How long a withdrawal is said among what happened last."""
TITLES = {
    duties.CONTACT: N_("Referral %(number)s: contact the client"),
    duties.TRY_AGAIN: N_("Case %(number)s: try to reach the client again"),
    duties.DECIDE: N_("Case %(number)s: decide whether to go on trying"),
    duties.BOOK: N_("Case %(number)s: book a time"),
    duties.RECORD: N_("Meeting: case %(number)s"),
    duties.INTERVIEW: N_("Case %(number)s: interview the young person"),
    duties.START_PERIOD: N_("Case %(number)s: take the young person into a period"),
    duties.END_PERIOD: N_("Case %(number)s: end the period with a plan"),
    duties.TELL_STARTED: N_("Case %(number)s: tell the employment area that the service began"),
    duties.TELL_ENDED: N_("Case %(number)s: tell the employment area that the service ended"),
    duties.REVIEW: N_("Case %(number)s: review whether it goes on"),
    duties.RECORD_TET: N_("Case %(number)s: record whether both wish to go on after the TET period"),
    duties.SEND_PROPOSAL: N_("Case %(number)s: check the work trial's proposal and send it"),
}
ACTS = {
    duties.CONTACT: (N_("Call"), ""),
    duties.TRY_AGAIN: (N_("Call"), ""),
    duties.DECIDE: (N_("Decide"), ""),
    duties.BOOK: (N_("Book a time"), "/appointment"),
    duties.RECORD: (N_("Record as held"), "/meeting"),
    duties.INTERVIEW: (N_("Book a time"), "/appointment"),
    duties.START_PERIOD: (N_("Take into a period"), "/period"),
    duties.END_PERIOD: (N_("End the period"), "/period-end"),
    duties.TELL_STARTED: (N_("Tell of the start"), "/start"),
    duties.TELL_ENDED: (N_("Tell of the end"), "/end"),
    duties.REVIEW: (N_("Review"), ""),
    duties.RECORD_TET: (N_("Record the TET period"), "/tet-end"),
    duties.SEND_PROPOSAL: (N_("Check and send"), "/work-trial"),
}


async def tasks(page: Page, db: Session) -> list[Task]:
    """What the person owes, what nobody in their roles has taken, and what is late and told to them."""
    organisation, roles = page.who.organisation or "", page.who.roles
    owed = await obligations.waiting(db, organisation=organisation, roles=roles, person=page.who.id)
    late = await obligations.late(db, organisation=organisation, roles=roles)
    every = {each.obligation_id: each for each in (*owed, *late) if each.kind in TITLES and _is_near(each, page)}
    whose = access.by(page.who, page.now).whose
    known = await store.listed_by_id(db, whose, [each.about_id for each in every.values()])
    words = Words(page)
    return [_task(words, each, known[each.about_id]) for each in every.values() if each.about_id in known]


async def happened(page: Page, db: Session) -> list[Happened]:
    """Which clients withdrew lately, and which referrals were taken back."""
    whose = access.by(page.who, page.now).whose
    found, words = await store.stopped_since(db, whose, page.now - SHOWN_FOR), Words(page)
    sentence = {
        "withdrawal": N_(
            "The client of %(number)s withdrew the consent %(when)s. Nobody can open the contact details."),
        "cancellation": N_("Referral %(number)s was taken back %(when)s. Nobody can open the contact details."),
    }
    return [
        Happened(page.gettext(sentence[each.closing], number=each.number, when=words.formats.moment(each.closed_at)),
                 f"/cases/{each.case_id}", page.gettext("Open the case"))
        for each in found
    ]


def _task(words: Words, owed: Obligation, case: Listed) -> Task:
    page, address = words.page, f"/cases/{case.case_id}"
    act, where = ACTS[owed.kind]
    is_worker = page.who.has(*access.ROLES, *((access.MANAGER,) if owed.kind == duties.SEND_PROPOSAL else ()))
    title = TITLES[duties.TRY_AGAIN if owed.kind == duties.CONTACT and case.origin != "referral" else owed.kind]
    return Task(
        due=case.booked_at if owed.kind == duties.RECORD and case.booked_at else calendar.helsinki_day(owed.due_at),
        title=page.gettext(title, number=case.number), address=address, why=_why(words, owed, case),
        act=page.gettext(act if is_worker else N_("Look into it")),
        act_address=f"{address}{_start_of(case) if owed.kind == duties.RECORD else where}" if is_worker else None,
    )


def _is_near(owed: Obligation, page: Page) -> bool:
    """A review is shown when it is near: until then it may move on by itself."""
    return owed.kind != duties.REVIEW or owed.due_at < page.now + duties.LOOKED_AT_BEFORE


def _start_of(case: Listed) -> str:
    """The first meeting of coaching begins it; another meeting is recorded."""
    return "/start" if case.service == "coaching" and case.began_on is None else "/meeting"


def _why(words: Words, owed: Obligation, case: Listed) -> str:
    page = words.page
    said = [f"{words.service(case.service)}, {words.municipality(case.municipality)}."]
    if owed.kind in (duties.CONTACT, duties.TRY_AGAIN, duties.DECIDE):
        if case.attempts:
            said.append(page.ngettext(
                "One attempt, not reached yet.", "%(num)s attempts, not reached yet.", case.attempts))
        said.append(page.gettext("Arrived %(day)s.", day=words.formats.day(case.asked_on)))
    if owed.kind == duties.RECORD and case.service == "coaching" and case.began_on is None:
        said.append(page.gettext("The first meeting; coaching begins when it is held."))
    if owed.kind in (duties.TELL_STARTED, duties.TELL_ENDED):
        said.append(page.gettext("The employment area learns the day, and nothing else."))
    if owed.kind == duties.SEND_PROPOSAL:
        said.append(page.gettext("The young person and the workplace both wish to go on."))
    if owed.escalate_role and not owed.is_late(page.now):
        said.append(page.gettext(
            "If nothing is done, the matter is told to: %(role)s.", role=words.role(owed.escalate_role)))
    return " ".join(said)
