"""What a provider holds of a client: all cases of the person that the reader may see, and what is told of them under
pseudonyms [GDPR 15; SEC-10]."""

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import func, select

from chassis import audit, restriction
from chassis.calendar import helsinki_day
from chassis.database import Session
from chassis.officer import subject
from chassis.officer.subject import ACCOUNTABILITY, CONSENT, RIGHTS, STATISTICS, TASK, DataHeld, Kept, Part
from chassis.web import N_, Page
from chassis.web.formats import Formats
from contracts.topics import TOPICS, source_of
from services.coaching import directory
from services.coaching.cases import store
from services.coaching.cases.domain import Case
from services.coaching.cases.handlers import By
from services.coaching.cases.schemas import details_of
from services.coaching.cases.store import cases
from services.coaching.cases.timeline import timeline
from services.coaching.cases.wording import ORIGINS, Words
from services.coaching.meetings.store import invitations
from services.coaching.ohjaamo.store import visits
from services.coaching.outcomes import handlers as outcomes
from services.coaching.outcomes.store import clients_of_person
from services.coaching.pointti.store import period_places, tet_states

ABOUT = "case"
AREA = source_of("referral").split("/")[1]
_DETAILS = {
    "none": N_("none: the client came without a referral"), "coming": N_("on their way, sealed"),
    "here": N_("kept, sealed to a key of their own"), "closed": N_("erased, or being erased: nobody can read them"),
}


async def cases_of_client(db: Session, case_id: str, by: By) -> list[Case]:
    """All cases of the client of a case that are of the reader's own, that one first. Raises `Refused` with
    `NotFound`."""
    first = await store.case(db, case_id, by.whose)
    clients = set(await clients_of_person(db, first.client)) | {first.client}
    ids = (await db.execute(select(cases.c.case_id).where(
        cases.c.client.in_(clients), cases.c.case_id != first.id, by.whose.condition()).order_by(cases.c.opened_at)
    )).scalars().all()
    return [first, *[await store.case(db, each, by.whose) for each in ids]]


async def restrict(db: Session, case_id: str, by: By) -> None:
    """At the client's request nobody of the provider opens the contact details, of any of the client's cases [GDPR 18].
    Raises `Refused`: `NotFound`, `RestrictedAlready`."""
    first, *others = await cases_of_client(db, case_id, by)
    await restriction.restrict(db, ABOUT, first.id, by.who)
    for each in others:
        if await restriction.in_force(db, ABOUT, each.id) is None:
            await restriction.restrict(db, ABOUT, each.id, by.who)


async def lift_restriction(db: Session, case_id: str, by: By) -> None:
    """The contact details of all the client's cases may be opened again. Raises `Refused`: `NotFound`,
    `NotRestricted`."""
    first, *others = await cases_of_client(db, case_id, by)
    await restriction.lift(db, ABOUT, first.id, by.who)
    for each in others:
        if await restriction.in_force(db, ABOUT, each.id):
            await restriction.lift(db, ABOUT, each.id, by.who)


async def erase_links(db: Session, case_id: str, by: By) -> None:
    """An erasure request: from here on nobody can link a figure to the person [events.md, Pseudonyms]. Raises
    `Refused` with `NotFound`."""
    case = await store.case(db, case_id, by.whose)
    await outcomes.forget_person(db, case.client, by.who, case.id)


async def data_held(db: Session, case_id: str, page: Page, by: By) -> DataHeld:
    """All that is held of a case's client here; that it was asked for is in the audit log. Raises `Refused` with
    `NotFound`."""
    found, words = await cases_of_client(db, case_id, by), Words(page)
    ids = [case.id for case in found]
    looks, more = await subject.looks(db, page, [*ids, *(case.referral.id for case in found if case.referral)])
    for each in ids:
        await audit.read(db, ABOUT, each, by.who, "data-held")
    provider = words.rules.organisations[found[0].provider].text(page.language)
    area = words.rules.organisations[AREA].text(page.language)
    return DataHeld(
        number=found[0].number, controller=provider, as_of=page.now,
        recipients=[area] if any(case.referral for case in found) else [],
        parts=[part for case in found for part in await _parts(db, page, case, words)],
        held=[subject.held(page, each) for each in [*_kept(found, words), *await _kept_beside(db, found, words)]],
        looks=looks, more_looks=more,
        restrictions=await subject.restrictions(db, page, ABOUT, ids),
        elsewhere=[
            page.gettext(N_("PARty: the client's own record. The municipality answers for it apart.")),
            *([page.gettext(N_("%(area)s: the referral and its consent. Ask there."), area=area)]
              if any(case.referral for case in found) else []),
        ],
        rights=[page.gettext(each) for each in RIGHTS],
    )


