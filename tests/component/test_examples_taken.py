"""Each golden example on each topic that leads, feedback and notify read: taken, or refused for a reason of its own."""

from datetime import UTC, datetime

from contracts.topics import TOPICS, dead_letter_topic, source_of
from tests.contract.examples import example, structured
from tests.stack import World
from yhdyspinta.embedded.processes import free_port

SERVICES = ("leads", "feedback", "notify")
REFUSED = {
    "LeadAccepted": "not-yours", "LeadReturned": "not-yours", "LeadFulfilled": "not-yours",  # it was never routed
}
"""Of the examples, sent in the registry's order, those that are refused."""


async def test_no_golden_example_is_a_fault_of_ours(world: World):
    world.clock.set(datetime(2026, 12, 1, tzinfo=UTC))
    names: dict[str, str] = {}
    async with world.running(*SERVICES, smtp_port=free_port()) as running:
        for service in SERVICES:
            for subscription in running.services[service].subscriptions:
                topic, handled = TOPICS[subscription.topic], 0
                writers = {source_of(writer): writer for writer in topic.writers}
                for event in (example(model.__name__) for model in topic.models):
                    if event["source"] in writers:
                        await world.send(writers[event["source"]], topic.name, *structured(event))
                        names[event["id"]] = event["type"].split(".")[2]
                        handled += 1
                if handled:
                    await world.read_to_the_end(service, topic.name)
        reasons = {}
        for service in SERVICES:
            for record in await world.records(dead_letter_topic(service)):
                event_id = next(i for i in names if i.encode() in (record.value or b""))
                reasons[names[event_id]] = dict(record.headers)["dead-letter-reason"].decode()
    assert reasons == REFUSED
