"""One referral over both sides, and its end: from the withdrawal on nobody reads the contact details, and the receipt
proves it [3.2, 7]. Referral and coaching run as they are; nothing between them but topics.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from chassis import sealing, tokens
from chassis.decisions import Refused
from chassis.keys import Cause
from services.referral import own_copy, receipt
from tests.component.referral_side import NAME, PHONE, Area, area
from tests.stack import Running, World
from tests.waiting import until

GONE = (409, 410)
"""The consent is not in force; the contact details are erased."""


@dataclass
class Provider:
    """A program of the provider, with a token."""

    http: httpx.AsyncClient
    token: str

    def headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept-Language": "en", **more}

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(f"/coaching/api{path}", headers=self.headers())

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        headers = self.headers(**{"Idempotency-Key": str(uuid4())})
        return await self.http.post(f"/coaching/api{path}", json=body or {}, headers=headers)

    async def case_of(self, number: str) -> str:
        """The case that a referral opened, once it is there."""

        async def there() -> str | None:
            cases = (await self.get("/cases?limit=200")).json()["cases"]
            return next((case["case_id"] for case in cases if case["number"] == number), None)

        return await until(there, 10, what=f"a case for {number}")

    async def reveal(self, case_id: str) -> httpx.Response:
        return await self.post(f"/cases/{case_id}/contact-details", {"reason": "contact-attempt"})


@pytest.fixture(scope="module")
async def running(world: World):
    async with world.running("referral", "coaching") as made:
        yield made


@pytest.fixture(scope="module")
async def manager(running: Running) -> Area:
    return await area(running)


@pytest.fixture(scope="module")
async def provider(running: Running) -> Provider:
    async with running.services["coaching"].database.begin() as db:
        scopes = ("cases", "cases:read", "contact-details")
        _, token = await tokens.make(db, "test", "lempaala", scopes, db.now + timedelta(days=300))
    return Provider(running.http, token)


async def delivered(manager: Area, provider: Provider, **other: Any) -> tuple[dict, str]:
    """A referral whose contact details the provider has, and the provider's case of it."""
    made = await manager.refer(**other)
    referral = await manager.until(made["referral_id"], status="delivered")
    return referral, await provider.case_of(made["number"])


async def finished(manager: Area, referral_id: str) -> dict:
    """The referral, once both sides have erased and the provider has acknowledged."""

    async def done() -> dict | None:
        found = await manager.shown(referral_id)
        erasure = found["erasure"]
        return found if erasure and erasure["acknowledged_at"] and erasure["own_copy_erased_at"] else None

    return await until(done, 15, what="both erasures")


async def events(world: World, topic: str, key: str, name: str = "") -> list[dict]:
    found = [orjson.loads(r.value) for r in await world.records(topic) if r.key == key.encode() and r.value]
    return [event for event in found if name in event["type"]]


def key_files(world: World, service: str) -> set[str]:
    return {file.name for file in world.settings(service).keys.iterdir() if len(file.name) == 36}


async def test_name_and_phone_pass_to_the_provider_alone(manager, provider, world):
    _, case_id = await delivered(manager, provider)

    shown = await provider.reveal(case_id)

    assert (shown.json()["name"], shown.json()["phone"]) == (NAME, PHONE)
    for topic in ("area.referrals.v1", "area.contact-details.v1", "shared.coaching.v1", "municipal.casework.v1",
                  "municipal.outcomes.v1", "area.obligations.v1", "municipal.obligations.v1"):
        for record in await world.records(topic):
            assert b"Aino" not in (record.value or b"")
            assert PHONE.encode() not in (record.value or b"")


@pytest.mark.parametrize("told", ["area", "provider"])
async def test_after_a_withdrawal_told_to_either_side_nobody_reads_the_contact_details(
    manager, provider, world, told
):
    referral, case_id = await delivered(manager, provider)
    referral_id = referral["referral_id"]
    files_before = key_files(world, "referral") | key_files(world, "coaching")

    if told == "area":
        answer = await manager.post(f"/referrals/{referral_id}/withdrawal")
    else:
        answer = await provider.post(f"/cases/{case_id}/withdrawal")
    assert answer.status_code == 200, answer.text
    done = await finished(manager, referral_id)

    assert done["status"] == "withdrawn"
    assert done["erasure"]["told_to"] == told
    assert not done["erasure"]["late"]
    assert (await manager.post(f"/referrals/{referral_id}/contact-details", {"reason": "client-asked"})
            ).status_code == 410
    assert (await provider.reveal(case_id)).status_code in GONE
    gone = files_before - key_files(world, "referral") - key_files(world, "coaching")
    assert len(gone) == 2
    verdict = receipt.verify((await manager.get(f"/referrals/{referral_id}/receipt")).content, world.place.trust)
    assert verdict.genuine
    assert verdict.complete
    assert len(await events(world, "area.referrals.v1", referral_id, "ConsentWithdrawn")) == 1
    assert len(await events(world, "shared.coaching.v1", referral_id, "ContactDetailsErased")) == 1


