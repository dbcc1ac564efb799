"""Our own relay, subscriber and fold as contestants: the chassis's code, on the bench's topic and events.

Usage: ours.py relay|fold|subscriber, ours.py relay-setup|subscriber-setup (records on standard input).
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import asyncpg
import events
from pydantic import create_model
from sqlalchemy import text

from chassis import inbox, outbox, projection, relay
from chassis.broker import Consumers, Subscription
from chassis.clock import system_clock
from chassis.database import Database
from chassis.service import collect_seldom
from chassis.settings import Settings
from contracts import topics
from contracts.envelope import Data, Event
from contracts.fields import DataClass
from contracts.registry import Topic

SHAPES: dict[str, dict[str, Any]] = {
    "BenchReferralOffered": {"needs": tuple[str, ...], "priority": int},
    "BenchConsentRecorded": {"scope": tuple[str, ...], "version": int},
    "BenchCoachingStarted": {"coach": str, "planned_weeks": int},
    "BenchVisitMade": {"place": str, "minutes": int},
    "BenchCoachingEnded": {"outcome": str, "weeks": int},
    "BenchLeadRouted": {"company": str, "openings": int},
    "BenchLeadFulfilled": {"company": str, "filled": int},
    "BenchFeedbackReceived": {"channel": str, "score": int},
}


class Common(Data):
    KEY = "subject_id"
    subject_id: str
    sequence: int
    municipality: Literal["lempaala", "vesilahti"]
    service: Literal["coaching", "workshop", "recruitment", "entrepreneur"]
    provider: str
    note: str


MODELS: tuple[type[Data], ...] = tuple(
    create_model(name, __base__=Common, **{field: (kind, ...) for field, kind in shape.items()})
    for name, shape in SHAPES.items()
)


@dataclass(frozen=True)
class BenchSettings(Settings):
    """Settings of the bench: a broker without SASL, a database by its address."""

    def kafka(self) -> dict[str, str]:
        return {"bootstrap.servers": self.kafka_bootstrap, "security.protocol": "PLAINTEXT"}

    def database(self, owner: bool = False) -> dict[str, Any]:
        url = urlsplit(self.database_url)
        return {"host": url.hostname, "port": url.port, "database": url.path.lstrip("/"), "user": url.username,
                "password": url.password, "ssl": False}


def settings() -> BenchSettings:
    """The bench's topics take the places of a topic and a dead-letter topic of reporting's."""
    name, letters = os.environ["BENCH_TOPIC"], os.environ.get("BENCH_DLQ", "bench-letters")
    registered = {
        name: Topic(name, ("coaching",), ("reporting",), "subject", topics.YEAR, DataClass.PSEUDONYMOUS,
                    models=MODELS, partitions=int(os.environ.get("BENCH_PARTITIONS", "1"))),
        letters: Topic(letters, ("reporting",), ("reporting",), "as the record", topics.YEAR,
                       DataClass.PSEUDONYMOUS, dead_letters=True),
    }
    topics.TOPICS = registered  # type: ignore[misc]
    return BenchSettings("reporting", os.environ["BENCH_DSN"], os.environ["BENCH_BROKER"], Path(), Path())


async def until_terminated(stop: Any) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    print("READY", flush=True)
    await ended.wait()
    stop()


async def run_relay() -> None:
    ours = relay.Relay(settings(), system_clock)
    ours.connect()
    task = asyncio.create_task(ours.run())
    await until_terminated(ours.stop)
    await task


class CountsAndLatest:
    """The bench's effect: events by municipality, service, month and type; of each subject the latest."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.latest: dict[str, Event[Any]] = {}

    def add(self, event: Event[Any]) -> None:
        data, kind = event.data, type(event.data).__name__
        month = f"{event.time.year}-{event.time.month:02}-01"
        self.counts[(data.municipality, data.service, month, kind)] += 1
        known = self.latest.get(event.subject)
        if known is None or known.data.sequence < data.sequence:
            self.latest[event.subject] = event

    async def write(self, connection: asyncpg.Connection) -> None:
        if self.counts:
            await connection.execute(
                "insert into counts as c (municipality, service, month, type, n) "
                "select * from unnest($1::text[], $2::text[], $3::text[]::date[], $4::text[], $5::int[]) "
                "on conflict (municipality, service, month, type) do update set n = c.n + excluded.n",
                *map(list, zip(*self.counts, strict=True)), list(self.counts.values()))
            rows = [(e.subject, e.data.municipality, e.data.service, type(e.data).__name__, e.time, e.data.sequence)
                    for e in sorted(self.latest.values(), key=lambda e: e.subject)]
            await connection.execute(
                "insert into subject_state as s (subject, municipality, service, last_type, last_time, sequence) "
                "select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::int[]) "
                "on conflict (subject) do update set last_type = excluded.last_type, last_time = excluded.last_time, "
                "sequence = excluded.sequence where s.sequence < excluded.sequence",
                *map(list, zip(*rows, strict=True)))
        self.forget()


