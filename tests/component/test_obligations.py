"""The obligation ledger on a real Postgres: what is stored, and what the outbox holds to be published."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from chassis import calendar, obligations, outbox
from chassis.clock import MovableClock
from chassis.database import Database, Session
from chassis.obligations import NotInPlan, Obligation
from contracts.fields import new_id

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
KIND = "answer-three-party-request"  # three business days: due at the end of Thursday


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(MONDAY)


@pytest.fixture
async def database(world: Any, clock: MovableClock) -> AsyncIterator[Database]:
    database = Database(world.settings("referral"), clock)
    yield database
    async with database.begin() as db:
        await db.execute(obligations.table.delete())
        await db.execute(outbox.table.delete())
    await database.close()


async def open_one(db: Session, referral: str, kind: str = KIND, **more: Any) -> Obligation:
    return await obligations.open_(db, kind, "referral", referral, owner_organisation="tampere-region", **more)


async def published(database: Database) -> list[tuple[str, str]]:
    """Name and kind of each event in the outbox, in order."""
    async with database.begin() as db:
        rows = (await db.execute(outbox.table.select().order_by(outbox.table.c.id))).all()
    assert {row.topic for row in rows} <= {"area.obligations.v1"}
    values = [orjson.loads(row.value) for row in rows]
    return [(value["type"].split(".")[2], value["data"]["kind"]) for value in values]


async def test_it_is_opened_once_and_met_once(database: Database) -> None:
    referral = new_id()
    async with database.begin() as db:
        first = await open_one(db, referral)
    async with database.begin() as db:
        assert await open_one(db, referral) == first
    async with database.begin() as db:
        done = await obligations.meet(db, KIND, "referral", referral)
        assert await obligations.meet(db, KIND, "referral", referral) is None
    assert done is not None
    assert (done.obligation_id, done.met_at) == (first.obligation_id, MONDAY)
    assert await published(database) == [("ObligationOpened", KIND), ("ObligationMet", KIND)]


async def test_what_was_met_can_be_owed_again(database: Database) -> None:
    referral = new_id()
    async with database.begin() as db:
        first = await open_one(db, referral)
        await obligations.meet(db, KIND, "referral", referral)
        again = await open_one(db, referral)
    assert again.obligation_id != first.obligation_id


async def test_it_is_opened_once_by_many_at_the_same_time(database: Database) -> None:
    referral = new_id()

    async def open_it() -> str:
        async with database.begin() as db:
            return (await open_one(db, referral)).obligation_id

    assert len(set(await asyncio.gather(*(open_it() for _ in range(6))))) == 1
    assert await published(database) == [("ObligationOpened", KIND)]


async def test_nothing_is_owed_when_the_transaction_fails(database: Database) -> None:
    referral = new_id()

    async def fail() -> None:
        async with database.begin() as db:
            await open_one(db, referral)
            await open_one(db, referral, kind="mow-the-lawn")

    with pytest.raises(NotInPlan):
        await fail()
    async with database.begin() as db:
        assert await obligations.about(db, "referral", referral) == []
    assert await published(database) == []


async def test_a_near_and_a_missed_deadline_are_told_once_each(database: Database, clock: MovableClock) -> None:
    async with database.begin() as db:
        one = await open_one(db, new_id())
    assert await obligations.sweep_all(database) == 0
    assert one.due_soon_at is not None
    clock.set(one.due_soon_at)
    assert await obligations.sweep_all(database) == 1
    clock.set(one.due_at)
    assert await obligations.sweep_all(database) == 0
    clock.move(timedelta(microseconds=1))
    assert await obligations.sweep_all(database) == 1
    clock.move(timedelta(days=30))
    assert await obligations.sweep_all(database) == 0
    told = ["ObligationOpened", "ObligationDueSoon", "ObligationMissed"]
    assert await published(database) == [(name, KIND) for name in told]


async def test_after_a_long_outage_only_the_miss_is_told(database: Database, clock: MovableClock) -> None:
    async with database.begin() as db:
        one = await open_one(db, new_id())
    clock.set(one.due_at + timedelta(days=3))
    assert await obligations.sweep_all(database) == 1
    assert await published(database) == [("ObligationOpened", KIND), ("ObligationMissed", KIND)]


async def test_what_was_missed_can_still_be_met(database: Database, clock: MovableClock) -> None:
    referral = new_id()
    async with database.begin() as db:
        one = await open_one(db, referral)
    clock.set(one.due_at + timedelta(days=1))
    await obligations.sweep_all(database)
    async with database.begin() as db:
        done = await obligations.meet(db, KIND, "referral", referral, at=one.due_at)
    assert done is not None
    assert done.met_at == one.due_at


async def test_sweepers_side_by_side_share_the_work(database: Database, clock: MovableClock) -> None:
    async with database.begin() as db:
        for _ in range(20):
            await open_one(db, new_id())
    clock.move(timedelta(days=30))

    async def sweep() -> int:
        async with database.begin() as db:
            told = await obligations.sweep(db, limit=10)
            await both.wait()
            return told

    both = asyncio.Barrier(2)
    assert list(await asyncio.gather(sweep(), sweep())) == [10, 10]
    assert await obligations.sweep_all(database) == 0
    assert [name for name, _ in await published(database)].count("ObligationMissed") == 20


async def test_a_withdrawal_cancels_all_that_is_open_about_the_referral(
    database: Database, clock: MovableClock
) -> None:
    referral, other = new_id(), new_id()
    async with database.begin() as db:
        await open_one(db, referral)
        await open_one(db, referral, kind="tell-start", owner_role="coach")
        await open_one(db, other)
    async with database.begin() as db:
        assert len(await obligations.cancel_all(db, "referral", referral)) == 2
        assert await obligations.about(db, "referral", referral) == []
        assert len(await obligations.about(db, "referral", other)) == 1
    clock.move(timedelta(days=90))
    assert await obligations.sweep_all(database) == 1


async def test_another_owner_has_the_same_obligation_with_its_deadline(database: Database) -> None:
    referral = new_id()
    async with database.begin() as db:
        before = await open_one(db, referral, owner="mikko")
        assert await obligations.hand_over(db, "referral", referral, owner="leena", role="case-manager") == 1
        assert await obligations.hand_over(db, "referral", referral, owner="leena", role="case-manager") == 0
        (after,) = await obligations.about(db, "referral", referral)
    assert after == replace(before, owner="leena")
    assert await published(database) == [("ObligationOpened", KIND)] * 2


async def test_what_was_told_of_an_obligation_is_not_told_again_to_its_next_owner(
    database: Database, clock: MovableClock
) -> None:
    async with database.begin() as db:
        one = await open_one(db, new_id(), owner="mikko")
        other = await open_one(db, new_id(), owner="mikko")
    assert one.due_soon_at is not None
    clock.set(one.due_soon_at)
    assert await obligations.sweep_all(database) == 2
    async with database.begin() as db:
        await obligations.hand_over_one(db, one.obligation_id, "leena")
    assert await obligations.sweep_all(database) == 0
    clock.set(one.due_at + timedelta(hours=1))
    assert await obligations.sweep_all(database) == 2
    async with database.begin() as db:
        everything = {"organisation": "tampere-region", "role": "case-manager", "owner": "mikko", "to": "aino"}
        assert await obligations.hand_over_all(db, **everything) == 1
        await obligations.hand_over_one(db, one.obligation_id, "aino")
        assert await obligations.find_open(db, other.obligation_id) is not None
    assert await obligations.sweep_all(database) == 0
    told = [name for name, _ in await published(database)]
    assert (told.count("ObligationDueSoon"), told.count("ObligationMissed")) == (2, 2)


async def test_what_waits_for_a_person_is_theirs_or_nobodys_in_order_of_deadline(database: Database) -> None:
    mine, nobodys, others = new_id(), new_id(), new_id()
    async with database.begin() as db:
        await open_one(db, nobodys, kind="act-on-return")
        await open_one(db, mine, owner="mikko")
        await open_one(db, others, owner="leena")
        found = await obligations.waiting(db, organisation="tampere-region", roles=["case-manager"], person="mikko")
        assert [one.about_id for one in found] == [mine, nobodys]
        everybodys = await obligations.waiting(db, organisation="tampere-region", roles=["case-manager"])
        assert {one.about_id for one in everybodys} == {mine, nobodys, others}
        assert await obligations.waiting(db, organisation="iht", roles=["case-manager"]) == []


async def test_who_a_late_obligation_is_told_to_sees_it(database: Database, clock: MovableClock) -> None:
    referral = new_id()
    async with database.begin() as db:
        await open_one(db, referral)
        assert await obligations.late(db, organisation="tampere-region", roles=["service-supervisor"]) == []
    clock.move(timedelta(days=7))
    async with database.begin() as db:
        (one,) = await obligations.late(db, organisation="tampere-region", roles=["service-supervisor"])
        assert one.about_id == referral
        assert one.is_late(clock())
        managers: dict[str, Any] = {"organisation": "tampere-region", "roles": ["service-manager"]}
        assert await obligations.late(db, **managers) == []
        assert await obligations.late(db, **managers, of=["tampere-region"]) == [one]
        assert await obligations.late(db, **managers, of=["tampere-region"], service="pointti") == []


async def test_the_deadline_is_counted_from_when_it_happened(database: Database) -> None:
    async with database.begin() as db:
        one = await open_one(db, new_id(), begins=datetime(2026, 2, 26, 8, 0, tzinfo=UTC))
    assert one.due_at == calendar.end_of_day(datetime(2026, 3, 3, tzinfo=UTC).date())


async def test_what_was_closed_long_ago_is_forgotten_and_what_is_open_is_not(
    database: Database, clock: MovableClock
) -> None:
    kept = new_id()
    async with database.begin() as db:
        await open_one(db, kept)
        gone = await open_one(db, new_id())
        await obligations.meet(db, KIND, "referral", gone.about_id)
    clock.move(timedelta(days=900))
    async with database.begin() as db:
        assert await obligations.forget(db, before=clock() - timedelta(days=800)) == 1
        assert len(await obligations.about(db, "referral", kept)) == 1
