"""What notify does with events: notices for those whom they concern; and the directory that it keeps."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chassis import outbox
from chassis.broker import side_of
from chassis.calendar import helsinki_day
from chassis.database import Session
from contracts import plan
from contracts.envelope import Event
from contracts.events.directory import SeatFilled, StaffListed
from contracts.events.referrals import ReferralConsented
from contracts.fields import new_id
from services.notify import domain, store


async def tell(db: Session, event: Event[Any]) -> None:
    """Queues the notices that an event asks for, one for each seat, in the event's own transaction."""
    data = event.data
    if isinstance(data, ReferralConsented):
        await store.remember_number(db, str(data.referral_id), data.number)
    about = getattr(data, "referral_id", None) or (
        data.about_id if getattr(data, "about_type", None) == "referral" else None)
    number = await store.number(db, str(about)) if about else None
    rules = plan.on(helsinki_day(event.time))
    side = side_of(db.record.topic) if db.record else "shared"
    begins = datetime.fromisoformat(db.settings.extra["notices_from"]) if "notices_from" in db.settings.extra else None
    for one in domain.wanted(event, side, number, rules):
        seat = await store.seat(db, one.seat.organisation, one.seat.role, one.seat.service)
        who = domain.receiver(seat, one.seat.staff_id, db.today)
        await store.add(db, domain.make(one, new_id(), who, db.now, rules.notices.fresh_for.delta, "email", begins))


async def list_person(db: Session, person: StaffListed, address: str) -> None:
    """Keeps a member of staff and tells the directory; the address stays here."""
    values: Mapping[str, Any] = {
        "staff_id": str(person.staff_id), "name": person.name, "organisation": person.organisation,
        "roles": list(person.roles), "language": person.language, "address": address,
    }
    if await store.person(db, str(person.staff_id)) == values:
        return
    await store.save_person(db, values)
    await outbox.add(db, person)


async def fill_seat(db: Session, seat: SeatFilled, mailbox: str | None) -> None:
    """Keeps who holds a seat and who substitutes, and tells the directory; `mailbox` is the seat's own address,
    such as Pointti's."""
    values: dict[str, Any] = {
        "seat": seat.subject(), "organisation": seat.organisation, "role": seat.role, "service": seat.service,
        "group": seat.group, "holder": seat.holder, "substitutes": list(seat.substitutes),
        "away_until": seat.away_until, "mailbox": mailbox,
    }
    if await store.seat_named(db, seat.subject()) == values:
        return
    await store.save_seat(db, values)
    await outbox.add(db, seat)
