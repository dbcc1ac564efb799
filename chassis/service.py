"""A service's life: wait for what it stands on, run its parts side by side, end in order.

Promise: a service that starts before its broker or database waits and says so. Its parts (consumers, relay,
projections, timers, tasks of its own) run in one group: one that dies ends the service. On the way down it stops
taking, finishes and commits what is in hand, and closes.
"""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from chassis import gauges
from chassis.broker import Consumers, Subscription
from chassis.clock import Clock
from chassis.database import Database, migrations_of, transient
from chassis.dead_letter import NotKept
from chassis.projection import Projection, Projector
from chassis.relay import Relay
from chassis.retention import Kept, forget
from chassis.settings import Settings
from chassis.telemetry import name_of
from chassis.watch import Watch
from contracts import topics

log = logging.getLogger(__name__)

FORGET_EACH, MEASURE_EACH = timedelta(hours=6), timedelta(seconds=10)


@dataclass(frozen=True)
class Timer:
    """Runs each so often while the service is up; a fault that passes is tried again at the next turn."""

    name: str
    every: timedelta
    run: Callable[[], Awaitable[object]]


class Task(Protocol):
    """Something that runs as long as the service; `run` ends soon after `stop`, what is in hand finished."""

    async def run(self) -> None: ...

    def stop(self) -> None: ...


