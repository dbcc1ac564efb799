"""The stack that tests run on: a real Kafka and a real Postgres, and worlds on them.

A *stack* is two servers in a temporary folder, on free ports. They are copies of a pair that was formatted once
(`var/embedded/prepared`), and gone when the tests are, even after kill -9. A *world* is one test module's: topics
with a prefix, their access lists, six databases copied from migrated templates, and services in this process.
"""

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import confluent_kafka
import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord, RecordMetadata
from confluent_kafka.admin import AdminClient

from chassis.broker import as_aiokafka
from chassis.clock import MovableClock
from chassis.database import migrate
from chassis.service import Service, together
from chassis.settings import Settings
from contracts.topics import SERVICES, TOPICS
from tests.waiting import until
from yhdyspinta import provision
from yhdyspinta.embedded import EmbeddedError, Kafka, Postgres, fetch
from yhdyspinta.embedded.postgres import QUICK
from yhdyspinta.embedded.processes import free_port, locked
from yhdyspinta.provision import Place, boundary, broker, clients, databases
from yhdyspinta.serve import build, compose

IN_CONTAINERS = os.environ.get("TESTS_ON") == "containers"
"""Whether the servers are testcontainers' instead of the embedded ones."""
SHARED = Path(__file__).parent.parent / "var" / "embedded"
KAFKA_SETTINGS = {"log.cleaner.backoff.ms": "500", "log.index.size.max.bytes": "262144", "log.cleaner.threads": "1"}
TEMPLATE = "_template"
NINE = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
"""When a world's clock begins: a Monday, nine in the morning in Finland."""

REAPER = """
import json, os, shutil, signal, sys
sys.stdin.read()
folder = sys.argv[1]
for file, read, number in (("kafka/kafka.pid", lambda t: json.loads(t)["pid"], signal.SIGKILL),
                           ("postgres/data/postmaster.pid", lambda t: int(t.split()[0]), signal.SIGQUIT)):
    try:
        os.kill(read(open(os.path.join(folder, file)).read()), number)
    except (OSError, ValueError, LookupError):
        pass
shutil.rmtree(folder, ignore_errors=True)
"""


def prepared() -> Path:
    """A formatted, never started pair of servers to copy; made once for each version of Kafka and Postgres."""
    version = hashlib.sha256(fetch.LOCK_FILE.read_bytes()).hexdigest()[:12]
    place = SHARED / "prepared" / version
    with locked(SHARED / "prepared.lock"):
        if not place.exists():
            draft = place.with_name(f".{version}")
            shutil.rmtree(draft, ignore_errors=True)
            made = Stack(draft)
            made.kafka.format()
            made.postgres.format()
            draft.rename(place)
        if "CI" not in os.environ:  # it is made for the runs to come
            Kafka(place / "kafka", SHARED / "jars", place / "secrets/admin", port=0, controller_port=0).make_cache()
    return place


