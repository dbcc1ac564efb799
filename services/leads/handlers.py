"""What leads does with the events of other systems: check, keep, publish on the common topic."""

from typing import Any

from chassis import outbox, parking
from chassis.database import Session
from chassis.decisions import decided_or_raise
from contracts.envelope import Event
from contracts.topics import topic_for
from services.leads import domain, store


async def take(db: Session, event: Event[Any]) -> None:
    """An event of a CRM. One whose visit, lead or event nobody opened yet is parked."""
    data = event.data
    about = domain.about(data)
    known = await store.subject(db, *about) if about else None
    subject, _ = decided_or_raise(domain.take(event, known))
    if about and domain.waits(event, known):
        await parking.park(db, event, ":".join(about))
        return
    if subject is not None:
        await store.save(db, subject)
    await outbox.republish(db, event, topic=topic_for(type(data), db.service))
    if about and known is None:
        await parking.take_up(db, ":".join(about), take)