@dataclass
class Service:
    """One service: built by `services.<name>.app.build`, run with `async with`.

    `app` is the ASGI application of its pages and API, mounted at `/<name>`. `started` are awaited once the
    schema is there, before anything is consumed (key store checks). What is `kept` no longer is deleted by a timer.
    """

    name: str
    settings: Settings
    clock: Clock
    database: Database
    app: Any
    subscriptions: Sequence[Subscription] = ()
    projections: Sequence[Projection] = ()
    timers: Sequence[Timer] = ()
    tasks: Sequence[Task] = ()
    started: Sequence[Callable[[], Awaitable[None]]] = ()
    kept: Sequence[Kept] = ()
    ready: bool = False
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def __post_init__(self) -> None:
        self.timers = [
            *self.timers,
            Timer("old rows", FORGET_EACH, lambda: forget(self.database, self.kept)),
            Timer("gauges", MEASURE_EACH, lambda: gauges.measure(self)),
        ]
        self.relay = Relay(self.settings, self.clock)
        self.consumers = Consumers(self.settings, self.clock, self.database, self.subscriptions)
        self.projectors = [Projector(self.settings, self.clock, self.database, p) for p in self.projections]
        self.watch = Watch(self.database, self.consumers.topics, {p.name: p.topics for p in self.projections},
                           self.consumers.restart)
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Service":
        up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live(up), name=f"service {self.name}")
        try:
            await asyncio.wait({self._task, up}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._task.cancel()
            await asyncio.wait({self._task})
            raise
        if self._task.done():
            self._task.result()
            raise RuntimeError(f"{self.name} ended while it started")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        if self._task is not None:
            await self._task

    async def wait(self) -> None:
        """Until the service ends; raises what ended it."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def _live(self, up: "asyncio.Future[None]") -> None:
        try:
            await self.database.wait_for_schema(migrations_of(self.name))
            for start in self.started:
                await self._begin(start)
            await self._wait_for_topics()
            await self._connect()
            async with asyncio.TaskGroup() as group:
                running = [group.create_task(self.relay.run(), name=f"{self.name} relay")]
                running += [group.create_task(p.run(), name=f"{self.name} {p.projection.name}")
                            for p in self.projectors]
                running += [group.create_task(t.run(), name=f"{self.name} {type(t).__name__}") for t in self.tasks]
                timers = [group.create_task(self._tick(t), name=f"{self.name} {t.name}") for t in self.timers]
                timers.append(group.create_task(self.watch.run(), name=f"{self.name} watch"))
                self.ready = True
                if not up.done():
                    up.set_result(None)
                await self._stop.wait()
                self.ready = False
                for projector in self.projectors:
                    projector.stop()
                await self.consumers.stop()
                for timer in timers:
                    timer.cancel()
                for task in self.tasks:
                    task.stop()
                self.relay.stop()
        finally:
            self.ready = False
            await self.consumers.stop()
            await self.database.close()

    async def _tick(self, timer: Timer) -> None:
        while not self._stop.is_set():
            try:
                await timer.run()
            except Exception as fault:
                if not (isinstance(fault, NotKept) or transient(fault)):
                    raise
                log.warning("%s %s waits: %s", self.name, timer.name, name_of(fault))
            await asyncio.sleep(timer.every.total_seconds())

    async def _begin(self, start: Callable[[], Awaitable[None]]) -> None:
        """Does what must be done before anything is consumed; a database that goes away meanwhile is waited for."""
        pause = 0.2
        while True:
            try:
                await start()
                return
            except Exception as fault:
                if not transient(fault):
                    raise
                log.warning("%s waits: %s", self.name, name_of(fault))
            await self._pause(pause)
            pause = min(pause * 2, 5)

    async def _connect(self) -> None:
        pause = 0.2
        while True:
            try:
                await self.consumers.start()
                return
            except (KafkaError, OSError, TimeoutError) as fault:
                log.warning("%s waits: Kafka at %s does not let it in (%s). A wrong password looks like this too: "
                            "check the secret file kafka-password.", self.name, self.settings.kafka_bootstrap,
                            name_of(fault))
            await self._pause(pause)
            pause = min(pause * 2, 5)

    async def _wait_for_topics(self) -> None:
        """Consumers of a missing topic hang (foundations.md, D): they start when all their topics exist."""
        wanted = {self.settings.topic(s.topic) for s in self.subscriptions}
        wanted |= {self.settings.topic(t) for p in self.projections for t in p.topics}
        wanted |= {self.settings.topic(each(self.name)) for each in (topics.dead_letter_topic, topics.replay_topic)}
        pause, said = 0.2, ""
        while True:
            problem = await asyncio.to_thread(self._topics_missing, wanted)
            if problem is None:
                return
            if problem != said:
                log.warning("%s waits: %s", self.name, problem)
                said = problem
            await self._pause(pause)
            pause = min(pause * 1.5, 3)

    def _topics_missing(self, wanted: set[str]) -> str | None:
        admin = AdminClient({**self.settings.kafka(), "log_level": 0, "socket.timeout.ms": 5000})
        try:
            found = admin.list_topics(timeout=5).topics
        except KafkaException as fault:
            return f"Kafka at {self.settings.kafka_bootstrap} does not answer ({name_of(fault)})"
        missing = sorted(wanted - found.keys())
        return f"topics are missing or closed to it: {', '.join(missing)}" if missing else None

    async def _pause(self, seconds: float) -> None:
        """Waits, and ends at once when the service is told to stop."""
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return
        raise asyncio.CancelledError

    def unready(self) -> list[str]:
        """What keeps the service from being ready, a code each; empty when it is."""
        reasons = [] if self.ready else ["starting"]
        reasons += [] if self.watch.database_answers else ["database"]
        reasons += [] if self.relay.healthy else ["relay"]
        reasons += [] if self.consumers.healthy and self.watch.healthy else ["consumers"]
        reasons += [] if all(p.healthy for p in self.projectors) else ["projection"]
        keys = self.database.keys
        reasons += [] if keys is None or keys.healthy else ["keys"]
        return reasons


def collect_seldom() -> None:
    """Fewer, larger garbage collections in this process: a batch of events lives for a moment and holds no cycles,
    and looking at it again and again cost a third of a fold's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@asynccontextmanager
async def together(services: Sequence[Service]) -> AsyncIterator[None]:
    """Runs services side by side in one process; the first that fails ends all."""
    stop = asyncio.Event()
    ready = [asyncio.get_running_loop().create_future() for _ in services]

    async def run(service: Service, up: "asyncio.Future[None]") -> None:
        async with service:
            up.set_result(None)
            ended = asyncio.ensure_future(service.wait())
            stopped = asyncio.ensure_future(stop.wait())
            await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if ended.done():
                ended.result()
            else:
                ended.cancel()

    async with asyncio.TaskGroup() as group:
        for service, up in zip(services, ready, strict=True):
            group.create_task(run(service, up), name=service.name)
        try:
            await asyncio.gather(*ready)
            yield
        finally:
            stop.set()