@dataclass
class Stack:
    """Two servers whose state is in `folder`."""

    folder: Path
    topic_settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        secrets = self.folder / "secrets" / "admin"
        if IN_CONTAINERS:
            from tests.containers import KafkaContainer, PostgresContainer

            self.kafka: Any = KafkaContainer(secrets, port=free_port(), controller_port=free_port(),
                                             settings=KAFKA_SETTINGS)
            self.postgres: Any = PostgresContainer(secrets, port=free_port(), settings=QUICK)
        else:
            self._embedded(secrets)
        self._templates = False

    def _embedded(self, secrets: Path) -> None:
        self.kafka = Kafka(self.folder / "kafka", SHARED / "jars", secrets, port=free_port(),
                           controller_port=free_port(), settings=KAFKA_SETTINGS)
        self.postgres = Postgres(self.folder / "postgres", secrets, port=free_port(), settings=QUICK)

    def start(self) -> None:
        """Starts both side by side; a port that was taken meanwhile is tried again with another."""
        with ThreadPoolExecutor(2) as threads:
            for started in [threads.submit(_start, self.kafka), threads.submit(_start, self.postgres)]:
                started.result()
        place = self.place()
        broker.make_users(place.admin(), provision.passwords(place))
        asyncio.run(provision.make_roles(place))
        provision.make_keys(place)

    def stop(self) -> None:
        try:
            self.kafka.stop()
        finally:
            self.postgres.stop()

    def place(self, prefix: str = "", suffix: str = "") -> Place:
        return Place(self.folder, self.kafka.admin_settings(), self.postgres.admin(), prefix, suffix)

    async def templates(self) -> None:
        """Migrates a database of each service, once, for the worlds to copy."""
        if not self._templates:
            place = self.place(suffix=TEMPLATE)
            await databases.make_databases(place.postgres, suffix=TEMPLATE)
            for service in SERVICES:
                await migrate(place.settings(service))
            self._templates = True

    @asynccontextmanager
    async def world(self) -> AsyncIterator["World"]:
        """A world, deleted after."""
        name = uuid4().hex[:8]
        place = self.place(f"w{name}-", f"_w{name}")
        admin = place.admin()
        await asyncio.gather(
            asyncio.to_thread(_topics, admin, place.prefix, self.topic_settings),
            self._databases(place.suffix),
        )
        world = World(self, place, admin)
        try:
            yield world
        finally:
            await world.close()
            await asyncio.gather(
                asyncio.to_thread(_forget_topics, admin, place.prefix),
                databases.drop_databases(place.postgres, place.suffix),
            )

    async def _databases(self, suffix: str) -> None:
        await self.templates()
        await databases.make_databases(self.postgres.admin(), suffix=suffix, template=TEMPLATE)


def _start(server: Any) -> None:
    for attempt in range(3):
        try:
            server.start()
            return
        except EmbeddedError:
            if attempt == 2:
                raise
            server.port = free_port()
            if hasattr(server, "controller_port"):
                server.controller_port = free_port()


def _topics(admin: AdminClient, prefix: str, settings: Mapping[str, str]) -> None:
    broker.make_topics(admin, prefix, settings=settings)
    boundary.apply(admin, prefix)


def _forget_topics(admin: AdminClient, prefix: str) -> None:
    broker.drop_topics(admin, prefix)
    boundary.withdraw(admin, prefix)


