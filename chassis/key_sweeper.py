"""The sweeper: finishes erasures, tidies up after crashes, finds lost keys; and the rotation.

Promise: each row `erasing` becomes `erased` in one transaction with what the service does then (coaching
publishes ContactDetailsErased), after its file is off the disk, and once. What can't be erased stays
`erasing`, is tried again each ten seconds, and keeps the service from being ready. Several replicas sweep side
by side (privacy.md, Key store).

A service names it in its table of contents: `started=[sweeper.start]`,
`timers=[Timer("keys", timedelta(seconds=1), sweeper.run)]`; `run` itself only ends by a fault.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import TypeAlias

from prometheus_client import Counter, Gauge
from sqlalchemy import text

from chassis import security
from chassis.clock import system_clock
from chassis.database import Database, Session, transient
from chassis.key_files import KeyFileUnreadable
from chassis.keys import COLUMNS, KeyRow, KeyStore, State, row_of
from chassis.telemetry import name_of

log = logging.getLogger(__name__)

OnKey: TypeAlias = Callable[[Session, KeyRow], Awaitable[None]]

EVERY = 10.0
"""Seconds between sweeps without a wake-up."""
STOCK_EVERY = 86_400.0
UNCLAIMED_AFTER, LEFTOVER_AFTER = 86_400.0, 3_600.0
"""Age in seconds at which a file without a row, and a dot-file, is erased."""

ERASED = Counter("yhdyspinta_keys_erased", "Keys erased", ["service", "cause"])
LOST = Counter("yhdyspinta_keys_lost", "Live keys whose file was gone", ["service"])
STUCK = Gauge("yhdyspinta_keys_stuck", "Keys that could not be erased", ["service"])

_PLACE = text("select database_id, exists (select from keys where state = 'live') as known from key_place")
_CLAIM = text(
    f"select {COLUMNS} from keys where state = 'erasing' and key_id <> all(cast(:but as text[])) "  # noqa: S608
    "order by erasing_at limit 1 for update skip locked"
)
_ERASED = text(
    f"update keys set state = 'erased', erased_at = :now where key_id = :key_id returning {COLUMNS}"  # noqa: S608
)
_LIVE = text("select key_id from keys where state = 'live'")
_LOCK_LIVE = text("select key_id from keys where key_id = :key_id and state = 'live' for update")
"""It waits: the use that found no file may hold the row yet."""
_LOST = text(f"update keys set state = 'lost', lost_at = :now where key_id = :key_id returning {COLUMNS}")  # noqa: S608
_STATES = text("select key_id, state from keys where key_id = any(cast(:key_ids as text[]))")
_STATE = text("select state from keys where key_id = :key_id for update")


class NotErased(Exception):  # noqa: N818 - what happened to the key
    """The disk did not let a key go: its row must not say `erased`."""


class Sweeper:
    """One service's. `erased` and `lost` run in the transaction that marks the row, each in whatever replica."""

    def __init__(self, database: Database, store: KeyStore, erased: OnKey, lost: OnKey) -> None:
        self.database, self.store, self.files = database, store, store.files
        self.erased, self.lost = erased, lost
        self._stock_due = 0.0
        self._untidy: set[str] = set()

    async def start(self) -> None:
        """Checks that the key folder is this database's own; raises `SettingsError` with a sentence."""
        await open_place(self.database, self.store)

    async def run(self) -> None:
        """Sweeps at once, when woken (`pg_notify('keys')`) and each ten seconds; takes stock at once, daily, and
        when a use found no file. Ends with ConnectionError when its connection does."""
        wake = self.store.wake
        listening = await self.database.connect(timeout_ms=0)
        try:
            await listening.add_listener("keys", lambda *_: wake.set())
            listening.add_termination_listener(lambda *_: wake.set())
            while not listening.is_closed():
                wake.clear()
                await self.finish()
                if monotonic() >= self._stock_due or self.store.suspicious:
                    self._stock_due, self.store.suspicious = 0.0, False
                    await self.take_stock()
                    self._stock_due = monotonic() + (EVERY if self._untidy else STOCK_EVERY)
                with suppress(TimeoutError):
                    await asyncio.wait_for(wake.wait(), EVERY)
        finally:
            listening.terminate()
        raise ConnectionError("the sweeper's connection was closed")

    async def finish(self) -> int:
        """Erases what is `erasing` and in no other replica's hands; how many keys were."""
        done, stuck = 0, set[str]()
        while (key_id := await self._finish_one(stuck)) is not None:
            done += key_id not in stuck
        self.store.stuck = len(stuck | self._untidy)
        STUCK.labels(self.database.settings.service).set(self.store.stuck)
        return done

    async def _finish_one(self, stuck: set[str]) -> str | None:
        """Id of the key that was erased, or could not be and now is in `stuck`; None when nothing is left."""
        key_id: str | None = None
        try:
            async with self.database.begin() as db:
                claimed = (await db.execute(_CLAIM, {"but": list(stuck)})).first()
                if claimed is None:
                    return None
                key_id = str(claimed.key_id)
                try:
                    await asyncio.to_thread(self.files.erase, key_id)
                except OSError as fault:
                    raise NotErased(name_of(fault)) from None
                row = row_of((await db.execute(_ERASED, {"key_id": key_id, "now": db.now})).mappings().one())
                await self.erased(db, row)
        except Exception as fault:
            if key_id is None or transient(fault):
                raise
            stuck.add(key_id)
            why = str(fault) if isinstance(fault, NotErased) else name_of(fault)
            log.error("the key %s can't be erased: %s", key_id, why)
            return key_id
        ERASED.labels(db.service, row.cause).inc()
        security.note("key-erased", db.service, about=key_id)
        return key_id

    async def take_stock(self) -> None:
        """Compares rows and files: a live row without a file becomes `lost`; erased are a file without a row
        older than a day, a dot-file older than an hour, and the file of an erased key that came back."""
        async with self.database.begin() as db:
            live = set((await db.execute(_LIVE)).scalars())
        names = await asyncio.to_thread(self.files.names)
        self._untidy.clear()
        for key_id in sorted(live - names):
            try:
                await self._lose(key_id)
            except Exception as fault:
                if transient(fault):
                    raise
                self._untidy.add(key_id)
                log.error("the key %s can't be called lost: %s", key_id, name_of(fault))
        async with self.database.begin() as db:
            states = {found.key_id: found.state for found in await db.execute(_STATES, {"key_ids": list(names)})}
        now = system_clock().timestamp()
        unclaimed = await asyncio.to_thread(self.files.older_than, UNCLAIMED_AFTER, now)
        leftover = await asyncio.to_thread(self.files.older_than, LEFTOVER_AFTER, now)
        for key_id in sorted(names - live):
            state = states.get(key_id)
            if state == State.ERASED or (state is None and key_id in unclaimed):
                came_back = await self._tidy(self.files.erase, key_id) and state is not None
                if came_back:
                    security.alarm("key-came-back", self.database.settings.service, about=key_id)
        for name in leftover:
            if name.startswith("."):
                await self._tidy(self.files.erase_leftover, name)

    async def _tidy(self, erase: Callable[[str], int], name: str) -> int:
        """How many files were erased; what can't be is tried again at the next turn, and told meanwhile."""
        try:
            return await asyncio.to_thread(erase, name)
        except OSError as fault:
            self._untidy.add(name)
            log.error("the file %s can't be erased: %s", name, name_of(fault))
            return 0

    async def _lose(self, key_id: str) -> None:
        async with self.database.begin() as db:
            if (await db.execute(_LOCK_LIVE, {"key_id": key_id})).first() is None:
                return
            if await asyncio.to_thread(self.files.exists, key_id):
                return
            row = row_of((await db.execute(_LOST, {"key_id": key_id, "now": db.now})).mappings().one())
            await self.lost(db, row)
        LOST.labels(db.service).inc()
        security.alarm("key-lost", db.service, about=key_id)


