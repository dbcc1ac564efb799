"""What feedback does with what the municipalities' systems publish."""

from chassis import outbox
from chassis.database import Session
from chassis.decisions import decided_or_raise
from contracts.envelope import Event
from contracts.events.feedback import FeedbackSubmitted
from services.feedback import domain, store


async def take(db: Session, event: Event[FeedbackSubmitted]) -> None:
    """Feedback of a municipality's own system."""
    known = await store.feedback(db, str(event.data.feedback_id))
    one, events = decided_or_raise(domain.take(event, known), known)
    if one is not None and events:
        await store.save(db, one)
        await outbox.add(db, *events, topic=one.topic, time=event.time)