async def test_a_withdrawal_told_to_both_sides_at_the_same_time_is_told_once(manager, provider, world):
    for _ in range(5):
        referral, case_id = await delivered(manager, provider)
        referral_id = referral["referral_id"]

        answers = await asyncio.gather(
            manager.post(f"/referrals/{referral_id}/withdrawal"), provider.post(f"/cases/{case_id}/withdrawal"))

        assert any(answer.status_code == 200 for answer in answers)
        await finished(manager, referral_id)
        assert len(await events(world, "area.referrals.v1", referral_id, "ConsentWithdrawn")) == 1
        assert len(await events(world, "shared.coaching.v1", referral_id, "ContactDetailsErased")) == 1


async def test_a_withdrawal_right_after_the_referral_leaves_nothing_to_open(manager, provider, world):
    for pause in (0, 0, 0.005, 0.01, 0.02):  # the withdrawal meets the offer, the sealing or the reading on its way
        made = await manager.refer()
        referral_id = made["referral_id"]
        await asyncio.sleep(pause)
        assert (await manager.post(f"/referrals/{referral_id}/withdrawal")).status_code == 200

        await finished(manager, referral_id)

        for sealed in await events(world, "area.contact-details.v1", referral_id):
            assert sealed["data"]["key_id"] not in key_files(world, "coaching")


async def test_the_service_is_started_and_ended_and_the_client_still_withdraws(manager, provider, world):
    referral, case_id = await delivered(manager, provider)
    day = world.clock().date().isoformat()
    held = await provider.post(f"/cases/{case_id}/meetings", {"on": day, "kind": "starter-package"})
    assert held.status_code == 200, held.text
    started = await provider.post(f"/cases/{case_id}/start", {"on": day})
    assert started.status_code == 200, started.text
    await manager.until(referral["referral_id"], status="started")
    ended = await provider.post(f"/cases/{case_id}/end", {"on": day, "outcome": "education"})
    assert ended.status_code == 200, ended.text
    over = await manager.until(referral["referral_id"], status="ended")

    assert "education" not in orjson.dumps(over).decode()
    assert (await manager.post(f"/referrals/{referral['referral_id']}/withdrawal")).status_code == 200
    await finished(manager, referral["referral_id"])
    assert (await provider.reveal(case_id)).status_code in GONE


async def test_a_returned_referral_is_erased_on_both_sides_and_acknowledged(manager, provider, world):
    referral, case_id = await delivered(manager, provider)

    answer = await provider.post(f"/cases/{case_id}/return", {"reason": "no-capacity"})
    assert answer.status_code == 200, answer.text

    done = await finished(manager, referral["referral_id"])
    assert (done["status"], done["return_reason"]) == ("returned", "no-capacity")
    assert [o["kind"] for o in done["obligations"]] == ["act-on-return"]


async def test_a_cancelled_referral_is_erased_on_both_sides_and_acknowledged(manager, provider):
    referral, case_id = await delivered(manager, provider)

    assert (await manager.post(f"/referrals/{referral['referral_id']}/cancellation")).status_code == 200

    assert (await finished(manager, referral["referral_id"]))["status"] == "cancelled"
    assert (await provider.reveal(case_id)).status_code in GONE


async def test_a_provider_that_lost_its_key_gets_the_details_sealed_again(manager, provider, world):
    referral, case_id = await delivered(manager, provider)
    (offered,) = await events(world, "shared.coaching.v1", referral["referral_id"], "ReceivingKeyOffered")
    (world.settings("coaching").keys / offered["data"]["key_id"]).unlink()
    assert (await provider.reveal(case_id)).status_code in GONE

    async def again() -> httpx.Response | None:
        shown = await provider.reveal(case_id)
        return shown if shown.status_code == 200 else None

    assert (await until(again, 15, what="the details again")).json()["name"] == NAME
    sealed = await events(world, "area.contact-details.v1", referral["referral_id"])
    assert len({event["data"]["key_id"] for event in sealed}) == 2
    assert (await manager.post(f"/referrals/{referral['referral_id']}/withdrawal")).status_code == 200
    done = await finished(manager, referral["referral_id"])
    assert done["erasure"]["waiting_for"] == 0


async def test_own_copies_that_serve_nothing_any_more_are_erased_quietly(manager, provider, world, running):
    referral, _ = await delivered(manager, provider, service="outreach", birth_year=2005)
    world.clock.move(timedelta(days=31))
    async with running.services["referral"].database.begin() as db:
        while await own_copy.erase_unneeded(db):
            pass

    await manager.until(referral["referral_id"], contact_details="erased", status="delivered")
    connection = await world.connect("referral")
    cause = await connection.fetchval("select cause from keys where referral_id = $1", referral["referral_id"])
    await connection.close()
    assert cause == Cause.ENDED


async def test_no_key_that_is_left_opens_what_was_sealed_for_a_withdrawn_client(manager, provider, world, running):
    referral, _ = await delivered(manager, provider)
    await manager.post(f"/referrals/{referral['referral_id']}/withdrawal")
    await finished(manager, referral["referral_id"])
    sealed = await events(world, "area.contact-details.v1", referral["referral_id"])
    store = running.services["coaching"].database.keys
    assert sealed

    for event in sealed:
        data = event["data"]
        for key_id in key_files(world, "coaching"):
            connection = await world.connect("coaching")
            owner = await connection.fetchval("select referral_id from keys where key_id = $1", key_id)
            await connection.close()
            private = store.files.read(key_id, "receive", owner)
            with pytest.raises(Refused):
                sealing.open_sealed(data["jwe"], private, data["referral_id"], data["consent_id"], data["key_id"])