async def run_fold() -> None:
    given = settings()
    database = Database(given, system_clock)
    connection = await asyncpg.connect(**given.database())
    if not await connection.fetchval("select to_regclass('projection_offsets')"):
        await connection.execute(projection.DDL)
    await connection.close()
    ours = projection.Projector(given, system_clock, database, projection.Projection(
        "bench", [os.environ["BENCH_TOPIC"]], CountsAndLatest, once=os.environ.get("BENCH_DEDUPE", "1") == "1",
        replays=False))
    task = asyncio.create_task(ours.run())
    while not ours.active:  # the clock starts when it is connected, as the peers' does
        await asyncio.sleep(0)
    await until_terminated(ours.stop)
    await task
    await database.close()
    if to := os.environ.get("BENCH_PEAK"):
        status = Path("/proc/self/status").read_text()  # noqa: ASYNC240 - ru_maxrss would count the harness's too
        peak = int(status.split("VmHWM:")[1].split()[0])
        Path(to).write_text(json.dumps({"peak_kib": peak}))  # noqa: ASYNC240 - the end of the process


EFFECT = text("insert into handled as h values (:subject, 1) on conflict (subject) do update set n = h.n + 1")


async def run_subscriber() -> None:
    """One transaction an event, as a service's subscriber has it; dead letters kept and acknowledged."""
    given, wanted = settings(), int(os.environ["BENCH_N"])
    database = Database(given, system_clock)
    connection = await asyncpg.connect(**given.database())
    await connection.execute("drop table if exists inbox, rejected, handled; " + inbox.DDL +
                             "create table handled (subject text primary key, n bigint not null)")
    taken = {"valid": 0, "invalid": 0}
    topic = os.environ["BENCH_TOPIC"]
    handled = asyncio.Event()

    async def handler(db: Any, event: Event[Any]) -> None:
        await db.execute(EFFECT, {"subject": event.subject})

    consumers = Consumers(given, system_clock, database, [Subscription(topic, dict.fromkeys(MODELS, handler))],
                          replays=False)
    deliver, bury = consumers.deliver, consumers.dead_letters.bury

    async def counted(subscription: Any, record: Any) -> None:
        before = taken["invalid"]
        await deliver(subscription, record)
        taken["valid"] += taken["invalid"] == before
        if sum(taken.values()) == wanted:
            handled.set()

    async def buried(letters: Any) -> None:
        await bury(letters)
        taken["invalid"] += len(letters)

    consumers.deliver, consumers.dead_letters.bury = counted, buried  # type: ignore[method-assign]
    print("READY", flush=True)
    await consumers.start()
    await handled.wait()
    print("DONE " + json.dumps(taken), flush=True)
    await consumers.stop()
    await connection.close()
    await database.close()


async def set_up_relay() -> None:
    """Our outbox in place of the bench's, filled with the records on standard input."""
    connection = await asyncpg.connect(**settings().database())
    await connection.execute("drop table outbox cascade")
    await connection.execute(outbox.DDL)
    rows = [(os.environ["BENCH_TOPIC"], *line.split(b"\t", 1)) for line in sys.stdin.buffer.read().splitlines()]
    await connection.copy_records_to_table("outbox", records=rows, columns=["topic", "key", "value"])
    await connection.close()


RUNS = {"relay": run_relay, "fold": run_fold, "subscriber": run_subscriber, "relay-setup": set_up_relay}

if __name__ == "__main__":
    assert set(SHAPES) == set(events.TYPES)
    collect_seldom()
    asyncio.run(RUNS[sys.argv[1]]())
