"""kill -9 on three replicas, again and again: no key is told of while it is there, none twice, none is lost."""

import asyncio
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from chassis.clock import system_clock
from chassis.database import Database
from chassis.key_sweeper import rotate
from chassis.keys import key_store
from tests.component.key_side import COACH, Side
from tests.component.key_storm import TABLES, Replica
from tests.stack import World

KILLS = int(os.environ.get("STORM_KILLS", "40"))
SEED = int(os.environ.get("STORM_SEED", "1"))


async def test_replicas_that_are_killed_at_random_keep_the_key_stores_promises(world: World) -> None:
    settings = world.settings("coaching")
    owner = await world.connect("coaching", "coaching_owner")
    await owner.execute(TABLES)
    told = json.dumps({n: str(v) if isinstance(v, Path) else v for n, v in asdict(settings).items()})
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.component.key_storm", told, str(KILLS), str(SEED), stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await program.communicate()
    assert program.returncode == 0
    kills = json.loads(output)["kills"]

    side = Replica(Database(settings, system_clock), key_store(settings))
    await side.sweeper.start()
    erasing = await owner.fetchval("select count(*) from keys where state = 'erasing'")
    assert await side.sweeper.finish() == erasing
    files = side.store.files.names()
    rows = {row["key_id"]: row for row in await owner.fetch("select key_id, referral_id, state from keys")}
    states = {state: {k for k, row in rows.items() if row["state"] == state} for state in ("live", "erased", "lost")}
    did = {row["act"]: row["count"] for row in await owner.fetch("select act, count(*) from storm_did group by act")}
    print(f"{kills} kills, {len(rows)} keys, {did}, {len(files)} files, "
          f"{ {state: len(of) for state, of in states.items()} }")

    assert len(rows) > 100
    assert await owner.fetchval("select count(*) from storm_told where file_there") == 0
    keys_told = [row["key_id"] for row in await owner.fetch("select key_id from storm_told")]
    assert len(keys_told) == len(set(keys_told))
    assert set(keys_told) == states["erased"]
    assert not states["erased"] & files
    assert states["live"] <= files
    assert not states["lost"]
    assert await owner.fetchval("select count(*) from storm_lost") == 0
    assert len(states["live"]) + len(states["erased"]) == len(rows)

    await every_live_key_opens(side)
    await what_crashes_left_is_tidied_up(side, states["live"])
    await rotate(side.database, side.store)
    assert not side.store.files.next_kek_file.exists()
    await every_live_key_opens(side)
    await side.database.close()
    await owner.close()


async def every_live_key_opens(side: Side) -> None:
    async with side.database.begin() as db:
        for row in await db.connection.exec_driver_sql("select key_id, x from storm_keys where key_id in "
                                                       "(select key_id from keys where state = 'live')"):
            secret = await side.store.use(db, row.key_id, COACH, "reveal")
            assert json.loads(secret.reveal())["x"] == row.x


async def what_crashes_left_is_tidied_up(side: Side, live: set[str]) -> None:
    for entry in os.scandir(side.store.files.root):
        os.utime(entry.path, (0, 0))
    await side.sweeper.take_stock()
    assert set(os.listdir(side.store.files.root)) == live | {"database-id", "lock"}
    assert not side.sweeper._untidy
