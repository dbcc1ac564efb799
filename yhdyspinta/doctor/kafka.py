"""The broker: does it answer, does it let everybody in, is its boundary the registry's, is everything read?"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from chassis.clock import system_clock
from chassis.settings import Settings, SettingsError
from contracts.topics import SYSTEMS, TOPICS, readable_by
from yhdyspinta import provision
from yhdyspinta.doctor import clock
from yhdyspinta.doctor.finding import Finding, attend, good, unknown, wrong
from yhdyspinta.provision import boundary
from yhdyspinta.provision import clients as client_files
from yhdyspinta.reach import NotReached, reach

SHOWN = 10
"""Differences told; the rest is counted."""
SECONDS = 10.0
CLOCK_GROUP = "yhdyspinta-doctor"
COMMITS = "__consumer_offsets"
SET_RIGHT = "Find out who changed it, then run `yhdyspinta provision`, which sets it right."


def examine(place: provision.Place | None, services: Mapping[str, Settings], *,
            everyone: bool) -> list[Finding]:
    """Findings on the broker. `everyone`: other systems' accounts are tried too."""
    found, silent = [], False
    admin: AdminClient | None = None
    if place is None:
        found.append(unknown("kafka", "administrator", "The administrator's password is not here, so topics, access "
                             "lists and lag were not looked at.", "Run this where the secrets of admin are."))
    else:
        try:
            reach(place.kafka)
            admin = place.admin()
            found.append(good("kafka", "broker", f"Kafka at {place.kafka['bootstrap.servers']} answers."))
        except NotReached as fault:
            silent = fault.cause != "password"
            found.append(_unreached("broker" if silent else "administrator", fault))
    if not silent:
        found += _accounts(place if everyone else None, services)
    if admin is not None and place is not None:
        try:
            found += [*_boundary(admin, place.prefix), *_read(admin, place.prefix, services), _clock(admin, place)]
        except KafkaException as fault:
            found.append(unknown("kafka", "broker", f"It did not say all that was asked ({fault.args[0].name()}).",  # type: ignore[union-attr]
                                 "Ask again; its log says more."))
    return found


def _unreached(about: str, fault: NotReached) -> Finding:
    says, _, do = str(fault).partition(". ")
    return wrong("kafka", about, f"{says}.", do)


# --- accounts


def _accounts(place: provision.Place | None, services: Mapping[str, Settings]) -> list[Finding]:
    """Whether the broker takes the password of each service and, with a place, of each other system's client file: at
    our own address, where theirs is one that is reached from outside alone."""
    ways: dict[str, Mapping[str, str]] = {}
    found = []
    for name, settings in services.items():
        try:
            ways[name] = settings.kafka()
        except SettingsError as fault:
            found.append(wrong("account", name, str(fault), "Run `yhdyspinta provision`."))
    for name in SYSTEMS:
        if place is None:
            break
        own = {key: place.kafka[key] for key in place.kafka_outside if key in place.kafka}
        try:
            ways[name] = client_files.read(place.clients, name) | own
        except (OSError, ValueError):
            found.append(attend("account", name, "There is no client file of it here.",
                                "Run `yhdyspinta provision` where client files are made."))
    with ThreadPoolExecutor(8) as threads:
        return [*found, *threads.map(_account, ways, ways.values())]


def _account(name: str, way: Mapping[str, str]) -> Finding:
    try:
        reach(way)
    except NotReached as fault:
        says, _, do = str(fault).partition(". ")
        return wrong("account", name, f"{says}.", do)
    return good("account", name, f"Kafka lets {name} in.")


# --- boundary


def _boundary(admin: AdminClient, prefix: str) -> Iterator[Finding]:
    there = admin.list_topics(timeout=SECONDS).topics
    missing = [name for name in TOPICS if prefix + name not in there]
    if missing:
        yield wrong("topics", "registry", f"Topics are missing: {_some(missing)}.", "Run `yhdyspinta provision`.")
    else:
        yield good("topics", "registry", f"All {len(TOPICS)} topics are there.")
    differences = [each.sentence for each in boundary.boundary(admin, prefix)]
    if differences:
        yield wrong("access", "boundary", f"Broker and registry differ in {len(differences)} points: "
                    f"{_some(differences)}", SET_RIGHT)
    else:
        yield good("access", "boundary", "The broker's access list is the registry's.")


