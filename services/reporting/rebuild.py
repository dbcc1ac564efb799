"""Rebuild: all facts anew from the topics' beginning, beside those that are read, while the service runs.

Promise: the spare generation is filled by a projection of its own, whose offsets move with it, so an interrupted
rebuild goes on where it stopped. It becomes live in one transaction, when it is as far as the live one; the service
folds on from there. What is published changes only where the facts do. Facts of years whose topics no longer hold
everything are taken along, and what the area reported, however it came to be accepted.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg

from chassis.calendar import helsinki_day
from chassis.clock import Clock
from chassis.database import Database
from chassis.projection import Projection, Projector
from chassis.settings import Settings
from contracts import topics
from contracts.envelope import Event, fingerprint
from contracts.events.results import CostsReported, ResultsReported
from services.reporting import facts, fold

LIVE, REBUILD = "facts", "facts-rebuild"
"""The projections, by whose names offsets are kept."""
Progress = Callable[[int], None]
"""Told after each batch how many records are left, at most."""


class RebuildRuns(Exception):  # noqa: N818 - what is so
    """Another rebuild is under way."""


@dataclass(frozen=True)
class Rebuilt:
    """What came of it: differences from the live facts by table (rows that only one has), and whether the rebuilt
    ones are live now."""

    rows: int
    differences: dict[str, int]
    live: bool


class _Fold(fold.FactsFold):
    """Takes of the area's reports those that were accepted when they came."""

    def __init__(self, pseudonym: fold.Pseudonym, generation: str, accepted: set[tuple[str, bytes]]) -> None:
        super().__init__(pseudonym, generation)
        self.accepted = accepted

    def add(self, event: Event[Any]) -> None:
        intake = isinstance(event.data, ResultsReported | CostsReported)
        if not intake or (event.id, fingerprint(event)) in self.accepted:
            super().add(event)


async def rebuild(settings: Settings, clock: Clock, pseudonym: fold.Pseudonym, *, swap: bool = True,
                  again: bool = False, progress: Progress = lambda _: None) -> Rebuilt:
    """Fills the spare generation, compares it with the live one and, with `swap`, makes it live.

    `again` begins anew where an interrupted one would go on. Raises `RebuildRuns`.
    """
    database = Database(settings, clock)
    connection = await database.connect(timeout_ms=0)
    try:
        if not await connection.fetchval("select pg_try_advisory_lock(hashtext('yhdyspinta rebuild reporting'))"):
            raise RebuildRuns
        spare = await _prepare(connection, again)
        while True:
            await _fill(connection, database, pseudonym, spare, progress)
            done = await _finish(connection, spare, helsinki_day(clock()), swap)
            if done is not None:
                return done
    finally:
        await connection.close()
        await database.close()


async def _prepare(connection: asyncpg.Connection, again: bool) -> str:
    """The spare generation, empty unless an interrupted rebuild has begun to fill it."""
    async with connection.transaction():
        live = await facts.live(connection)
        spare = next(g for g in facts.GENERATIONS if g != live)
        begun = await connection.fetchval(
            "select exists(select from projection_offsets where projection = $1)", REBUILD)
        if again or not begun:
            await connection.execute("delete from projection_offsets where projection = $1", REBUILD)
            await connection.execute("truncate " + ", ".join(f"{spare}.{t.name}" for t in facts.TABLES))
    return spare


async def _fill(connection: asyncpg.Connection, database: Database, pseudonym: fold.Pseudonym, spare: str,
                progress: Progress) -> None:
    """Folds until the ends of the topics are reached."""
    source = topics.SYSTEMS["tampere-region-bi"].source
    accepted = {(r["id"], bytes(r["fingerprint"])) for r in await connection.fetch(
        "select id, fingerprint from inbox where source = $1", source)}

    async def after() -> None:
        progress(projector.left)

    projection = Projection(REBUILD, (*fold.TOPICS, fold.RESULTS_TOPIC), lambda: _Fold(pseudonym, spare, accepted),
                            once=False, letters=False, after=after)
    projector = Projector(database.settings, database.clock, database, projection)
    running = asyncio.create_task(projector.run(), name="rebuild")
    caught_up = asyncio.create_task(projection.caught_up.wait())
    try:
        await asyncio.wait({running, caught_up}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
    finally:
        caught_up.cancel()
        projector.stop()
        await running


async def _finish(connection: asyncpg.Connection, spare: str, today: date, swap: bool) -> Rebuilt | None:
    """Compares and swaps while nothing is folded; None where the live facts are farther by now."""
    async with connection.transaction():
        live: str = await connection.fetchval("select live from generation for update")
        if await connection.fetchval(_BEHIND, LIVE, REBUILD):
            return None
        kept = _kept_since(today)
        differences = {}
        for table in facts.TABLES:
            if n := await connection.fetchval(_differ(table, live, spare, kept)):
                differences[table.name] = n
            await connection.execute(table.copy(live, spare, "true" if table.taken_in else f"day < '{kept}'"))
        rows = sum([await connection.fetchval(f"select count(*) from {spare}.{t.name}") for t in facts.TABLES])  # noqa: S608
        if swap:
            await connection.execute("update generation set live = $1", spare)
            await connection.execute("delete from projection_offsets where projection = $1", LIVE)
            await connection.execute(_TAKE_OVER, LIVE, REBUILD, (*fold.TOPICS, topics.replay_topic("reporting")))
        await connection.execute("delete from projection_offsets where projection = $1", REBUILD)
        return Rebuilt(rows, differences, swap)


_BEHIND = """
select exists(
    select from projection_offsets l
    left join projection_offsets r on r.projection = $2 and r.topic = l.topic and r.partition = l.partition
    where l.projection = $1 and l.next > coalesce(r.next, 0))"""
_TAKE_OVER = """
insert into projection_offsets (projection, topic, partition, next)
select $1, topic, partition, next from projection_offsets where projection = $2 and topic = any($3)"""


def _kept_since(today: date) -> date:
    """The first day of the years whose topics still hold all their events."""
    kept = [t.keep.period for t in map(topics.TOPICS.__getitem__, fold.TOPICS) if t.keep.period]
    years = (date(year, 1, 1) for year in range(today.year - 3, today.year + 1))
    return next(first for first in years if first + min(kept) >= today)


def _differ(table: facts.FactTable, live: str, spare: str, since: date) -> str:
    """How many rows only one of the generations has, of the years that can be compared."""
    left, right = (f"(select * from {g}.{table.name} where day >= '{since}')" for g in (live, spare))  # noqa: S608
    return f"select (select count(*) from ({left} except {right}) as l) + " \
           f"(select count(*) from ({right} except {left}) as r)"  # noqa: S608 - our own names
