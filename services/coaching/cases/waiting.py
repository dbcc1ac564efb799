"""What waits for a person in coaching: obligations of their services, and what others are late with."""

from datetime import timedelta

from chassis import calendar, obligations, seats
from chassis.database import Session
from chassis.obligations import Obligation
from chassis.seats import Owed
from chassis.web import N_, Page
from chassis.web.waiting import Happened, Task
from services.coaching import access, directory
from services.coaching.cases import duties, store
from services.coaching.cases.store import Listed
from services.coaching.cases.wording import Words
from services.coaching.meetings import three_party
from services.coaching.meetings import waiting as meetings

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
    three_party.PROPOSE: N_("Case %(number)s: propose another time for the three-party meeting"),
    three_party.RECORD: N_("Three-party meeting: case %(number)s"),
}
OUTREACH_TITLES = {
    duties.CONTACT: N_("Young person %(number)s: get in touch"),
    duties.TRY_AGAIN: N_("Young person %(number)s: try again to get in touch"),
    duties.DECIDE: N_("Young person %(number)s: decide whether to go on trying"),
    duties.BOOK: N_("Young person %(number)s: agree on a meeting"),
    duties.RECORD: N_("Meeting: young person %(number)s"),
    duties.REVIEW: N_("Young person %(number)s: review whether the support goes on"),
}
"""Outreach has young people where others have cases [3.4]."""
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
    three_party.PROPOSE: (N_("Propose a time"), "/three-party"),
    three_party.RECORD: (N_("Record as held"), "/meeting?kind=three-party"),
}


async def tasks(page: Page, db: Session) -> list[Task]:
    """What the person owes, what nobody in their roles has taken, both of those they stand in for, and what is late and
    told to them."""
    late = await obligations.late(db, organisation=page.who.organisation or "", roles=page.who.roles)
    whose, roles = access.by(page.who, page.now).whose, access.owed_roles(page.who, page.now)
    owed = await seats.owed(db, page.who, organisations=whose.providers, roles=roles)
    every = {each.obligation.obligation_id: each for each in (*map(Owed, late), *owed)}
    found = [each for each in every.values() if each.obligation.kind in TITLES and _is_near(each.obligation, page)]
    known = await store.listed_by_id(db, whose, [each.obligation.about_id for each in found])
    names = await directory.names(db, [each.instead_of for each in found if each.instead_of])
    words = Words(page)
    of_cases = [_task(words, each.obligation, known[each.obligation.about_id], names.get(each.instead_of or ""))
                for each in found if each.obligation.about_id in known]
    return of_cases + await meetings.tasks(page, db, [each.obligation for each in every.values()])


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


def _task(words: Words, owed: Obligation, case: Listed, instead_of: str | None) -> Task:
    page, address = words.page, f"/cases/{case.case_id}"
    act, where = ACTS[owed.kind]
    if words.rules.trying(case.service) and owed.kind in (duties.CONTACT, duties.TRY_AGAIN):
        act = N_("Get in touch")
    is_worker = page.who.has(*access.ROLES, *((access.MANAGER,) if owed.kind == duties.SEND_PROPOSAL else ()))
    kind = duties.TRY_AGAIN if owed.kind == duties.CONTACT and case.origin != "referral" else owed.kind
    title = OUTREACH_TITLES.get(owed.kind) if words.rules.trying(case.service) else None
    return Task(
        due=case.booked_at if owed.kind == duties.RECORD and case.booked_at else calendar.helsinki_day(owed.due_at),
        title=page.gettext(title or TITLES[kind], number=case.number), address=address, why=_why(words, owed, case),
        act=page.gettext(act if is_worker else N_("Look into it")),
        act_address=f"{address}{_start_of(case) if owed.kind == duties.RECORD else where}" if is_worker else None,
        instead_of=instead_of,
    )


def _is_near(owed: Obligation, page: Page) -> bool:
    """A review, or a decision on whom nobody reached, is shown when it is near: until then it may move on by itself."""
    return owed.kind not in (duties.REVIEW, duties.DECIDE) or owed.due_at < page.now + duties.LOOKED_AT_BEFORE


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
