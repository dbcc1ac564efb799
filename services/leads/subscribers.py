"""Which topics leads reads, and what it does with their events."""

from chassis import directory
from chassis.broker import Subscription
from contracts import topics
from services.leads import handlers


def subscriptions() -> list[Subscription]:
    intake = [f"shared.from-{crm}.v1" for crm in topics.CRMS]
    return [
        *(Subscription(topic, dict.fromkeys(topics.TOPICS[topic].models, handlers.take)) for topic in intake),
        directory.FOLLOWING,
    ]
