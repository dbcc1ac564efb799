"""Receiving a visitor: one act, the same for the page and the API; whoever came before keeps their case [3.5]."""

from dataclasses import dataclass

from chassis.database import Session
from chassis.decisions import Refused
from services.coaching.cases import handlers as cases
from services.coaching.cases import store as case_store
from services.coaching.cases.domain import Case
from services.coaching.cases.handlers import By
from services.coaching.cases.refusals import CodeNotKnown, EarlierCaseUnknown
from services.coaching.ohjaamo import domain, store
from services.coaching.ohjaamo.domain import SERVICE


@dataclass(frozen=True)
class Visitor:
    """Where (`ohjaamo`), from where, about what; `number` of an earlier case; `settled`: no other meeting is needed."""

    ohjaamo: str
    municipality: str
    topic: str
    settled: bool
    number: str | None = None


async def receive(db: Session, by: By, visitor: Visitor) -> Case:
    """A visit without an appointment: a meeting today in the case of that number, or in a new one.

    An earlier case that is closed stays so: the new one is of the same person. Raises `Refused`: `CodeNotKnown`,
    `EarlierCaseUnknown`, `NotOhjaamo`, and as `cases.handlers.open_case`.
    """
    now = db.plan
    if visitor.ohjaamo not in now.ohjaamo.ohjaamos:
        raise Refused(CodeNotKnown("/ohjaamo"))
    if not now.knows("ohjaamo-topic", visitor.topic):
        raise Refused(CodeNotKnown("/topic"))
    known = await _known(db, by, visitor.number) if visitor.number else None
    case = known if known and not known.course.closed else await cases.open_case(
        db, by, SERVICE, visitor.municipality, "self", db.today, earlier=known)
    case = await cases.act(
        db, case.id, by, "receive-visitor", lambda case, act, rules: domain.receive(case, act, visitor.settled, rules))
    await store.add(db, case.id, visitor.ohjaamo, visitor.topic, by.who.id)
    return case


async def _known(db: Session, by: By, number: str) -> Case:
    found = await case_store.listed(db, by.whose, number=number)
    if not found:
        raise Refused(EarlierCaseUnknown())
    if found[0].service != SERVICE:
        raise Refused(domain.NotOhjaamo())
    return await case_store.case(db, found[0].case_id, by.whose)