async def _parts(db: Session, page: Page, case: Case, words: Words) -> list[Part]:
    gettext, formats, closed = page.gettext, Formats(page.language, page.texts), case.course.closed
    happened = await timeline(db, case)
    names = await directory.names(db, {each.by for each in happened if each.by} | {case.coach or ""})
    began = case.course.began_on()
    return [
        Part(title=gettext("Case %(number)s", number=case.number), facts=subject.facts(
            (gettext("Service"), words.service(case.service)),
            (gettext("Where the client lives"), words.municipality(case.municipality)),
            (gettext("How the client came"), gettext(ORIGINS[case.origin]) if case.origin in ORIGINS else case.origin),
            (gettext("What the client comes for"), case.basis and words.basis(case.basis)),
            (gettext("First approach"), formats.date_(case.course.asked_on)),
            (gettext("In whose hands"), names.get(case.coach or "", case.coach or "")),
            (gettext("Status"), words.status(case.status)[0]),
            (gettext("Name and phone"), gettext(_DETAILS[details_of(case)])),
            (gettext("Began"), began and formats.date_(began)),
            (gettext("Goes on"), case.goes_on and words.goes_on(case.goes_on.beside, case.goes_on.since)),
            (gettext("Ended"), closed and formats.date_(closed.on)),
        )),
        Part(title=gettext("What happened, %(number)s", number=case.number), facts=subject.facts(*(
            (formats.moment(each.at), words.happened(each, case.service)) for each in happened))),
    ]


def _kept(found: Sequence[Case], words: Words) -> Iterator[Kept]:
    """Each kind of data, with the plan's own periods; what is open has not begun to grow old."""
    keep, sealing, topic = words.rules.retention, words.rules.sealing, TOPICS[store.CASEWORK]
    ended = _ended(found)
    first = min(helsinki_day(case.opened_at) for case in found)
    if any(details_of(case) == "here" for case in found):
        yield Kept(N_("Name and phone number, sealed to a key of their own"), "sealed_details, keys, KEYS_DIR",
                   N_("to reach the client"), CONSENT, sealing.keep_after_end, ended)
    case_period = keep.closed_case.keep
    yield Kept(N_("The case: service, days, attempts, meetings, outcome"), "cases, casework, case_ids",
               N_("to give the service, and to follow it"), TASK, case_period, ended)
    if any(case.referral for case in found):
        yield Kept(N_("The referral and its consent, by number"), "referrals, acknowledgements",
                   N_("to show that the client agreed, and what was erased"), ACCOUNTABILITY, case_period, ended)
        yield Kept(N_("Who looked at the contact details, and why"), "reveals",
                   N_("to show who looked at the client's data"), ACCOUNTABILITY, case_period, ended)
    yield Kept(N_("Deadlines, and who had to act"), "obligations", N_("so that no client is forgotten"), TASK,
               case_period, ended)
    yield Kept(N_("Messages about the case, by random ids"), store.CASEWORK,
               topic.keep.reason_en if words.language == "en" else topic.keep.reason_fi, TASK,
               keep.pseudonymous.keep, first)
    if all(case.untold for case in found):
        yield Kept(N_("Links to figures"), "year_clients, spells, told_outcomes", N_("to count clients"), STATISTICS,
                   lasts=N_("erased at the client's request"))
    else:
        yield Kept(N_("Links to figures: a random id for each calendar year"),
                   "persons, year_clients, spells, told_outcomes", N_("to count clients"), STATISTICS,
                   lasts=N_("until the year's figures are final"))
    yield Kept(N_("Who saw or changed it"), "audit_log", N_("to show who looked at the client's data"), ACCOUNTABILITY,
               keep.audit.keep, first)


async def _kept_beside(db: Session, found: Sequence[Case], words: Words) -> list[Kept]:
    """What is kept of these cases' visits, groups, TET periods and invitations, if there were any."""
    period, ended, ids = words.rules.retention.closed_case.keep, _ended(found), [case.id for case in found]
    tables = (
        (visits, Kept(N_("Visits to the Ohjaamo: day, place, topic"), "ohjaamo_visits",
                      N_("to give the service, and to follow it"), TASK, period, ended)),
        (period_places, Kept(N_("Places in groups of the workshop"), "period_places",
                             N_("to give the service, and to follow it"), TASK, period, ended)),
        (tet_states, Kept(N_("TET periods and proposals of work trials: days, answers"), "tets, casework",
                          N_("to give the service, and to follow it"), TASK, period, ended)),
    )
    kept = [each for table, each in tables
            if (await db.execute(select(table.c.case_id).where(table.c.case_id.in_(ids)).limit(1))).first()]
    referrals = [case.referral.id for case in found if case.referral]
    last = (await db.execute(select(func.max(invitations.c.ends_at)).where(
        invitations.c.referral_id.in_(referrals)))).scalar_one()
    if last:
        kept.append(Kept(N_("Invitations to meetings, and their answers"), "invitations",
                         N_("to agree on the meetings"), TASK, period, helsinki_day(last)))
    return kept


def _ended(found: Sequence[Case]) -> date | None:
    """The day when the last of them ended; None while one is open."""
    closed = [case.course.closed.on for case in found if case.course.closed]
    return max(closed) if len(closed) == len(found) else None
