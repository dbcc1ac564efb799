"""The sender: what the mail server does, and what a killed sender leaves; each mail at most once by itself [NOT-2]."""

import asyncio
from datetime import timedelta

import pytest

from chassis.database import Database
from contracts.fields import new_id
from services.notify import domain, store
from services.notify.domain import Status
from services.notify.sender import Sender
from tests.component.mail_side import COACH, Moody, Told, notifying, status_of, stored
from tests.stack import World
from tests.waiting import until
from yhdyspinta.demo.mail_catcher import MailCatcher
from yhdyspinta.embedded.processes import free_port


@pytest.fixture
def told(world: World) -> Told:
    return Told(world)


async def test_what_the_server_refuses_for_good_is_undeliverable_with_a_code(world, told):
    port = free_port()
    refusing = Moody(at_recipient="550 5.1.1 Aino Esimerkki does not live here")
    async with refusing.listening(port) as server, notifying(world, port) as running:
        referral = await told.refer()

        name, data = await told.ended(referral.referral_id)
        assert (name, data["reason"]) == ("NoticeUndeliverable", "refused")
        assert "Aino" not in str(data)
        server.at_recipient = "250 ok"
        await send_again(running, referral.referral_id)
        await until(lambda: _sent(told, referral.referral_id), 15, what="the second try")
        assert len(server.mails) == 1


async def test_a_server_that_is_down_gets_the_mail_when_it_is_up(world, told):
    port = free_port()
    async with notifying(world, port) as running:
        referral = await told.refer()
        assert await until(lambda: _tried(running, referral.referral_id), 15, what="a try")
        async with Moody(at_recipient="451 later").listening(port) as server:
            world.clock.move(timedelta(minutes=1))
            await until(lambda: _tried(running, referral.referral_id, 2), 15, what="a second try")
            assert server.mails == []
            server.at_recipient = "250 ok"
            world.clock.move(timedelta(minutes=1))

            assert (await told.ended(referral.referral_id))[0] == "NoticeSent"
            assert len(server.mails) == 1


async def test_what_waited_for_the_server_too_long_is_stale(world, told):
    port = free_port()
    async with notifying(world, port) as running:
        referral = await told.refer()
        await until(lambda: _tried(running, referral.referral_id), 15, what="a try")
        before = world.clock()
        world.clock.move(timedelta(days=3, hours=1))

        async def stale():
            return await status_of(running, referral.referral_id) is Status.STALE

        await until(stale, 15, what="the notice to be stale")
        world.clock.set(before)


async def test_a_connection_that_is_cut_in_the_mail_leaves_it_unknown_and_a_person_decides(world, told):
    port = free_port()
    async with Moody(at_data="cut").listening(port) as server, notifying(world, port) as running:
        referral = await told.refer()

        name, data = await told.ended(referral.referral_id)
        assert (name, data["reason"]) == ("NoticeUnknown", "unknown")
        server.at_data = "250 kept"
        world.clock.move(timedelta(hours=1))
        marker = await told.refer()
        await told.ended(marker.referral_id)
        assert len([m for m in server.mails if referral.referral_id.encode() in m]) == 1
        await send_again(running, referral.referral_id)
        await until(lambda: _sent(told, referral.referral_id), 15, what="the second mail")
        assert len([m for m in server.mails if referral.referral_id.encode() in m]) == 2


async def test_a_sender_that_is_killed_in_the_mail_leaves_it_unknown_at_the_next_start(world, told):
    port = free_port()
    settings = world.settings("notify", smtp_port=port, demo=True)
    async with Moody(at_data="hang").listening(port) as server:
        async with notifying(world, port):
            pass
        database = Database(settings, world.clock)
        identity = new_id()
        async with database.begin() as db:
            wanted = domain.Wanted("ReferralConsented", domain.Seat("lempaala", "coach", "coaching"), "referral",
                                   identity, "area", db.now, {"number": "2026-0420", "service": "coaching"})
            await store.add(db, domain.make(wanted, new_id(), COACH, db.now, timedelta(days=3), "email"))
        killed = asyncio.create_task(Sender(settings, database).run())
        await asyncio.wait_for(server.reached.wait(), 10)
        killed.cancel()
        await asyncio.wait({killed})
        await database.close()
        server.at_data = "250 kept"

        async with notifying(world, port) as running:
            name, data = await told.ended(identity)
            assert (name, data["reason"]) == ("NoticeUnknown", "unknown")
            marker = await told.refer()
            await told.ended(marker.referral_id)
            assert len([m for m in server.mails if identity.encode() in m]) == 1
            assert await status_of(running, identity) is Status.UNKNOWN


async def test_one_sender_at_a_time_sends(world, told):
    catcher = MailCatcher(free_port())
    await catcher.start()
    second = Database(settings := world.settings("notify", smtp_port=catcher.port, demo=True), world.clock)
    sender = Sender(settings, second)
    async with notifying(world, catcher.port):
        task = asyncio.create_task(sender.run())
        referrals = [await told.refer() for _ in range(20)]
        for each in referrals:
            assert (await told.ended(each.referral_id))[0] == "NoticeSent"
        assert catcher.taken == 20
        sender.stop()
        await task
    await second.close()
    await catcher.stop()


async def test_a_sent_notice_is_not_sent_again_by_hand(world, told):
    notice = domain.make(
        domain.Wanted("ReferralConsented", domain.Seat("lempaala", "coach"), "referral", new_id(), "area",
                      world.clock(), {}), new_id(), COACH, world.clock(), timedelta(days=3), "email")
    for status in (Status.QUEUED, Status.SENDING, Status.SENT):
        decision = domain.resend(domain.replace(notice, status=status), world.clock())
        assert decision.refusal.code == "not-resendable"


async def send_again(running, identity: str) -> None:
    """As an operator presses it."""
    async def press(db):
        notice = next(n for n in await store.newest(db) if n.about_id == identity)
        again = domain.resend(await store.notice(db, notice.id), db.now)
        await store.save(db, again.state)

    await stored(running, press)


async def _sent(told: Told, identity: str) -> bool:
    return [name for name, _ in await told.about(identity)][-1] == "NoticeSent"


async def _tried(running, identity: str, times: int = 1) -> bool:
    async def look(db):
        return any(n.about_id == identity and n.tries >= times for n in await store.newest(db))

    return await stored(running, look)
