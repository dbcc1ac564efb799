"""All open cases of one are a colleague's from now on: for a long absence, or for good."""

from collections.abc import Mapping
from dataclasses import dataclass

from chassis import obligations
from chassis.database import Session
from chassis.decisions import Refused
from contracts.plan import Service
from services.coaching import directory
from services.coaching.cases import handlers as cases
from services.coaching.cases import store as case_store
from services.coaching.cases.handlers import By
from services.coaching.cases.refusals import NoColleague
from services.coaching.handing_over import store


@dataclass(frozen=True)
class HandedOver:
    """How many cases have another coach, and how many stayed, for the colleague does not work in their service."""

    cases: int
    stayed: int


async def hand_over_all(db: Session, of: str, to: str, by: By) -> HandedOver:
    """Cases of the services in which the colleague works, and what they owe; deadlines stay. Raises `Refused`:
    `NoColleague`."""
    services = db.plan.services
    own = [services[code] for code in by.whose.services if code in services]
    works_in = [each for each in own if to in await _workers(db, by, each)]
    if not works_in or of == to:
        raise Refused(NoColleague())
    held, given = await store.held_by(db, by.whose, of), 0
    for case_id in held:
        if to in dict(await cases.colleagues(db, await case_store.case(db, case_id, by.whose))):
            await cases.hand_over(db, case_id, by, to)
            given += 1
    for role in sorted({each.mailbox_role for each in works_in}):
        await obligations.hand_over_all(db, organisation=by.whose.provider, role=role, owner=of, to=to)
    return HandedOver(given, len(held) - given)


async def workers(db: Session, by: By) -> Mapping[str, str]:
    """Who works in one of the services of whoever acts, by name."""
    services = db.plan.services
    found = [await _workers(db, by, services[code]) for code in by.whose.services if code in services]
    named = {code: name for each in found for code, name in each.items()}
    return dict(sorted(named.items(), key=lambda one: one[1]))


async def _workers(db: Session, by: By, service: Service) -> Mapping[str, str]:
    return {
        code: name for organisation in {by.whose.provider, by.who.organisation or ""}
        for role in (service.mailbox_role, *service.other_roles)
        for code, name in await directory.in_role(db, organisation, role)
    }
