"""The key store on a real Postgres: refused from the commit on, erased before it says so, found when lost."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chassis.database import Database, Session
from chassis.decisions import Refused
from chassis.key_files import KeyFiles, KeyFileUnreadable, KeyPlaceLost, Purpose
from chassis.key_sweeper import Sweeper, rotate
from chassis.keys import Cause, KeyRow, State, key_store
from chassis.sealing import decrypt_own_copy, encrypt_own_copy, open_sealed, seal
from chassis.settings import SettingsError
from contracts.fields import KeyId, new_id
from tests.component.key_side import COACH, CONTACT, Side, coaching_side, referral_id
from tests.stack import World
from tests.waiting import until

DAY_AND_MORE = 90_000


@pytest.fixture
async def side(world: World) -> AsyncIterator[Side]:
    async with coaching_side(world) as made:
        yield made


async def test_a_key_opens_what_is_sealed_to_it_and_leaves_an_audit_row(side: Side) -> None:
    referral, consent = referral_id(), new_id()
    key_id, public = await side.make(referral)
    token = seal(CONTACT, public, referral, consent, key_id)
    assert open_sealed(token, await side.use(key_id), referral, consent, key_id) == CONTACT
    async with side.database.begin() as db:
        rows = (await db.execute(text("select person, organisation, act, about_type, reason from audit_log "
                                      "where about_id = :id"), {"id": referral})).all()
    assert [tuple(row) for row in rows] == [("coach-1", "lempaala", "read:reveal", "referral", "call")]


async def test_the_own_copy_has_a_key_of_its_own(side: Side) -> None:
    referral = referral_id()
    async with side.database.begin() as db:
        key_id, key = await side.store.make_own_copy_key(db, referral)
        stored = encrypt_own_copy(CONTACT, key, referral)
    assert decrypt_own_copy(stored, await side.use(key_id), referral) == CONTACT
    assert [row.purpose for row in await side.keys(referral)] == [Purpose.OWN_COPY]


async def test_from_the_commit_of_the_erasure_on_every_use_is_refused(side: Side) -> None:
    referral = referral_id()
    key_id, _ = await side.make(referral)
    rows = await side.erase(referral)
    assert [(row.state, row.cause) for row in rows] == [(State.ERASING, Cause.WITHDRAWAL)]
    assert side.file(key_id).exists()
    assert await side.refusal(key_id) == "details-erased"


async def test_the_other_side_is_told_once_and_when_the_file_is_gone(side: Side) -> None:
    referral = referral_id()
    made = [(await side.make(referral))[0] for _ in range(3)]
    other, _ = await side.make(referral_id())
    await side.erase(referral, Cause.CANCELLATION)
    assert await side.sweeper.finish() >= 3
    assert await side.sweeper.finish() == 0
    assert sorted(row.key_id for row in side.told if row.referral_id == referral) == sorted(made)
    assert not any(side.there_when_told)
    assert {(row.state, row.cause) for row in await side.keys(referral)} == {(State.ERASED, Cause.CANCELLATION)}
    assert all(row.erased_at and row.erasing_at and row.erased_at >= row.erasing_at for row in side.told)
    assert not any(side.file(key_id).exists() for key_id in made)
    assert side.file(other).exists()


async def test_a_withdrawal_takes_over_a_quiet_erasure_that_is_not_done_yet(side: Side) -> None:
    referral = referral_id()
    await side.make(referral)
    await side.erase(referral, Cause.ENDED)
    await side.erase(referral, Cause.WITHDRAWAL)
    await side.erase(referral, Cause.RETURN)
    await side.sweeper.finish()
    assert [row.cause for row in side.told if row.referral_id == referral] == [Cause.WITHDRAWAL]


async def test_a_key_erased_before_keeps_its_cause_and_is_given_back(side: Side) -> None:
    referral = referral_id()
    await side.make(referral)
    await side.erase(referral, Cause.ENDED)
    await side.sweeper.finish()
    rows = await side.erase(referral, Cause.WITHDRAWAL)
    await side.sweeper.finish()
    assert [(row.state, row.cause) for row in rows] == [(State.ERASED, Cause.ENDED)]
    assert len([row for row in side.told if row.referral_id == referral]) == 1


async def waits_for_a_row(side: Side) -> bool:
    """Whether some connection waits for a row that another holds."""
    async with side.database.begin() as db:
        found = await db.execute(text("select 1 from pg_stat_activity where wait_event_type = 'Lock' "
                                      "and query like '%keys%' and datname = current_database()"))
        return found.first() is not None


async def test_an_erasure_waits_for_a_use_that_has_begun(side: Side) -> None:
    referral = referral_id()
    key_id, _ = await side.make(referral)
    async with side.database.begin() as db:
        await side.store.use(db, key_id, COACH, "reveal")
        erasing = asyncio.create_task(side.erase(referral))
        await until(lambda: waits_for_a_row(side), 5, what="an erasure that waits for the row")
        assert side.file(key_id).exists()
    assert [row.state for row in await erasing] == [State.ERASING]


async def test_nothing_is_answered_when_the_audit_row_can_not_be_written(side: Side) -> None:
    key_id, _ = await side.make(referral_id())
    with pytest.raises(ValueError, match="codes alone"):
        async with side.database.begin() as db:
            await side.store.use(db, key_id, COACH, "Reveal, because Aino asked")


async def test_an_unknown_key_is_not_found(side: Side) -> None:
    assert await side.refusal(KeyId(new_id())) == "not-found"


async def test_the_sweeper_is_woken_by_the_commit_of_an_erasure(side: Side) -> None:
    running = asyncio.create_task(side.sweeper.run())
    try:
        referral = referral_id()
        await side.make(referral)
        for _ in range(3):
            await side.make(referral)
            await side.erase(referral)

            async def gone() -> bool:
                return {row.state for row in await side.keys(referral)} == {State.ERASED}

            await until(gone, 5, what="an erasure long before the ten seconds' turn")
    finally:
        running.cancel()


async def test_the_sweeper_ends_with_its_connection_so_that_it_is_started_anew(side: Side, world: World) -> None:
    running = asyncio.create_task(side.sweeper.run())
    admin = await world.connect("coaching", "postgres")
    listening = "select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN%' " \
                "and state = 'idle' and datname = current_database()"
    await until(lambda: admin.fetchval(listening), 5, what="a listening connection")
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(running, 5)
    await admin.close()


async def test_what_can_not_be_erased_is_never_called_erased(side: Side) -> None:
    stuck, other = referral_id(), referral_id()
    key_id, _ = await side.make(stuck)
    await side.make(other)
    kept = side.file(key_id).rename(side.store.files.root.parent / "kept")
    side.file(key_id).mkdir(0o700)
    await side.erase(stuck)
    await side.erase(other)
    await side.sweeper.finish()
    assert (side.store.stuck, side.store.healthy) == (1, False)
    assert [row.state for row in await side.keys(stuck)] == [State.ERASING]
    assert [row.state for row in await side.keys(other)] == [State.ERASED]
    side.file(key_id).rmdir()
    kept.rename(side.file(key_id))
    assert await side.sweeper.finish() == 1
    assert (side.store.stuck, side.store.healthy) == (0, True)
    assert [row.state for row in await side.keys(stuck)] == [State.ERASED]


async def test_a_fault_of_the_service_leaves_the_key_to_be_told_of_later(side: Side, world: World) -> None:
    referral = referral_id()
    key_id, _ = await side.make(referral)
    await side.erase(referral)

    async def fails(db: Session, row: KeyRow) -> None:
        raise LookupError(row.key_id)

    await Sweeper(side.database, side.store, fails, side.on_lost).finish()
    assert [row.state for row in await side.keys(referral)] == [State.ERASING]
    assert (side.store.stuck, side.file(key_id).exists()) == (1, False)
    await side.sweeper.finish()
    assert [row.key_id for row in side.told if row.referral_id == referral] == [key_id]


# --- taking stock

async def test_a_live_row_without_a_file_is_lost_and_can_be_erased(side: Side) -> None:
    referral = referral_id()
    key_id, _ = await side.make(referral)
    side.file(key_id).unlink()
    assert await side.refusal(key_id) == "details-lost"
    assert side.store.suspicious
    await side.sweeper.take_stock()
    await side.sweeper.take_stock()
    assert [row.key_id for row in side.lost if row.referral_id == referral] == [key_id]
    assert [row.state for row in await side.keys(referral)] == [State.LOST]
    assert await side.refusal(key_id) == "details-lost"
    await side.erase(referral)
    await side.sweeper.finish()
    assert [(row.key_id, row.cause) for row in side.told if row.referral_id == referral] == [(key_id, Cause.WITHDRAWAL)]


async def test_a_use_that_finds_no_file_makes_the_sweeper_look_at_once(side: Side) -> None:
    running = asyncio.create_task(side.sweeper.run())
    try:
        key_id, _ = await side.make(referral_id())
        await until(lambda: side.sweeper._stock_due, 5, what="the first stock")
        side.file(key_id).unlink()
        assert await side.refusal(key_id) == "details-lost"
        await until(lambda: [row for row in side.lost if row.key_id == key_id], 5, what="a lost key")
    finally:
        running.cancel()


async def test_a_fault_of_the_service_leaves_the_lost_key_to_be_found_again(side: Side) -> None:
    key_id, _ = await side.make(referral_id())
    side.file(key_id).unlink()

    async def fails(db: Session, row: KeyRow) -> None:
        raise LookupError(row.key_id)

    failing = Sweeper(side.database, side.store, side.on_erased, fails)
    await failing.take_stock()
    await failing.finish()
    assert not side.store.healthy
    await side.sweeper.take_stock()
    await side.sweeper.finish()
    assert side.store.healthy
    assert [row.key_id for row in side.lost] == [key_id]


async def test_a_key_is_found_lost_though_the_use_that_missed_it_is_not_over(side: Side) -> None:
    key_id, _ = await side.make(referral_id())
    side.file(key_id).unlink()
    async with side.database.begin() as db:
        with pytest.raises(Refused):
            await side.store.use(db, key_id, COACH, "reveal")
        stock = asyncio.create_task(side.sweeper.take_stock())
        await until(lambda: waits_for_a_row(side), 5, what="a sweeper that waits for the row")
    await stock
    assert [row.key_id for row in side.lost] == [key_id]


async def test_a_file_that_nobody_claimed_is_erased_after_a_day(side: Side) -> None:
    referral = referral_id()
    async with side.database.begin() as db:
        key_id, _ = await side.store.make_receiving_key(db, referral)
        await db.connection.rollback()
    leftover = side.store.files.root / f".{key_id}.0123456789abcdef"
    shutil.copy(side.file(key_id), leftover)
    claimed, _ = await side.make(referral)
    await side.sweeper.take_stock()
    assert side.file(key_id).exists()
    assert leftover.exists()
    for path in (side.file(key_id), side.file(claimed), leftover):
        long_ago = path.stat().st_mtime - DAY_AND_MORE
        os.utime(path, (long_ago, long_ago))
    await side.sweeper.take_stock()
    assert not side.file(key_id).exists()
    assert not leftover.exists()
    assert side.file(claimed).exists()


async def test_an_erased_key_that_a_backup_brings_back_is_erased_again(side: Side, caplog: Any) -> None:
    referral = referral_id()
    key_id, _ = await side.make(referral)
    content = side.file(key_id).read_bytes()
    await side.erase(referral)
    await side.sweeper.finish()
    side.file(key_id).write_bytes(content)
    assert await side.refusal(key_id) == "details-erased"
    await side.sweeper.take_stock()
    assert not side.file(key_id).exists()
    assert {"event": "key-came-back", "service": "coaching", "about": key_id, "alarm": "yes"} in [
        getattr(record, "security", None) for record in caplog.records]


async def test_the_key_folder_of_another_database_is_refused(side: Side, world: World) -> None:
    settings = replace(world.settings("referral"), keys=side.store.files.root)
    other = Side(Database(settings, world.clock), key_store(settings))
    with pytest.raises(SettingsError, match="belongs to the database"):
        await other.sweeper.start()
    await other.database.close()


async def test_with_the_folder_unmounted_nothing_is_erased_made_or_lost(side: Side, tmp_path: Path) -> None:
    referral = referral_id()
    key_id, _ = await side.make(referral)
    root = side.store.files.root
    root.rename(tmp_path / "unmounted")
    root.mkdir(0o700)
    try:
        assert not side.store.healthy
        with pytest.raises(SettingsError, match="mount it"):
            await side.sweeper.start()
        await side.erase(referral)
        await side.sweeper.finish()
        with pytest.raises(KeyPlaceLost):
            await side.sweeper.take_stock()
        with pytest.raises(KeyPlaceLost):
            await side.make(referral_id())
        assert [row.state for row in await side.keys(referral)] == [State.ERASING]
    finally:
        root.rmdir()
        (tmp_path / "unmounted").rename(root)
    await side.sweeper.finish()
    assert [row.key_id for row in side.told if row.referral_id == referral] == [key_id]
    assert not side.file(key_id).exists()
    assert side.store.healthy


# --- rotation

async def test_a_rotation_goes_on_under_use_and_ends_the_copied_volume(side: Side, tmp_path: Path) -> None:
    referral, gone = referral_id(), referral_id()
    key_id, public = await side.make(referral)
    token = seal(CONTACT, public, referral, referral, key_id)
    await side.make(gone)
    copied = tmp_path / "copied"
    shutil.copytree(side.store.files.root, copied)

    async def uses() -> None:
        for _ in range(20):
            assert open_sealed(token, await side.use(key_id), referral, referral, key_id) == CONTACT
            await side.make(referral_id())

    using = asyncio.create_task(uses())
    await side.erase(gone)
    assert await rotate(side.database, side.store) >= 1
    await using
    assert await rotate(side.database, side.store) >= 21
    await side.sweeper.finish()
    assert [row.state for row in await side.keys(gone)] == [State.ERASED]
    assert open_sealed(token, await side.use(key_id), referral, referral, key_id) == CONTACT
    old = KeyFiles(copied, side.store.files.kek_file)
    old.open_for((copied / "database-id").read_text(), keys_known=True)
    with pytest.raises(KeyFileUnreadable):
        old.read(key_id, Purpose.RECEIVE, referral)