@contextmanager
def stack(topic_settings: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """A stack of one's own; stopped and deleted after, whatever ends this process."""
    if IN_CONTAINERS:
        with tempfile.TemporaryDirectory(prefix="yhdyspinta-") as name, closing_stack(name, topic_settings) as made:
            yield made
        return
    origin = prepared()
    folder = Path(tempfile.mkdtemp(prefix="yhdyspinta-"))
    folder.chmod(0o711)
    reaper = subprocess.Popen([sys.executable, "-c", REAPER, str(folder)], stdin=subprocess.PIPE,
                              start_new_session=True, cwd="/")
    try:
        subprocess.run(["cp", "-a", f"{origin}/.", str(folder)], check=True)
        folder.chmod(0o711)
        made = Stack(folder, dict(topic_settings or {}))
        made.start()
        yield made
    finally:
        if (folder / "kafka").exists():
            Stack(folder).stop()
        shutil.rmtree(folder, ignore_errors=True)
        reaper.communicate()


@contextmanager
def closing_stack(folder: str, topic_settings: Mapping[str, str] | None) -> Iterator[Stack]:
    """A stack of containers; they are removed after, after kill -9 by testcontainers itself."""
    made = Stack(Path(folder), dict(topic_settings or {}))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@dataclass
class Running:
    """Services that run in this process; `http` reaches all of them under `/<service>`."""

    services: dict[str, Service]
    http: httpx.AsyncClient


class World:
    """One module's topics and databases."""

    def __init__(self, of: Stack, place: Place, admin: AdminClient) -> None:
        self.stack, self.place, self.admin = of, place, admin
        self.clock = MovableClock(NINE, running=True)
        self._producers: dict[str, AIOKafkaProducer] = {}
        self._readers: dict[str, tuple[AIOKafkaConsumer, list[ConsumerRecord]]] = {}
        self._reading = asyncio.Lock()

    def settings(self, service: str, **more: Any) -> Settings:
        return self.place.settings(service, **more)

    def topic(self, name: str) -> str:
        """A topic's name on the broker."""
        return self.place.prefix + name

    def client(self, principal: str) -> dict[str, str]:
        """How a principal connects, as librdkafka spells it: a service, another system, or `admin`."""
        if principal in SERVICES:
            return self.settings(principal).kafka()
        if principal == "admin":
            return dict(self.place.kafka)
        return clients.read(self.place.clients, principal)

    async def producer(self, principal: str) -> AIOKafkaProducer:
        """A started producer with a principal's account, closed with the world."""
        if principal not in self._producers:
            producer = AIOKafkaProducer(**as_aiokafka(self.client(principal)), acks="all", enable_idempotence=False,
                                        request_timeout_ms=10_000)
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producers[principal] = producer
        return self._producers[principal]

    async def send(self, principal: str, topic: str, key: bytes | None, value: bytes | None,
                   headers: Sequence[tuple[str, bytes | None]] = ()) -> RecordMetadata:
        """Sends a record as it is; raises what the broker says."""
        producer = await self.producer(principal)
        return await asyncio.wait_for(
            producer.send_and_wait(self.topic(topic), value=value, key=key, headers=list(headers)), 20)

    async def read_to_the_end(self, service: str, topic: str) -> None:
        """Waits until the service's group has committed all that lies on the topic."""
        name = self.topic(topic)
        ends = dict.fromkeys(range(TOPICS[topic].partitions), 0)
        for record in await self.records(topic):
            ends[record.partition] = record.offset + 1
        places = [confluent_kafka.TopicPartition(name, partition) for partition in ends]
        asked = confluent_kafka.ConsumerGroupTopicPartitions(f"{service}.{name}", places)

        def read() -> bool:
            (found,) = self.admin.list_consumer_group_offsets([asked]).values()
            return all(p.offset >= ends[p.partition] for p in found.result().topic_partitions if ends[p.partition])

        await until(read, 40, what=f"{service} to read {topic}")

    async def records(self, topic: str) -> list[ConsumerRecord]:
        """All records of a topic so far, from its beginning, those of a partition in order; read as administrator,
        whose group nobody sees."""
        async with self._reading:
            if topic not in self._readers:
                consumer = AIOKafkaConsumer(**as_aiokafka(self.client("admin")), auto_offset_reset="earliest",
                                            enable_auto_commit=False)
                await consumer.start()
                parts = [TopicPartition(self.topic(topic), p) for p in range(TOPICS[topic].partitions)]
                consumer.assign(parts)
                await consumer.seek_to_beginning(*parts)
                self._readers[topic] = consumer, []
            consumer, seen = self._readers[topic]
            ends = await consumer.end_offsets(list(consumer.assignment()))
            while any([await consumer.position(part) < end for part, end in ends.items()]):
                for new in (await consumer.getmany(timeout_ms=200)).values():
                    seen.extend(new)
            return list(seen)

    async def connect(self, service: str, role: str | None = None) -> asyncpg.Connection:
        """A connection to a service's database: as the service, as `<service>_owner`, as another service's role, or
        as `postgres`."""
        server = self.place.postgres
        if role == "postgres":
            return await asyncpg.connect(**{**server, "database": service + self.place.suffix})
        role = role or service
        who = role.removesuffix("_owner")
        password = self.settings(who).secret("database-owner-password" if role != who else "database-password")
        return await asyncpg.connect(host=server["host"], port=server["port"], user=role, password=password,
                                     database=service + self.place.suffix, ssl=False)

    @asynccontextmanager
    async def running(self, *names: str, **more: Any) -> AsyncIterator[Running]:
        """Runs services in this process on the world's clock; `more` changes their settings."""
        services = [build(self.settings(name, **{"demo": True, **more}), self.clock) for name in names]
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(together(services))
            transport = httpx.ASGITransport(app=compose(services))
            http = await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url=services[0].settings.public_url))
            yield Running({s.name: s for s in services}, http)

    async def close(self) -> None:
        for producer in self._producers.values():
            await producer.stop()
        for consumer, _ in self._readers.values():
            await consumer.stop()
