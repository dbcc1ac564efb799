"""Notices: who is told, by number and link alone, and never of what is old [1, 3.2]."""

from datetime import timedelta

import pytest

from contracts.events.coaching import CoachingStarted, ProposedTime, ThreePartyMeetingRequested
from contracts.events.obligations import ObligationMissed
from contracts.events.obligations import Seat as ToldSeat
from contracts.events.referrals import MeetingInvited
from contracts.fields import new_id
from services.notify.domain import Status
from tests.component.mail_side import COACH, SUBSTITUTE, Told, fill, notifying, status_of
from tests.stack import World
from tests.waiting import until
from yhdyspinta.demo.mail_catcher import Mail, MailCatcher
from yhdyspinta.embedded.processes import free_port


@pytest.fixture
def told(world: World) -> Told:
    return Told(world)


@pytest.fixture(scope="module")
async def caught(world: World):
    """A mail catcher, and notify that sends to it."""
    catcher = MailCatcher(free_port())
    await catcher.start()
    async with notifying(world, catcher.port) as running:
        yield catcher, running
    await catcher.stop()


async def mail_about(catcher: MailCatcher, identity: str) -> list[Mail]:
    return [m for m in catcher.mails if identity in m.text]


async def test_a_new_referral_is_mailed_to_the_providers_seat_by_number_and_link(caught, told):
    catcher, _ = caught
    referral = await told.refer(number="2026-0413")

    name, data = await told.ended(referral.referral_id)
    (mail,) = await mail_about(catcher, referral.referral_id)
    assert mail.to == (f"{COACH}@lempaala.invalid",)
    assert str(mail.message["subject"]) == "Uusi ohjaus odottaa: 2026-0413"
    assert f"/coaching/referrals/{referral.referral_id}" in mail.text
    assert "Aino" not in mail.text
    assert "Esimerkki" not in mail.text
    assert "5550" not in mail.text
    assert name == "NoticeSent"
    assert str(mail.message["message-id"]).startswith(f"<{data['notice_id']}@")
    assert (data["organisation"], data["role"], data["channel"]) == ("lempaala", "coach", "email")
    assert data["about"] == [{"type": "referral", "id": referral.referral_id}]


async def test_the_clients_own_case_manager_is_told_of_the_start_in_their_language(caught, told, world):
    catcher, _ = caught
    referral = await told.refer(number="2026-0414")
    await told.ended(referral.referral_id)
    day = world.clock().date()
    await told.say("coaching", "shared.coaching.v1", CoachingStarted(
        referral_id=referral.referral_id, service="coaching", municipality="lempaala", provider="lempaala",
        case_manager="mikko-mallila", referred_on=day, started_on=day))

    await told.ended(referral.referral_id, "shared.notices.v1")
    mail = (await mail_about(catcher, referral.referral_id))[0]
    assert mail.to == ("mikko-mallila@tampere-region.invalid",)
    assert str(mail.message["subject"]) == "Servicen började: 2026-0414"
    assert f"/referral/referrals/{referral.referral_id}" in mail.text


async def test_who_is_asked_to_a_meeting_or_invited_is_told_by_link(caught, told, world):
    catcher, _ = caught
    referral = await told.refer(number="2026-0415")
    await told.ended(referral.referral_id)
    meeting = {"meeting_id": new_id(), "case_manager": "mikko-mallila"}
    time = ProposedTime(starts_at=world.clock(), ends_at=world.clock())
    await told.say("coaching", "shared.coaching.v1", ThreePartyMeetingRequested.model_validate(
        meeting | {"referral_id": referral.referral_id, "coach": COACH, "proposed": (time,)}))
    await told.ended(referral.referral_id, "shared.notices.v1")
    mail = (await mail_about(catcher, f"/referral/referrals/{referral.referral_id}"))[0]
    assert mail.to == ("mikko-mallila@tampere-region.invalid",)
    assert str(mail.message["subject"]).endswith("2026-0415")
    await told.say("referral", "area.referrals.v1", MeetingInvited.model_validate(meeting | {
        "kind": "ohjaamo", "organisation": "lempaala", "role": "ohjaamo-worker", "starts_at": world.clock(),
        "ends_at": world.clock(), "place": "remote", "client_wishes": True}))
    name, data = await told.ended(meeting["meeting_id"])
    assert (name, data["role"]) == ("NoticeUndeliverable", "ohjaamo-worker")  # nobody has the seat here


async def test_the_substitute_is_told_while_the_holder_is_away(caught, told, world):
    catcher, running = caught
    await fill(running, away_until=world.clock().date())
    referral = await told.refer()

    await told.ended(referral.referral_id)
    await fill(running)
    (mail,) = await mail_about(catcher, referral.referral_id)
    assert mail.to == (f"{SUBSTITUTE}@lempaala.invalid",)


async def test_a_seat_with_a_mailbox_is_told_there(caught, told):
    catcher, running = caught
    await fill(running, mailbox="valmennus@lempaala.invalid")
    referral = await told.refer()

    await told.ended(referral.referral_id)
    await fill(running)
    (mail,) = await mail_about(catcher, referral.referral_id)
    assert mail.to == ("valmennus@lempaala.invalid",)


async def test_a_seat_that_nobody_holds_is_told_to_a_person_who_can_help(caught, told):
    referral = await told.refer(provider="vesilahti", service="outreach")

    name, data = await told.ended(referral.referral_id)
    assert (name, data["reason"]) == ("NoticeUndeliverable", "no-holder")


async def test_a_missed_deadline_is_told_to_its_owner_and_to_whom_it_goes_next(caught, told, world):
    catcher, _ = caught
    identity, now = new_id(), world.clock()
    await told.say("referral", "area.obligations.v1", ObligationMissed(
        obligation_id=new_id(), kind="act-on-return", about_type="referral", about_id=identity, service="coaching",
        municipality="lempaala", owner_organisation="tampere-region", owner_role="case-manager", owner="mikko-mallila",
        opened_at=now - timedelta(days=7), due_at=now - timedelta(hours=1),
        escalate_to=ToldSeat(organisation="tampere-region", role="service-supervisor")))

    async def both():
        found = await told.about(identity)
        return found if len(found) == 2 else None

    found = {data["role"]: name for name, data in await until(both, 15, what="both notices")}
    assert found == {"case-manager": "NoticeSent", "service-supervisor": "NoticeUndeliverable"}
    (mail,) = await mail_about(catcher, identity)
    assert mail.to == ("mikko-mallila@tampere-region.invalid",)


async def test_what_is_old_is_kept_as_stale_and_mailed_to_nobody(caught, told, world):
    catcher, running = caught
    data = told.referred()
    await told.say("referral", "area.referrals.v1", data, time=world.clock() - timedelta(days=3, minutes=1))
    marker = await told.refer(referral_id=data.referral_id.replace(data.referral_id[:8], "ffffffff"))

    await told.ended(marker.referral_id)
    assert await until(lambda: status_of(running, data.referral_id)) == Status.STALE
    assert await mail_about(catcher, data.referral_id) == []
    assert await told.about(data.referral_id) == []


async def test_the_same_event_twice_is_one_mail(caught, told):
    catcher, _ = caught
    data = told.referred()
    event_id = new_id()
    time = told.world.clock()
    for _ in range(2):
        await told.say("referral", "area.referrals.v1", data, event_id=event_id, time=time)
    marker = await told.refer()

    await told.ended(data.referral_id)
    await told.ended(marker.referral_id)
    assert len(await mail_about(catcher, data.referral_id)) == 1
