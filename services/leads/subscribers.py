"""Which topics leads reads, and what it does with their events."""

from chassis.broker import Subscription
from contracts import topics
from services.leads import handlers

CRMS = ("lempaalan-kehitys-crm", "tampere-region-crm", "business-tampere-crm")


def subscriptions() -> list[Subscription]:
    intake = [f"shared.from-{crm}.v1" for crm in CRMS]
    return [
        Subscription(topic, {model: handlers.take for model in topics.TOPICS[topic].models}) for topic in intake
    ]
