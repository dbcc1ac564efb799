"""One referral end to end, both sides on real topics: consent, contact, start, end; return; withdrawal on either side.

Referral and coaching share nothing but topics; what the area learns is what its own API shows [3.2].
"""

from typing import Any

import pytest

from chassis import proofs
from contracts.envelope import Data
from contracts.topics import source_of
from services.referral import receipt
from tests.component import coaching_side, referral_side
from tests.component.coaching_side import CASEWORK, OUTCOMES, Provider, events
from tests.component.referral_side import NAME, PHONE, Area
from tests.stack import Running, Stack, World
from tests.waiting import until

TOPICS = (
    "area.referrals.v1", "area.contact-details.v1", "area.obligations.v1", "shared.coaching.v1", CASEWORK, OUTCOMES,
    "municipal.obligations.v1",
)


@pytest.fixture(scope="module")
async def running(world):
    async with world.running("referral", "coaching") as made:
        yield made


async def sides(running: Running) -> tuple[Area, Provider]:
    """A program of the area and one of the provider."""
    return await referral_side.area(running), await coaching_side.provider(running)


async def delivered(area: Area, provider: Provider, **other: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A referral and its case, the contact details at the provider."""
    made = await area.refer(**other)
    case = await provider.case_of(made["number"], contact_details="here")
    return await area.until(made["referral_id"], status="delivered"), case


async def acknowledged(area: Area, referral_id: str) -> dict[str, Any]:
    """The referral once the provider's erasures are all acknowledged."""

    async def there() -> dict[str, Any] | None:
        found = await area.shown(referral_id)
        return found if found["erasure"] and found["erasure"]["acknowledged_at"] else None

    return await until(there, what="the acknowledgement")


async def test_a_referral_goes_from_consent_to_ended_coaching_and_the_area_learns_two_days(running, world):
    area, provider = await sides(running)
    referral, case = await delivered(area, provider, municipality="vesilahti")

    shown = await provider.post(f"/cases/{case['case_id']}/contact-details", {"reason": "contact-attempt"})
    assert shown.json() == {"name": NAME, "phone": PHONE}
    await provider.act(case, "attempts", channel="call", reached=False)
    await provider.act(case, "appointments", at="2026-03-04T13:00:00+02:00", place="lempaala-talo", reached_by="call")
    await provider.act(case, "start", on="2026-03-02")
    started = await area.until(referral["referral_id"], status="started")
    assert started["started_on"] == "2026-03-02"
    await provider.act(case, "end", on="2026-03-02", outcome="education")
    ended = await area.until(referral["referral_id"], status="ended")

    assert ended["ended_on"] == "2026-03-02"
    for secret in ("education", "call", "lempaala-talo", case["case_id"]):
        assert secret not in str(ended)
    for topic in TOPICS:
        for record in await world.records(topic):
            assert b"Aino" not in (record.value or b"")
            assert PHONE.encode() not in (record.value or b"")


async def test_nothing_of_an_outcome_leads_back_to_a_referral(running, world):
    area, provider = await sides(running)
    referral, case = await delivered(area, provider)
    await provider.act(case, "start", on="2026-03-02")
    await area.until(referral["referral_id"], status="started")

    known = {referral["referral_id"], referral["number"], referral["consent"]["consent_id"], case["case_id"]}
    known |= {e["id"] for e in await events(world, "shared.coaching.v1")}
    known |= {e["data"]["client"] for e in await events(world, CASEWORK, "CaseOpened")}
    told = await until(lambda: events(world, OUTCOMES, "ServiceBegan"))
    assert not [k for k in known for e in told if k in str(e)]
    assert not {e["time"] for e in told} & {e["time"] for e in await events(world, "shared.coaching.v1")}


async def test_the_flow_goes_on_where_it_was_when_the_sides_restart_in_the_middle(stack: Stack):
    async with stack.world() as world:

        async def told(topic: str, name: str = "") -> None:
            """Waits until a topic has an event about the referral."""
            await until(lambda: events_about(world, topic, made["referral_id"], name), what=f"{name} on {topic}")

        async with world.running("referral") as alone:
            made = await (await referral_side.area(alone)).refer()
            await told("area.referrals.v1")
        async with world.running("coaching") as alone:
            case = await (await coaching_side.provider(alone)).case_of(made["number"])
            assert case["contact_details"] == "coming"
            await told("shared.coaching.v1", "ReceivingKeyOffered")
        async with world.running("referral"):
            await told("area.contact-details.v1")
        async with world.running("coaching") as alone:
            provider = await coaching_side.provider(alone)
            await provider.case_of(made["number"], contact_details="here")
            await provider.act(case, "start", on="2026-03-02")
            await told("shared.coaching.v1", "CoachingStarted")
        async with world.running("referral") as alone:
            await (await referral_side.area(alone)).until(made["referral_id"], status="started")
        async with world.running("coaching") as alone:
            await (await coaching_side.provider(alone)).act(case, "end", on="2026-03-02", outcome="work")
            await told("shared.coaching.v1", "CoachingEnded")
        async with world.running("referral") as alone:
            await (await referral_side.area(alone)).until(made["referral_id"], status="ended")


async def events_about(world: World, topic: str, key: str, name: str = "") -> list[dict[str, Any]]:
    return [e for e in await events(world, topic, name) if e["subject"] == key]


async def test_a_returned_referral_is_erased_on_both_sides(running):
    area, provider = await sides(running)
    referral, case = await delivered(area, provider)
    await provider.act(case, "return", reason="no-capacity")

    returned = await area.until(referral["referral_id"], status="returned")
    after = await acknowledged(area, referral["referral_id"])
    assert returned["return_reason"] == "no-capacity"
    assert not after["erasure"]["late"]
    gone = await area.post(f"/referrals/{referral['referral_id']}/contact-details", {"reason": "client-asked"})
    assert gone.status_code == 410


@pytest.mark.parametrize("told_to", ["area", "provider"])
async def test_a_client_withdraws_on_either_side_and_gets_a_receipt_that_can_be_verified(running, world, told_to):
    area, provider = await sides(running)
    referral, case = await delivered(area, provider)
    if told_to == "area":
        assert (await area.post(f"/referrals/{referral['referral_id']}/withdrawal")).status_code == 200
    else:
        await provider.act(case, "withdrawal")

    after = await acknowledged(area, referral["referral_id"])
    assert (after["status"], after["erasure"]["told_to"]) == ("withdrawn", told_to)
    refused = await provider.case_of(referral["number"], contact_details="closed")
    assert await provider.refused(refused, "contact-details", reason="contact-attempt") == (
        409, "consent-not-in-force")
    document = (await area.get(f"/referrals/{referral['referral_id']}/receipt")).content
    verdict = receipt.verify(document, world.settings("referral").trust)
    assert (verdict.genuine, verdict.complete, verdict.number) == (True, True, referral["number"])
    keys = world.settings("coaching").keys
    assert not [p for p in keys.iterdir() if referral["referral_id"] in p.read_text(errors="ignore")]


async def test_every_proof_of_coaching_holds_for_the_area(running, world):
    area, provider = await sides(running)
    referral, _ = await delivered(area, provider)
    await area.post(f"/referrals/{referral['referral_id']}/withdrawal")
    await acknowledged(area, referral["referral_id"])

    models: dict[str, type[Data]] = {
        m.__name__: m for m in (coaching_side.ReceivingKeyOffered, referral_side.ContactDetailsErased)
    }
    proved = [e for e in await events_about(world, "shared.coaching.v1", referral["referral_id"])
              if "proof" in e["data"]]
    assert len(proved) == 2
    for event in proved:
        data = models[event["type"].split(".")[2]].model_validate(event["data"], strict=False)
        proofs.verify(event["data"]["proof"], data, event["type"], source_of("coaching"),
                      world.settings("referral").trust)
