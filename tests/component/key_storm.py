"""Replicas of a key store that are killed at random instants: a program of `test_keys_storm`.

`python -m tests.component.key_storm SETTINGS KILLS SEED` forks three replicas, each with a sweeper and four
clients that make, use, erase, give up and rotate at random, kills one of them with SIGKILL and forks it anew,
so often; then lets them end and prints what they did.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

from sqlalchemy import text

from chassis.clock import system_clock
from chassis.database import Database, Session, transient
from chassis.decisions import Refused
from chassis.key_sweeper import rotate
from chassis.keys import Cause, KeyRow, key_store
from chassis.settings import Settings
from contracts.fields import KeyId, ReferralId, new_pseudonym
from tests.component.key_side import COACH, Side

REPLICAS, CLIENTS = 3, 4
TABLES = """
create table storm_keys (key_id text primary key, x text not null);
create table storm_told (key_id text not null, cause text not null, file_there boolean not null);
create table storm_lost (key_id text not null);
create table storm_did (act text not null, at timestamptz not null default now());
"""
_ANY = "select key_id from keys where state = '{}' order by random() limit 1"
_MADE = text("insert into storm_keys values (:key_id, :x)")
_TOLD = text("insert into storm_told values (:key_id, :cause, :there)")


class Replica(Side):
    """Tells of what happened in tables, in the transaction in which it happens."""

    async def on_erased(self, db: Session, row: KeyRow) -> None:
        there = self.file(row.key_id).exists()
        await db.execute(_TOLD, {"key_id": row.key_id, "cause": row.cause, "there": there})

    async def on_lost(self, db: Session, row: KeyRow) -> None:
        await db.execute(text("insert into storm_lost values (:key_id)"), {"key_id": row.key_id})

    async def act(self, dice: random.Random) -> str:
        """One thing at random; what it was."""
        what = dice.choices(["make", "give up", "use", "erase", "stock", "rotate"], [40, 4, 20, 30, 1, 1])[0]
        if what == "stock":
            await self.sweeper.take_stock()
        elif what == "rotate":
            await rotate(self.database, self.store)
        else:
            async with self.database.begin() as db:
                await self._in_one_transaction(db, what, dice)
        return what

    async def _in_one_transaction(self, db: Session, what: str, dice: random.Random) -> None:
        if what in ("make", "give up"):
            referral = ReferralId(new_pseudonym())
            for _ in range(dice.choice([1, 1, 1, 2, 3])):
                key_id, public = await self.store.make_receiving_key(db, referral)
                await db.execute(_MADE, {"key_id": key_id, "x": public["x"]})
            if what == "give up":
                await db.connection.rollback()
                return
        found = (await db.execute(text(_ANY.format("live")))).scalar()
        if found is None:
            return
        if what == "use":
            x = (await db.execute(text("select x from storm_keys where key_id = :id"), {"id": found})).scalar()
            secret = await self.store.use(db, KeyId(found), COACH, "reveal")
            if json.loads(secret.reveal())["x"] != x:
                raise SystemExit(f"{found} holds another key")
        elif what == "erase":
            of = (await db.execute(text("select referral_id from keys where key_id = :id"), {"id": found})).scalar()
            await self.store.erase(db, ReferralId(str(of)), dice.choice(list(Cause)))
        await db.execute(text("insert into storm_did values (:act)"), {"act": what})


async def live(settings: Settings, seed: int, until: float) -> None:
    """A replica's life: until it is killed, or its time is over."""
    replica = Replica(Database(settings, system_clock, pool=CLIENTS + 1), key_store(settings))
    await replica.sweeper.start()

    async def client(number: int) -> None:
        dice = random.Random(f"{seed} {number}")
        while time.monotonic() < until:
            with contextlib.suppress(Refused):
                await replica.act(dice)

    async def sweep() -> None:
        while True:
            try:
                await replica.sweeper.run()
            except Exception as fault:
                if not transient(fault):
                    raise

    sweeping = asyncio.create_task(sweep())
    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    if sweeping.done():
        sweeping.result()


def fork(settings: Settings, seed: int, until: float) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        asyncio.run(live(settings, seed, until))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def storm(settings: Settings, kills: int, seed: int, until: float) -> Counter[str]:
    """Kills replicas at random instants, so often or until the time is over; then waits for those that live."""
    dice, did = random.Random(seed), Counter[str]()
    replicas = [fork(settings, seed + n, until) for n in range(REPLICAS)]
    try:
        while did["kills"] < kills and time.monotonic() < until - 1:
            time.sleep(dice.uniform(0.02, 0.4))  # the storm is time itself
            victim = dice.randrange(REPLICAS)
            if os.waitpid(replicas[victim], os.WNOHANG)[0]:
                raise SystemExit("a replica ended by itself")
            did["kills"] += kill(replicas[victim])
            replicas[victim] = fork(settings, dice.randrange(10**9), until)
    finally:
        did["kills"] += sum(kill(replica) for replica in replicas)
    return did


def kill(replica: int) -> bool:
    try:
        os.kill(replica, signal.SIGKILL)
        os.waitpid(replica, 0)
    except (ProcessLookupError, ChildProcessError):
        return False
    return True


def settings_from(told: str) -> Settings:
    read: dict[str, Any] = json.loads(told)
    paths = {f.name for f in fields(Settings) if "Path" in str(f.type)}
    return Settings(**{n: Path(v) if n in paths and v else v for n, v in read.items()})


if __name__ == "__main__":
    print(json.dumps(storm(settings_from(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), time.monotonic() + 90)))
