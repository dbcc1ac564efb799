"""Which topics feedback reads, and what it does with their events."""

from chassis import directory
from chassis.broker import Handlers, Subscription
from contracts import topics
from contracts.events.feedback import FeedbackSubmitted
from services.feedback import handlers

HANDLERS: Handlers = {FeedbackSubmitted: handlers.take}


def subscriptions() -> list[Subscription]:
    intake = [Subscription(f"municipal.from-{system}.v1", HANDLERS) for system in topics.FEEDBACK_SYSTEMS]
    return [*intake, directory.FOLLOWING]