def _some(told: list[str]) -> str:
    more = f" … and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return f"{' '.join(told[:SHOWN]) if told[0].endswith('.') else ', '.join(told[:SHOWN])}{more}"


# --- what is read


def _read(admin: AdminClient, prefix: str, services: Mapping[str, Settings]) -> Iterator[Finding]:
    groups = {f"{name}.{prefix}{topic.name}": (name, prefix + topic.name)
              for name in services for topic in readable_by(name)}
    known = {group.group_id for group in admin.list_consumer_groups(request_timeout=SECONDS).result().valid}
    groups = {group: about for group, about in groups.items() if group in known}
    there = admin.list_topics(timeout=SECONDS).topics
    wanted = {topic for _, topic in groups.values() if topic in there}
    parts = [TopicPartition(name, number) for name in sorted(wanted) for number in there[name].partitions]
    yield from _lag(admin, groups, _offsets(admin, parts, OffsetSpec.latest()))


def _offsets(admin: AdminClient, parts: list[TopicPartition], which: OffsetSpec) -> dict[tuple[str, int], int]:
    if not parts:
        return {}
    asked: Any = admin.list_offsets(dict.fromkeys(parts, which), isolation_level=IsolationLevel.READ_UNCOMMITTED,
                                    request_timeout=SECONDS)
    return {(part.topic, part.partition): answer.result().offset for part, answer in asked.items()}


def _lag(admin: AdminClient, groups: Mapping[str, tuple[str, str]], last: Mapping[tuple[str, int], int]
         ) -> Iterator[Finding]:
    """Of each service, what it has still to read; and whether anybody reads for it."""
    behind: defaultdict[str, int] = defaultdict(int)
    idle: defaultdict[str, list[str]] = defaultdict(list)
    members: Any = admin.describe_consumer_groups(list(groups), request_timeout=SECONDS) if groups else {}
    for group, (service, topic) in groups.items():
        (answer,) = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)],
                                                      request_timeout=SECONDS).values()
        at = {part.partition: part.offset for part in answer.result().topic_partitions or () if part.topic == topic}
        left = sum(last.get((topic, number), 0) - offset for number, offset in at.items() if offset >= 0)
        behind[service] += left
        if left and not members[group].result().members:
            idle[service].append(topic)
    for service in behind:
        if idle[service]:
            yield wrong("lag", service, f"{behind[service]} records wait, and nobody reads {', '.join(idle[service])}.",
                        f"Start {service} (`yhdyspinta serve {service}`).")
        else:
            yield good("lag", service, f"{behind[service]} records wait to be read, and it reads.")


# --- the broker's clock


def _clock(admin: AdminClient, place: provision.Place) -> Finding:
    """The broker dates what it writes itself: an offset is committed for a group of our own, and the date read of what
    was written meanwhile. Older records tell nothing: the clock may have been set since."""
    topic = next(name for name in admin.list_topics(timeout=SECONDS).topics if name != COMMITS)
    parts = [TopicPartition(COMMITS, n) for n in admin.list_topics(COMMITS, timeout=SECONDS).topics[COMMITS].partitions]
    before = _offsets(admin, parts, OffsetSpec.latest())
    asked = system_clock()
    consumer = Consumer({**place.kafka, "group.id": CLOCK_GROUP, "enable.auto.commit": False, "log_level": 0})
    try:
        consumer.commit(offsets=[TopicPartition(topic, 0, 0)], asynchronous=False)
        after = _offsets(admin, parts, OffsetSpec.latest())
        consumer.assign([TopicPartition(*part, offset) for part, offset in before.items() if after[part] > offset])
        written = consumer.poll(SECONDS)
    finally:
        consumer.close()
    for gone in admin.delete_consumer_groups([CLOCK_GROUP], request_timeout=SECONDS).values():
        gone.result()
    if written is None or written.error():
        return unknown("clock", "Kafka", "Its clock could not be read.", "Ask again.")
    return clock.compared("Kafka", datetime.fromtimestamp(written.timestamp()[1] / 1000, UTC), asked)
