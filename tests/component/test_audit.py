"""The audit log on a real Postgres: written with what it tells of, closed to the service, and provable."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy import text

from chassis import audit, audit_heads
from chassis.audit import Broken, Verified
from chassis.clock import MovableClock
from chassis.database import Database, Session
from chassis.policy import Principal, system_of
from contracts.envelope import Event, type_of
from contracts.events.audit_heads import AuditHeadPublished
from contracts.fields import new_id
from tests.stack import World

COACH = Principal("person", "coach-1", "Veikko Esimerkki", "lempaala")
START = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


@dataclass
class Log:
    """Coaching's log, empty, on a clock that stands; `admin` is the server's superuser."""

    database: Database
    clock: MovableClock
    admin: asyncpg.Connection

    async def write(self, *referrals: str, act: str = "reveal") -> None:
        async with self.database.begin() as db:
            for referral in referrals or (new_id(),):
                await audit.read(db, "referral", referral, COACH, act, "call")

    async def rows(self) -> list[asyncpg.Record]:
        found: list[asyncpg.Record] = await self.admin.fetch("select * from audit_log order by month, seq")
        return found

    async def verified(self, kept: Any = ()) -> Verified | Broken:
        async with self.database.begin() as db:
            return await audit.verify(db.connection, kept)


@pytest.fixture
async def log(world: World) -> AsyncIterator[Log]:
    clock = MovableClock(START)
    database = Database(world.settings("coaching"), clock)
    admin = await world.connect("coaching", "postgres")
    months = await admin.fetch("select inhrelid::regclass::text as part from pg_inherits "
                               "where inhparent = 'audit_log'::regclass")
    for month in months:
        await admin.execute(f"drop table {month['part']}")
    await admin.execute("truncate audit_heads")
    yield Log(database, clock, admin)
    await database.close()
    await admin.close()


async def test_who_read_what_and_why_commits_with_the_reading(log: Log) -> None:
    referral = new_id()
    async with log.database.begin() as db:
        await audit.read(db, "referral", referral, COACH, "reveal", "call")
        await audit.changed(db, "case", referral, system_of("/municipal/coaching"), "open-case")
        assert await log.rows() == []
    head, read, changed = await log.rows()
    assert [read[n] for n in ("seq", "person", "organisation", "act", "about_type", "about_id", "reason")] == [
        2, "coach-1", "lempaala", "read:reveal", "referral", referral, "call"]
    assert [changed[n] for n in ("seq", "person", "organisation", "act", "about_type", "reason")] == [
        3, "/municipal/coaching", "municipal", "change:open-case", "case", None]
    assert (read["at"], read["month"], read["trace_id"]) == (START, date(2026, 3, 1), None)
    assert (head["act"], head["about_id"]) == ("head", "0" * 64)


async def test_what_does_not_commit_leaves_no_row(log: Log) -> None:
    await log.write()

    async def fail() -> None:
        async with log.database.begin() as db:
            await audit.read(db, "referral", new_id(), COACH, "reveal")
            raise RuntimeError("a fault")

    with pytest.raises(RuntimeError, match="a fault"):
        await fail()
    await log.write()
    assert [row["seq"] for row in await log.rows()] == [1, 2, 3]


async def test_the_hash_is_the_one_that_the_document_says(log: Log) -> None:
    referral = new_id()
    await log.write(referral)
    head, row = await log.rows()
    told = [2, "2026-03-02T07:00:00.000000+00:00", "coach-1", "lempaala", "read:reveal", "referral", referral, "call",
            None]
    spelled = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
    assert row["hash"] == hashlib.sha256(head["hash"] + spelled).digest()


async def test_a_row_has_the_trace_it_was_written_in(log: Log) -> None:
    with TracerProvider().get_tracer("test").start_as_current_span("reveal") as span:
        await log.write()
    assert (await log.rows())[1]["trace_id"] == format(span.get_span_context().trace_id, "032x")


@pytest.mark.parametrize("told", [
    ("referral", "Aino Esimerkki", "reveal", None), ("referral", "x", "reveal", "Aino called"),
    ("referral", "x", "reveal:all", None), ("client of ours", "x", "reveal", None), ("referral", "", "reveal", None),
    ("referral", "x\n", "reveal", None), ("referral", "äiti", "reveal", None),
])
async def test_a_row_takes_ids_and_codes_alone(log: Log, told: tuple[str, str, str, str | None]) -> None:
    about_type, about_id, act, reason = told
    async with log.database.begin() as db:
        with pytest.raises(ValueError, match="alone"):
            await audit.read(db, about_type, about_id, COACH, act, reason)


async def test_many_at_once_make_one_chain(log: Log) -> None:
    await asyncio.gather(*(log.write(*(new_id() for _ in range(1 + n % 3))) for n in range(40)))
    rows = await log.rows()
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert await log.verified() == Verified(len(rows), 1, len(rows), rows[-1]["hash"].hex())


async def test_an_empty_log_is_verified_too(log: Log) -> None:
    assert await log.verified() == Verified(0, 0, 0, "0" * 64)


# --- months

async def three_months(log: Log) -> None:
    for _ in range(3):
        await log.write(new_id(), new_id())
        log.clock.move(timedelta(days=31))


async def test_each_month_begins_with_a_repeat_of_the_last_head(log: Log) -> None:
    await three_months(log)
    rows = await log.rows()
    assert [row["seq"] for row in rows] == list(range(1, 10))
    assert [row["month"].month for row in rows] == [3, 3, 3, 4, 4, 4, 5, 5, 5]
    heads = [(n, row["about_id"]) for n, row in enumerate(rows) if row["act"] == "head"]
    assert heads == [(0, "0" * 64), (3, rows[2]["hash"].hex()), (6, rows[5]["hash"].hex())]
    assert await log.verified() == Verified(9, 1, 9, rows[-1]["hash"].hex())


async def test_a_clock_that_goes_back_stays_in_the_latest_month(log: Log) -> None:
    await three_months(log)
    log.clock.set(START)
    await log.write()
    assert (await log.rows())[-1]["month"] == date(2026, 5, 1)
    assert isinstance(await log.verified(), Verified)


async def test_months_whose_retention_is_over_are_forgotten_and_the_rest_is_verified(log: Log, world: World) -> None:
    await three_months(log)
    kept = [(row["seq"], row["hash"].hex()) for row in await log.rows()]
    service, owner = await world.connect("coaching"), await world.connect("coaching", "coaching_owner")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await audit.forget(service, date(2099, 1, 1))
    assert await audit.forget(owner, date(2026, 4, 30)) == [date(2026, 3, 1)]
    assert await log.verified(kept) == Verified(6, 4, 9, kept[-1][1])
    assert await audit.forget(owner, date(2099, 1, 1)) == [date(2026, 4, 1)]
    assert await log.verified(kept) == Verified(3, 7, 9, kept[-1][1])
    await log.admin.execute("update audit_log set about_id = repeat('0', 64) where seq = 7")
    assert at(await log.verified(kept)) == 7
    await service.close()
    await owner.close()


# --- tampering

def at(found: Verified | Broken) -> int:
    assert isinstance(found, Broken), found
    return found.seq


@pytest.mark.parametrize(("hand", "seq"), [
    ("update audit_log set person = 'coach-2' where seq = 5", 5),
    ("update audit_log set organisation = 'vesilahti' where seq = 5", 5),
    ("update audit_log set at = at + interval '1 microsecond' where seq = 5", 5),
    ("update audit_log set act = 'read:list' where seq = 5", 5),
    ("update audit_log set about_type = 'case' where seq = 5", 5),
    ("update audit_log set about_id = 'x' where seq = 5", 5),
    ("update audit_log set reason = null where seq = 5", 5),
    ("update audit_log set trace_id = 'x' where seq = 5", 5),
    ("update audit_log set hash = sha256('x') where seq = 5", 5),
    ("delete from audit_log where seq = 5", 6),
    ("delete from audit_log where seq = 4", 5),
    ("delete from audit_log where seq = 1", 2),
    ("update audit_log set seq = seq + 100 where seq >= 5", 105),
    ("update audit_log set month = '2026-03-01' where seq = 4", 5),
    ("update audit_log set month = '2026-04-01' where seq = 3", 3),
    ("update audit_log set seq = 99 where seq = 9", 99),
    ("update audit_log a set about_id = b.about_id, hash = b.hash from audit_log b where a.seq = 5 and b.seq = 6", 5),
])
async def test_what_the_superuser_changes_is_found_where_it_is(log: Log, hand: str, seq: int) -> None:
    await three_months(log)
    assert isinstance(await log.verified(), Verified)
    await log.admin.execute(hand)
    assert at(await log.verified()) == seq


async def rewritten_from(log: Log, seq: int) -> None:
    """The superuser changes a row and makes all hashes after it fit, as one who knows the method would."""
    rows = [dict(row) for row in await log.rows()]
    head = rows[seq - 2]["hash"]
    for row in rows[seq - 1:]:
        told = {f.name: row[f.name] for f in fields(audit.Row)}
        told |= {"person": "coach-2"} if row["seq"] == seq else {}
        told |= {"about_id": head.hex()} if row["act"] == "head" else {}
        head = audit.link(head, row["seq"], audit.Row(**told))
        await log.admin.execute("update audit_log set person = $1, about_id = $2, hash = $3 where seq = $4",
                                told["person"], told["about_id"], head, row["seq"])


async def test_a_log_written_anew_is_found_with_the_heads_of_the_other_side(log: Log) -> None:
    await three_months(log)
    kept = [(row["seq"], row["hash"].hex()) for row in await log.rows() if row["seq"] in (3, 6, 9)]
    await rewritten_from(log, 5)
    assert isinstance(await log.verified(), Verified)
    assert isinstance(await log.verified(kept[:1]), Verified)
    assert at(await log.verified(kept)) == 6


async def test_of_two_heads_of_one_row_neither_hides_the_other(log: Log) -> None:
    await three_months(log)
    kept = [(row["seq"], row["hash"].hex()) for row in await log.rows() if row["seq"] == 6]
    await rewritten_from(log, 5)
    anew = [(row["seq"], row["hash"].hex()) for row in await log.rows() if row["seq"] == 6]
    assert at(await log.verified([*kept, *anew])) == at(await log.verified([*anew, *kept])) == 6


async def test_an_end_cut_off_is_found_with_the_heads_of_the_other_side(log: Log) -> None:
    await three_months(log)
    kept = [(row["seq"], row["hash"].hex()) for row in await log.rows() if row["seq"] in (3, 9)]
    await log.admin.execute("delete from audit_log where seq > 7")
    assert isinstance(await log.verified(), Verified)
    found = await log.verified(kept)
    assert isinstance(found, Broken)
    assert "row 9" in found.why
    await log.admin.execute("delete from audit_log")
    assert isinstance(await log.verified(kept), Broken)


@pytest.mark.parametrize("statement", [
    "update audit_log set person = 'coach-2'", "delete from audit_log", "truncate audit_log", "drop table audit_log",
    "update audit_log_2026_03 set person = 'coach-2'", "delete from audit_log_2026_03", "truncate audit_log_2026_03",
    "drop table audit_log_2026_03", "insert into audit_log_2026_03 select * from audit_log",
    "alter table audit_log detach partition audit_log_2026_03", "alter table audit_log owner to coaching",
    "update audit_heads set head = ''", "delete from audit_heads",
    "create or replace function audit_open_month(first_day date) returns void language sql as ''",
    "truncate audit_heads",
    "select audit_open_month('2026-03-02')", "set role coaching_owner",
])
async def test_the_service_itself_may_do_nothing_but_insert_and_read(log: Log, world: World, statement: str) -> None:
    await log.write()
    service = await world.connect("coaching")
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.RaiseError)) as raised:
        await service.execute(statement)
    assert not isinstance(raised.value, asyncpg.RaiseError) or "first day" in str(raised.value)
    assert await service.fetchval("select count(*) from audit_log") == 2
    await service.close()


async def test_of_all_rights_on_the_log_the_service_has_two(log: Log) -> None:
    await log.write()
    found = await log.admin.fetch("""
        select relname, privilege from pg_class, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
            'REFERENCES', 'TRIGGER', 'MAINTAIN']) as privilege
        where relname in ('audit_log', 'audit_log_2026_03') and has_table_privilege('coaching', pg_class.oid, privilege)
        order by privilege""")
    assert [tuple(row) for row in found] == [("audit_log", "INSERT"), ("audit_log", "SELECT")]


# --- the other side's heads

def head_of(service: str, seq: int, head: str, minutes: int = 0) -> Event[AuditHeadPublished]:
    data = AuditHeadPublished.model_validate(
        {"service": service, "seq": seq, "head": head * 64, "at": START + timedelta(minutes=minutes)})
    return Event(new_id(), f"/shared/{service}", type_of(AuditHeadPublished), service, data.at, data)


async def keep(log: Log, *events: Event[AuditHeadPublished]) -> list[str | None]:
    async with log.database.begin() as db:
        return [await audit_heads.keep_head(db, event) for event in events]


async def test_a_head_is_published_for_the_other_side_to_keep(log: Log) -> None:
    async with log.database.begin() as db:
        await audit_heads.publish_head(db)
        assert (await published(db)) == []
    await log.write()
    async with log.database.begin() as db:
        await audit_heads.publish_head(db)
        last = (await log.rows())[-1]
        assert [event["data"] for event in await published(db)] == [
            {"service": "coaching", "seq": 2, "head": last["hash"].hex(), "at": "2026-03-02T07:00:00Z"}]
        await db.connection.rollback()


async def published(db: Session) -> list[dict[str, Any]]:
    rows = await db.execute(text("select value from outbox where topic = 'shared.audit-heads.v1'"))
    return [orjson.loads(row.value) for row in rows]


def test_each_side_keeps_the_heads_of_all_but_its_own() -> None:
    assert audit_heads.kept_by("referral") == {"coaching", "feedback", "leads", "notify", "reporting"}
    assert audit_heads.kept_by("coaching") == {"referral", "leads", "notify", "reporting"}
    assert audit_heads.kept_by("leads") == frozenset()


async def test_heads_are_kept_as_they_come(log: Log) -> None:
    events = [head_of("referral", 5, "a"), head_of("referral", 9, "b", 15), head_of("referral", 9, "b", 30),
              head_of("referral", 5, "a"), head_of("coaching", 7, "c"), head_of("referral", 7, "d", 5)]
    assert await keep(log, *events) == [None] * 6
    async with log.database.begin() as db:
        assert await audit_heads.kept(db.connection, "referral") == [(5, "a" * 64), (7, "d" * 64), (9, "b" * 64)]
        assert await audit_heads.kept(db.connection, "coaching") == []


async def test_a_head_that_does_not_fit_is_an_alarm_and_is_kept(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    assert await keep(log, head_of("referral", 5, "a"), head_of("referral", 9, "b", 15)) == [None, None]
    assert await keep(log, head_of("referral", 9, "c", 30)) == ["rewritten"]
    assert await keep(log, head_of("referral", 8, "d", 45)) == ["shrunk"]
    assert await keep(log, head_of("leads", 8, "d", 45)) == [None]
    assert [r.security["event"] for r in caplog.records if r.name == "yhdyspinta.security"] == [
        "audit-log-rewritten", "audit-log-shrunk"]
    alarms = await log.admin.fetch("select seq, alarm from audit_heads where alarm is not null order by seq")
    assert [tuple(row) for row in alarms] == [(8, "shrunk"), (9, "rewritten")]


async def test_replicas_whose_clocks_differ_by_a_moment_are_no_alarm(log: Log) -> None:
    early = head_of("referral", 9, "b", 15)
    earlier = {"seq": 8, "head": "a" * 64, "at": early.data.at + timedelta(seconds=2)}
    assert await keep(log, early, early._replace(data=early.data.model_copy(update=earlier))) == [None, None]
