"""What PARty tells: checked, taken into the case's course, and published unchanged on the common topic.

What is taken becomes outcomes as our own acts do. The area hears of nothing but a withdrawal: start and end of
coaching are a coach's own act [3.2; events.md, municipal.casework.v1].
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chassis import audit, outbox, parking
from chassis.calendar import helsinki_day
from chassis.database import Session
from chassis.decisions import Refusal, Refused, decided_or_raise
from chassis.policy import system_of
from contracts import plan
from contracts.envelope import Event
from contracts.events.casework import CaseClosed, CaseOpened, WithdrawalTold
from contracts.refusals import of_field
from services.coaching.cases import domain as case_domain
from services.coaching.cases import handlers as cases
from services.coaching.cases import opening, store
from services.coaching.cases.course import Happened, against, day_of
from services.coaching.cases.domain import Act, Case
from services.coaching.cases.refusals import ReferralOnly
from services.coaching.outcomes import handlers as outcomes
from services.coaching.outcomes.store import same_person
from services.coaching.referrals import domain as referrals
from services.coaching.referrals import erasing
from services.coaching.referrals import store as referrals_store


@dataclass(frozen=True)
class NotYours(Refusal):
    """Another organisation opened it, or it names another as provider."""

    code = reason = "not-yours"
    sentence_en = "Only the organisation that opened the case may change it, and it opens cases of its own alone."
    sentence_fi = "Asiakkuutta voi muuttaa vain sen avannut organisaatio, ja se avaa vain omia asiakkuuksiaan."


@dataclass(frozen=True)
class OpenedOtherwise(Refusal):
    """A case is opened once; an opening that comes again says the same."""

    code = "opened-otherwise"
    sentence_en = "The case was opened with other fields. A case keeps its service, provider, origin and asked_on."
    sentence_fi = "Asiakkuus on avattu muilla tiedoilla. Sen service, provider, origin ja asked_on eivät muutu."


def of_case(case_id: str) -> str:
    """What a parked event of a case waits for."""
    return f"case:{case_id}"


def of_number(number: str) -> str:
    """What a parked withdrawal waits for."""
    return f"referral:{number}"


async def take(db: Session, event: Event[Any]) -> None:
    """An event of a PARty. One whose case nobody opened yet is parked, and so is a withdrawal of a referral that has
    not come yet."""
    if isinstance(event.data, CaseOpened):
        await _take_opening(db, event, event.data)
        return
    case = await store.find(db, event.data.case_id)
    if case is None:
        await parking.park(db, event, of_case(event.data.case_id))
        return
    if event.source not in case.sources:
        raise Refused(NotYours())
    if isinstance(event.data, WithdrawalTold) and case.awaited_number:
        await parking.park(db, event, of_number(case.awaited_number))
        return
    await _take_part(db, event, case)


async def _take_opening(db: Session, event: Event[Any], opened: CaseOpened) -> None:
    """A case of PARty's register: a new one, or the one that its referral has already."""
    if opened.provider != system_of(event.source).organisation:
        raise Refused(NotYours())
    if opened.referral_number:
        await referrals_store.lock_number(db, opened.referral_number)
    known = await store.find(db, opened.case_id)
    if known is None:
        known = await _same_referral(db, event, opened)
    else:
        _check_again(known, event, opened)
    if known is None:
        await _open(db, event, opened)
    await outbox.republish(db, event, topic=store.CASEWORK)
    await parking.take_up(db, of_case(opened.case_id), take)


async def _open(db: Session, event: Event[Any], opened: CaseOpened) -> None:
    now = plan.on(helsinki_day(event.time))
    if refusal := opening.check_opening(
        now, opened.provider, opened.service, opened.municipality, opened.asked_on, plan.on(opened.asked_on)
    ):
        raise Refused(refusal)
    if now.services[opened.service].referral_only and opened.referral_number is None:
        raise Refused(ReferralOnly())
    cases.check_days([opened], db.today)
    referral = await referrals_store.by_number(db, opened.referral_number) if opened.referral_number else None
    case = opening.told_by(
        opened, event.source, opened.referral_number or await store.next_own_number(db), referral)
    await cases.keep(db, case, opened_by=event.source)
    await audit.changed(db, "case", case.id, system_of(event.source), "open")


async def _same_referral(db: Session, event: Event[Any], opened: CaseOpened) -> Case | None:
    """The case that the referral has already, joined: either id names it from now on."""
    if opened.referral_number is None:
        return None
    referral = await referrals_store.by_number(db, opened.referral_number)
    if referral is not None:
        _check_same(referral.provider, referral.municipality, referral.service, opened)
        case = await store.of_referral(db, referral.id)
    else:
        case = next(
            (c for c in await store.awaiting(db, opened.referral_number) if c.provider == opened.provider), None)
        if case is not None:
            _check_same(case.provider, case.municipality, case.service, opened)
    if case is None:
        return None
    await store.know_as(db, case, opened.case_id, event.source)
    await same_person(db, case.client, opened.client)
    joined = replace(case, sources=case.sources | {event.source})
    await cases.keep(db, joined)
    await audit.changed(db, "case", case.id, system_of(event.source), "join")
    return joined


def _check_again(case: Case, event: Event[Any], opened: CaseOpened) -> None:
    if event.source not in case.sources:
        raise Refused(NotYours())
    _check_municipality(case.municipality, opened)
    if not opening.same_opening(case, opened):
        raise Refused(OpenedOtherwise())


def _check_same(provider: str, municipality: str, service: str, opened: CaseOpened) -> None:
    if provider != opened.provider:
        raise Refused(NotYours())
    _check_municipality(municipality, opened)
    if service != opened.service:
        raise Refused(OpenedOtherwise())


def _check_municipality(municipality: str, opened: CaseOpened) -> None:
    if municipality != opened.municipality:
        raise of_field(
            "invalid", "/data/municipality", "must be the one of the opening", "on oltava sama kuin avauksessa")


def _consent_withdrawn(event: Event[Any]) -> datetime | None:
    """When the client told of it, where the event says that the consent is not in force any more."""
    match event.data:
        case WithdrawalTold(told_at=at):
            return at
        case CaseClosed(not_begun="withdrawn"):
            return event.time
        case _:
            return None


async def _take_part(db: Session, event: Event[Any], case: Case) -> None:
    happened = Happened(event.id, event.time, event.source, event.data)
    if refusal := against(case.course, happened, case.referral is not None):
        raise Refused(refusal)
    outcomes.check_open(day_of(event.data) or helsinki_day(event.time), db.today)
    after = replace(case, course=case.course.then(happened))
    told_at = _consent_withdrawn(event)
    if told_at and case.referral and case.referral.is_open:
        referral, events = decided_or_raise(
            referrals.report_withdrawal(case.referral, min(told_at, db.now), db.now), case.referral)
        act = Act(event.id, event.source, db.now)
        after = case_domain.remember_told(replace(after, referral=referral), act, events)
        await cases.keep(db, after, *events)
        await erasing.erase(db, referral, referrals.Closing.WITHDRAWAL)
    else:
        await cases.keep(db, after)
    await outbox.republish(db, event, topic=store.CASEWORK)
    await audit.changed(db, "case", case.id, system_of(event.source), "told")
