"""Yesterday's backup of everything but the keys, restored beside today's keys: who has withdrawn stays erased.

The backup is what `yhdyspinta backup` writes: both servers' folders as they lay there (database files, WAL, log
segments), which holds more than any dump [privacy.md, Key store, Test].
"""

import asyncio
import base64
import json
import re
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest

from chassis import sealing
from chassis.decisions import Refused
from chassis.key_files import KEY_ENCRYPTION_KEY, KeyFiles, Purpose
from tests.component import coaching_side, referral_side
from tests.component.coaching_side import Provider
from tests.component.referral_side import NAME, Area
from tests.integration.marks import contents
from tests.stack import NINE, Stack, World
from tests.stack import stack as make_stack
from tests.waiting import until
from tests.web_site import sign_in
from yhdyspinta.backup import folders
from yhdyspinta.demo import issuer
from yhdyspinta.embedded.processes import free_port
from yhdyspinta.serve import compose, listening

COUNT, WITHDRAWN = 20, 10
_JWE = re.compile(rb"eyJ[A-Za-z0-9_-]{20,}(?:\.[A-Za-z0-9_-]+){4}")
pytestmark = pytest.mark.timeout(300)


@dataclass
class Sides:
    """Both sides: a program and a browser of somebody of each."""

    area: Area
    provider: Provider
    manager: httpx.AsyncClient
    coach: httpx.AsyncClient

    async def reveals(self, referral_id: str, case_id: str) -> list[str]:
        """What both sides' API and pages show, asked for the contact details."""
        called = {"reason": "contact-attempt"}
        answers = [
            await self.area.post(f"/referrals/{referral_id}/contact-details", {"reason": "client-asked"}),
            await self.provider.post(f"/cases/{case_id}/contact-details", called),
            await self.manager.post(f"/referral/referrals/{referral_id}/contact-details",
                                    data={"reason": "client-asked"}, follow_redirects=True),
            await self.coach.post(f"/coaching/cases/{case_id}/contact-details", data=called, follow_redirects=True),
        ]
        return [answer.text for answer in answers]

    async def erased(self, referral_id: str) -> bool:
        erasure = (await self.area.shown(referral_id))["erasure"]
        return bool(erasure and erasure["acknowledged_at"] and erasure["own_copy_erased_at"])


