"""Every table of every service is declared, and when the plan's periods are over nothing is left in it [7; SEC-4]."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from importlib import import_module
from typing import Any

import asyncpg
import pytest

from chassis import audit_heads
from chassis.calendar import helsinki_day
from chassis.service import Service
from contracts.topics import SERVICES
from tests.stack import World
from yhdyspinta.serve import build

_TABLES = """
    select case n.nspname when 'public' then '' else n.nspname || '.' end || c.relname
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'alembic_version'
    and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
"""
_COLUMNS = """
    select column_name, udt_name, is_nullable = 'YES' as nullable from information_schema.columns
    where table_schema = $1 and table_name = $2 and is_identity = 'NO' and is_generated = 'NEVER'
"""
STANDING = {"outbox", "key_place", "generation", "projection_offsets", "people", "seats"}
"""What lasts as long as the service does; the outbox is the relay's."""
BY_THE_OWNER = {"audit_log"}
"""The service itself can delete nothing there; how the owner does it is tried with the command."""
ONE = "0190a0a0-0000-7000-8000-000000000001"
NEEDED: dict[str, dict[str, Any]] = {
    "keys": {"purpose": "own-copy", "state": "erased", "cause": "withdrawal", "erased_at": datetime,
             "referral_id": ONE},
    "api_tokens": {"ends_at": datetime},
    "obligations": {"side": "shared", "met_at": datetime},
    "subjects": {"kind": "visit"},
    "notices": {"status": "sent"},
    "staff": {"gone": True, "gone_at": datetime},
    "figures": {"suppressed": True},
    "referral.referrals": {"status": "ended", "ended_on": date},
    "coaching.referrals": {"closing": "withdrawal", "closed_at": datetime},
    "cases": {"closed_on": date, "referral_id": ONE},
    "feedback": {"text": "x"},
    "parked": {"topic": "municipal.from-lempaala-party.v1", "headers": b"[]", "event_id": ONE},
    "leads.parked": {"topic": "shared.from-tampere-region-crm.v1", "headers": b"[]", "event_id": ONE},
}
"""What rows need beside a value of each column that must have one: how they look when they are over."""
JOBS = {"old rows", "kept no longer", "closed referrals", "final years", "old facts", "old sessions", "old sign-ins",
        "old idempotency keys", "parked"}


def declared(service: str) -> set[str]:
    return {kept.table for kept in import_module(f"services.{service}.retention").KEPT}


def value(kind: Any, now: datetime) -> Any:
    """A value of a column's type, or of a Python type."""
    return {
        "uuid": ONE, "text": "x", "timestamptz": now, datetime: now, "date": helsinki_day(now),
        date: helsinki_day(now), "int2": 200, "int4": now.year, "int8": 1, "bool": False, "bytea": b"x",
        "jsonb": "{}", "_text": ["x"], "numeric": 1,
    }.get(kind, kind)


async def fill(connection: asyncpg.Connection, service: str, table: str, now: datetime) -> None:
    """One row, as old as the world's now."""
    schema, _, name = table.rpartition(".")
    needed = NEEDED.get(f"{service}.{name}", NEEDED.get(name, {})) if not schema else {}
    columns = [c for c in await connection.fetch(_COLUMNS, schema or "public", name)
               if not c["nullable"] or c["column_name"] in needed]
    values = [value(needed.get(c["column_name"], c["udt_name"]), now) for c in columns]
    names = ", ".join(f'"{c["column_name"]}"' for c in columns)
    places = ", ".join(f"${n}" for n, _ in enumerate(values, 1))
    await connection.execute(f"insert into {table} ({names}) values ({places})", *values)


async def left(connection: asyncpg.Connection, tables: Iterable[str]) -> set[str]:
    return {table for table in tables if await connection.fetchval(f"select exists (select from {table})")}


async def run_jobs(service: Service) -> None:
    for timer in service.timers:
        if timer.name in JOBS:
            await timer.run()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_table_that_nobody_declared_is_not_there(world: World, service: str) -> None:
    connection = await world.connect(service, "postgres")
    there = {row[0] for row in await connection.fetch(_TABLES)}
    await connection.close()
    assert there == declared(service)


@pytest.mark.parametrize("service", SERVICES)
async def test_when_the_time_is_over_nothing_is_left(world: World, service: str) -> None:
    connection = await world.connect(service, "postgres")
    await connection.execute("set session_replication_role = replica")
    tables = declared(service) - STANDING - BY_THE_OWNER
    began = world.clock()
    for table in tables:
        await fill(connection, service, table, began)
    periods = {kept.table for kept in import_module(f"services.{service}.retention").KEPT if kept.period}
    running = build(world.settings(service, demo=True), world.clock)
    try:
        world.clock.set(began + timedelta(days=10))
        await run_jobs(running)
        assert await left(connection, tables) >= periods - BY_THE_OWNER

        for years in (11, 22):  # what had waited is told to its sender first, which is a row of that day
            world.clock.set(began + timedelta(days=years * 366))
            await run_jobs(running)
        if "audit_heads" in tables:
            await audit_heads.forget(connection, helsinki_day(world.clock()))
        assert await left(connection, tables) == set()
    finally:
        world.clock.set(began)
        await running.database.close()
        await connection.close()
