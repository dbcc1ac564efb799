"""Bad records among good ones on all intake topics: each bad one is told once and kept once, each good one taken."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from random import Random
from typing import Any

import orjson
import pytest
from aiokafka.structs import RecordMetadata
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import OffsetSpec

from contracts.refusals import Refusal
from contracts.topics import SYSTEMS, TOPICS, dead_letter_topic, rejections_topic
from tests import raw_producer
from tests.contract.attacks_on_envelopes import Wrong
from tests.contract.examples import LATER
from tests.contract.test_ingest import words_betrayed
from tests.integration.malformed import Sent, good, records, structured
from tests.stack import World
from tests.waiting import until
from yhdyspinta.embedded.processes import free_port

BAD = 600
READERS = ("coaching", "feedback", "leads", "reporting")
BI = "tampere-region-bi"
"""Its reports become figures; that a good one is no dead letter is all that is asked of it here."""
COMMON = ("municipal.casework.v1", "shared.visits.v1", "shared.feedback.v1")

Place = tuple[str, int, int]
"""Topic, by the registry's name, partition and offset."""


@pytest.mark.timeout(120)
async def test_each_bad_record_is_told_and_kept_once_and_each_good_one_is_taken(world: World) -> None:
    await mixed(world, BAD, Random(2026))


async def mixed(world: World, count: int, random: Random) -> None:
    world.clock.set(LATER)
    async with world.running(*READERS, smtp_port=free_port()):
        odd = [await named_oddly(world, system, random) for system in SYSTEMS]
        sent = await send(world, list(records(count, random)))
        await until(lambda: all(read_to_the_end(world, system) for system in SYSTEMS), 60 + count / 20,
                    what="all intake topics to be read")
        bad = {place: one for place, one in sent.items() if one.reason is not None}
        told = await until(lambda: rejections(world, at_least=len(bad)), what="the rejections")
        taken = Counter(one.event["subject"] for one in (*odd, *sent.values())
                        if one.reason is None and one.system != BI)
        published = await until(lambda: on_common(world, taken), what="the good events on the common topics")
    letters = await dead_letters(world)

    assert {place: [one.reason] for place, one in bad.items()} == dict(letters)
    assert {place: [one.reason] for place, one in bad.items()} == {
        place: [data["reason"] for data in found] for place, found in told.items()}
    leaks = {bad[place].kind: words for place, (data,) in told.items() if (words := betrayed(bad[place], data))}
    assert leaks == {}
    assert published == taken


async def named_oddly(world: World, system: str, random: Random) -> Sent:
    """Sends a good record with a header whose name is not UTF-8."""
    event = good(system, random)
    key, value, _ = structured(event)
    headers = [(b"content-type", b"application/cloudevents+json"), (b"\xfftrace\x80", b"\xff")]
    await asyncio.to_thread(raw_producer.send, world.client(system), world.topic(SYSTEMS[system].writes),
                            key or b"", value or b"", headers)
    return Sent(system, "an odd name", structured(event), None, event)


async def send(world: World, all_of_them: Sequence[Sent]) -> dict[Place, Sent]:
    """Sends records in their order, each as its system; where each lies."""
    waiting = []
    for one in all_of_them:
        producer, (key, value, headers) = await world.producer(one.system), one.record
        topic = world.topic(SYSTEMS[one.system].writes)
        waiting.append(await producer.send(topic, value=value, key=key, headers=headers))
    lie: list[RecordMetadata] = await asyncio.gather(*waiting)
    return {(SYSTEMS[one.system].writes, at.partition, at.offset): one
            for one, at in zip(all_of_them, lie, strict=True)}


def read_to_the_end(world: World, system: str) -> bool:
    """Whether the topic's one reader has committed all that lies on it."""
    topic = TOPICS[SYSTEMS[system].writes]
    name, parts = world.topic(topic.name), range(topic.partitions)
    group = ConsumerGroupTopicPartitions(f"{topic.readers[0]}.{name}", [TopicPartition(name, p) for p in parts])
    (found,) = world.admin.list_consumer_group_offsets([group]).values()
    asked = {TopicPartition(name, p): OffsetSpec.latest() for p in parts}
    ends = {part.partition: end.result().offset for part, end in world.admin.list_offsets(asked).items()}
    return all(p.offset >= ends[p.partition] or not ends[p.partition] for p in found.result().topic_partitions)


async def rejections(world: World, at_least: int) -> dict[Place, list[dict[str, Any]]] | None:
    """What senders were told, by the refused record's place, once it is so much."""
    found = defaultdict(list)
    for topic in sorted({rejections_topic(system.writes) or "" for system in SYSTEMS.values()}):
        for record in await world.records(topic):
            data = orjson.loads(record.value)["data"]
            assert record.key == data["source"].encode()
            found[data["topic"], data["partition"], data["offset"]].append(data)
    return dict(found) if sum(map(len, found.values())) >= at_least else None


async def dead_letters(world: World) -> dict[Place, list[str]]:
    """Reasons of the dead letters, by the refused record's place."""
    found = defaultdict(list)
    for service in READERS:
        for record in await world.records(dead_letter_topic(service)):
            said = {n: v.decode() for n, v in record.headers if n.startswith("dead-letter-")}
            place = said["dead-letter-topic"], int(said["dead-letter-partition"]), int(said["dead-letter-offset"])
            found[place].append(said["dead-letter-reason"])
    return dict(found)


async def on_common(world: World, wanted: Counter[str]) -> Counter[str] | None:
    """How often each subject is on the common topics, once all are there as often as wanted."""
    found: Counter[str] = Counter()
    for topic in COMMON:
        found.update(record.key.decode() for record in await world.records(topic))
    return found if found >= wanted else None


def betrayed(one: Sent, told: dict[str, Any]) -> list[str]:
    """Words of the record that its rejection repeats."""
    refusal = Refusal(told["reason"], told["sentence_en"], told["sentence_fi"], told.get("field"))
    topic = TOPICS[SYSTEMS[one.system].writes]
    return words_betrayed(Wrong(one.kind, topic, one.record, refusal.reason, refusal.field), refusal)