async def open_place(database: Database, store: KeyStore) -> None:
    """Opens the key folder for this database; raises `SettingsError` where it is lost or another's."""
    async with database.begin() as db:
        place = (await db.execute(_PLACE)).one()
    await asyncio.to_thread(store.files.open_for, str(place.database_id), place.known)


async def rotate(database: Database, store: KeyStore) -> int:
    """Puts every key's file under a new key encryption key and erases the old one; how many were rewritten.

    The service may run meanwhile. After a crash it goes on where it was. This ends what old copies of the
    folder, flash or snapshots still hold.
    """
    await open_place(database, store)
    files, rewritten = store.files, 0
    newest = await asyncio.to_thread(files.begin_rotation)
    for key_id in sorted(await asyncio.to_thread(files.names)):
        async with database.begin() as db:
            state = (await db.execute(_STATE, {"key_id": key_id})).scalar()
            if state not in (None, State.LIVE):
                continue
            try:
                rewritten += await asyncio.to_thread(files.rewrite, key_id)
            except KeyFileUnreadable:
                log.error("the file of the key %s does not open, it is left as it is", key_id)
    await asyncio.to_thread(files.end_rotation, newest)
    service = database.settings.service
    security.note("keys-rotated", service, about=str(rewritten))
    return rewritten
