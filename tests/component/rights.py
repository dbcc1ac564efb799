"""What the broker itself says that a principal may do, and what lies there for it."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord
from confluent_kafka import TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient

from chassis.broker import as_aiokafka
from contracts.topics import TOPICS
from tests.stack import World


def allowed(world: World, principal: str) -> dict[str, set[str]]:
    """Operations by topic, as the broker says; topics that it denies are not in it."""
    admin = AdminClient({**connection(world, principal), "log_level": 0})
    asked = admin.describe_topics(TopicCollection([world.topic(name) for name in TOPICS]), request_timeout=20,
                                  include_authorized_operations=True)
    found = {}
    for name, future in asked.items():
        fault = future.exception(timeout=20)
        if fault is None:
            operations = set(future.result().authorized_operations) - {AclOperation.DESCRIBE}
            found[name.removeprefix(world.place.prefix)] = {operation.name for operation in operations}
        else:
            assert fault.args[0].name() == "TOPIC_AUTHORIZATION_FAILED"
    return found


def connection(world: World, principal: str) -> dict[str, str]:
    return {k: v for k, v in world.client(principal).items() if k not in ("group.id", "partitioner")}


async def all_that_it_reads(world: World, principal: str) -> list[ConsumerRecord]:
    """Every record of every topic that the broker lets a principal read, from the beginning, with its own account."""
    topics = [name for name, operations in allowed(world, principal).items() if "READ" in operations]
    consumer = AIOKafkaConsumer(**as_aiokafka(connection(world, principal)), enable_auto_commit=False)
    await consumer.start()
    try:
        parts = [TopicPartition(world.topic(name), p) for name in topics for p in range(TOPICS[name].partitions)]
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        ends = await consumer.end_offsets(parts)
        found: list[ConsumerRecord] = []
        while any([await consumer.position(part) < end for part, end in ends.items()]):
            batches = await asyncio.wait_for(consumer.getmany(timeout_ms=200), 10)
            found += [record for batch in batches.values() for record in batch]
        return found
    finally:
        await consumer.stop()