@asynccontextmanager
async def both_sides(world: World) -> AsyncIterator[Sides]:
    """Referral and coaching with their pages, until the block ends."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    people = issuer.application(f"{address}/issuer", world.clock, demo=True)
    ours = {"base_url": address, "headers": {"sec-fetch-site": "same-origin"}, "timeout": 20}
    async with (
        world.running("referral", "coaching", public_url=address, issuer=f"{address}/issuer",
                      extra={"session_rate": "1000"}) as running,
        listening(compose(list(running.services.values()), {"/issuer": people}), "127.0.0.1", port),
        httpx.AsyncClient(**ours) as manager, httpx.AsyncClient(**ours) as coach,
    ):
        await sign_in(manager, "mikko-mallila", "/referral/")
        await sign_in(coach, "sanni-esimerkki", "/coaching/")
        yield Sides(await referral_side.area(running), await coaching_side.provider(running), manager, coach)


def keys_in(world: World, service: str) -> dict[str, bytes]:
    """The secret of each key that has a file."""
    settings = world.settings(service)
    assert settings.keys
    files = KeyFiles(settings.keys, settings.secrets / KEY_ENCRYPTION_KEY)
    files.open_for(files.database_id() or "", keys_known=True)
    found = {}
    for name in files.names():
        line = json.loads((settings.keys / name).read_bytes())
        found[name] = files.read(name, Purpose(line["purpose"]), line["referral_id"]).reveal()
    return found


def spellings(secret: bytes) -> list[bytes]:
    """A key as somebody might have kept it: raw, hex, base64."""
    raw = base64.urlsafe_b64decode(json.loads(secret)["d"] + "=") if secret.startswith(b"{") else secret
    return [raw, raw.hex().encode(), base64.urlsafe_b64encode(raw)[:43], base64.b64encode(raw)[:43]]


def opened_by(token: bytes, keys: Iterable[bytes]) -> set[str]:
    """The referral of a sealed text, if any of the keys opens it."""
    header = json.loads(base64.urlsafe_b64decode(token.split(b".")[0] + b"=="))
    referral_id, consent_id, key_id = header["referral_id"], header["consent_id"], header["kid"]
    for secret in keys:
        try:
            sealing.open_sealed(token.decode(), referral_side.Secret(secret), referral_id, consent_id, key_id)
        except Refused:
            continue
        return {referral_id}
    return set()


@asynccontextmanager
async def same_world(of: Stack, like: World) -> AsyncIterator[World]:
    """The world of the same names on other servers."""
    place = of.place(like.place.prefix, like.place.suffix)
    world = World(of, place, place.admin())
    world.clock = like.clock
    try:
        yield world
    finally:
        await world.close()


@asynccontextmanager
async def stopped(servers: Stack) -> AsyncIterator[None]:
    """Stops a pair of servers while the block runs."""
    await asyncio.to_thread(servers.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(servers.start)


async def bring_to_disk(*servers: Stack) -> None:
    for each in servers:
        connection = await asyncpg.connect(**each.postgres.admin())
        await connection.execute("checkpoint")
        await connection.close()


def copy(origin: Path, to: Path, names: Iterable[str]) -> None:
    for name in names:
        shutil.rmtree(to / name, ignore_errors=True)
        shutil.copytree(origin / name, to / name, copy_function=_as_it_is)
        _own_like(origin / name, to / name)


def _as_it_is(origin: str, to: str) -> str:
    shutil.copy2(origin, to)
    _own_like(Path(origin), Path(to))
    return to


def _own_like(origin: Path, to: Path) -> None:
    seen = origin.stat()
    shutil.chown(to, seen.st_uid, seen.st_gid)
    for inner in to.iterdir() if to.is_dir() else ():
        if inner.is_dir():
            _own_like(origin / inner.name, inner)


@pytest.fixture(scope="module")
def other() -> Iterator[Stack]:
    """The servers that the backup is restored to."""
    with make_stack() as made:
        yield made


async def test_who_has_withdrawn_stays_erased_in_yesterdays_backup(
    own_stack: Stack, other: Stack, tmp_path: Path
) -> None:
    async with own_stack.world() as world:
        async with both_sides(world) as sides:
            made = [await sides.area.refer(case_manager="mikko-mallila") for _ in range(COUNT)]
            referrals = [each["referral_id"] for each in made]
            cases = [(await sides.provider.case_of(each["number"], contact_details="here"))["case_id"] for each in made]
            assert all(NAME in text for text in await sides.reveals(referrals[0], cases[0]))
        before = {service: keys_in(world, service) for service in ("referral", "coaching")}
        assert [len(found) for found in before.values()] == [COUNT, COUNT]

        backup = tmp_path / "yesterday"
        async with stopped(own_stack):
            await asyncio.to_thread(folders.back_up, own_stack.folder, backup, NINE, print)

        async with same_world(own_stack, world) as today, both_sides(today) as sides:
            for each in referrals[:WITHDRAWN]:
                done = await sides.area.post(f"/referrals/{each}/withdrawal")
                assert done.status_code == 200, done.text
            for each in referrals[:WITHDRAWN]:
                await until(lambda each=each: sides.erased(each), what="both erasures")
        after = {service: keys_in(world, service) for service in ("referral", "coaching")}
        assert [len(found) for found in after.values()] == [COUNT - WITHDRAWN] * 2

        names = [path.name for path in own_stack.folder.iterdir() if path.name.startswith("keys")]
        async with stopped(other):
            copy(own_stack.folder, other.folder, [*names, "secrets", "trust"])
            await asyncio.to_thread(folders.restore, other.folder, backup, print)
        async with same_world(other, world) as restored, both_sides(restored) as sides:
            for number, (each, case_id) in enumerate(zip(referrals, cases, strict=True)):
                shown = [NAME in text for text in await sides.reveals(each, case_id)]
                assert shown == [number >= WITHDRAWN] * 4, number

        await bring_to_disk(own_stack, other)
        everywhere = [own_stack.folder, backup, other.folder]
        tokens = {t for _, content in contents(everywhere) for t in _JWE.findall(content)}
        opened = {one for token in tokens for one in opened_by(token, after["coaching"].values())}
        assert opened == set(referrals[WITHDRAWN:])
        yesterday = {one for token in tokens for one in opened_by(token, before["coaching"].values())}
        assert yesterday == set(referrals), "the search does not see all sealed texts"

        gone = [s for service, keys_before in before.items() for key_id, secret in keys_before.items()
                if key_id not in after[service] for s in spellings(secret)]
        assert len(gone) == 2 * WITHDRAWN * 4
        assert [str(path) for path, content in contents(everywhere) if any(s in content for s in gone)] == []
