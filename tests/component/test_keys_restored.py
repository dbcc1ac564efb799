"""A restored backup of all but the keys opens nothing that was erased since, and holds no private key."""

import asyncio
import base64
import json
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from chassis.database import Database
from chassis.decisions import Refused
from chassis.key_files import Purpose
from chassis.keys import State, key_store
from chassis.sealing import open_sealed, seal
from contracts.fields import KeyId, ReferralId
from tests.component.key_side import CONTACT, Side, coaching_side, referral_id
from tests.stack import World
from yhdyspinta.embedded.postgres import programs


def spellings(private: bytes) -> list[bytes]:
    """A private key as somebody might have kept it."""
    secret = json.loads(private)["d"]
    raw = base64.urlsafe_b64decode(secret + "=")
    return [raw, raw.hex().encode(), secret.encode(), base64.b64encode(raw)[:43]]


def found_in(folders: Iterable[Path], wanted: Iterable[bytes]) -> set[bytes]:
    """Which of the texts lie in some file."""
    contents = [path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {each for each in wanted if any(each in content for content in contents)}


def run(program: str, world: World, *arguments: str) -> None:
    server = world.place.postgres
    there = ["-h", server["host"], "-p", str(server["port"]), "-U", server["user"]]
    subprocess.run([programs() / program, *there, *arguments],
                   env={"PGPASSWORD": server["password"]}, check=True)


async def test_a_restored_backup_opens_nothing_that_was_erased_since(world: World, tmp_path: Path) -> None:
    admin = await world.connect("coaching", "postgres")
    restored, dump = f"restored{world.place.suffix}", tmp_path / "yesterday.dump"
    async with coaching_side(world) as side:
        referrals = [referral_id() for _ in range(20)]
        made = {referral: await side.make(referral) for referral in referrals}
        tokens = {r: seal(CONTACT, public, r, r, key_id) for r, (key_id, public) in made.items()}
        private = {r: (await side.use(key_id)).reveal() for r, (key_id, _) in made.items()}
        await asyncio.to_thread(run, "pg_dump", world, "-Fc", "-Z0", "-f", str(dump), f"coaching{world.place.suffix}")
        for referral in referrals[:10]:
            await side.erase(referral)
        await side.sweeper.finish()

        await admin.execute(f'create database "{restored}" owner coaching_owner')
        await asyncio.to_thread(run, "pg_restore", world, "-d", restored, str(dump))
        server = side.database.settings.database_url.rsplit("/", 1)[0]
        settings = replace(side.database.settings, database_url=f"{server}/{restored}")
        again = Side(Database(settings, world.clock), key_store(settings))
        await again.sweeper.start()
        assert {(await again.keys(referral))[0].state for referral in referrals} == {State.LIVE}
        await again.sweeper.take_stock()
        assert {row.referral_id for row in again.lost} == set(referrals[:10])
        for referral, (key_id, _) in made.items():
            if referral in referrals[:10]:
                assert await again.refusal(key_id) == "details-lost"
            else:
                assert open_sealed(tokens[referral], await again.use(key_id), referral, referral, key_id) == CONTACT
        everything = [(r, name) for r in referrals for name in again.store.files.names()]
        assert {r for r, name in everything if opens(again, tokens[r], r, name, made[r][0])} == set(referrals[10:])

        await again.erase(referrals[0])
        await again.sweeper.finish()
        assert [row.referral_id for row in again.told] == [referrals[0]]
        await again.database.close()

    await admin.execute("checkpoint")
    data = world.stack.postgres.data
    oids = await admin.fetch("select oid from pg_database where datname = any($1)",
                             [restored, f"coaching{world.place.suffix}"])
    places = [data / "pg_wal", *(data / "base" / str(row["oid"]) for row in oids), tmp_path, side.store.files.root]
    for place in places[:4]:
        assert found_in([place], [made[referrals[0]][0].encode()]), f"the search does not see what is in {place}"
    wanted = [spelled for referral in referrals for spelled in spellings(private[referral])]
    assert not found_in(places, wanted)
    await admin.execute(f'drop database "{restored}" with (force)')
    await admin.close()


def opens(side: Side, token: str, referral: ReferralId, name: str, key_id: KeyId) -> bool:
    """Whether the file of whatever key opens a token."""
    line = json.loads(side.file(name).read_bytes())
    secret = side.store.files.read(name, Purpose(line["purpose"]), line["referral_id"])
    try:
        open_sealed(token, secret, referral, referral, key_id)
    except Refused:
        return False
    return True
