"""A dump of databases of one's own, restored: what came since is read again, what is erased stays erased."""

import asyncio
from pathlib import Path

import pytest

from tests.component import coaching_side, referral_side
from tests.component.referral_side import NAME
from tests.stack import World
from tests.waiting import until
from yhdyspinta.backup import BackupError, dumps

SERVICES = ("referral", "coaching")


async def test_a_withdrawal_after_the_backup_is_read_again(world: World, tmp_path: Path) -> None:
    async with world.running(*SERVICES) as running:
        area, provider = await referral_side.area(running), await coaching_side.provider(running)
        made = [await area.refer(case_manager="mikko-mallila") for _ in range(2)]
        cases = [await provider.case_of(each["number"], contact_details="here") for each in made]
        dumps.back_up(world.place, tmp_path / "backup", world.clock(), print, SERVICES)
        withdrawn = await area.post(f"/referrals/{made[0]['referral_id']}/withdrawal")
        assert withdrawn.status_code == 200
        await provider.case_of(made[0]["number"], contact_details="closed")

    await asyncio.to_thread(dumps.restore, world.place, tmp_path / "backup", print)

    async with world.running(*SERVICES) as running:
        provider = await coaching_side.provider(running)
        await provider.case_of(made[0]["number"], contact_details="closed")
        shown = [await provider.post(f"/cases/{case['case_id']}/contact-details", {"reason": "contact-attempt"})
                 for case in cases]
        assert [NAME in answer.text for answer in shown] == [False, True]
        area = await referral_side.area(running)

        async def acknowledged() -> bool:
            return bool((await area.shown(made[1]["referral_id"]))["received_at"])

        await until(acknowledged, what="the referral as it was")


def test_a_server_that_does_not_answer_is_said(world: World, tmp_path: Path) -> None:
    place = world.place
    nowhere = type(place)(place.folder, place.kafka, {**place.postgres, "port": 1}, place.prefix, place.suffix)
    with pytest.raises(BackupError, match="database server answers"):
        dumps.back_up(nowhere, tmp_path / "backup", world.clock(), print, ["leads"])
    assert not (tmp_path / "backup").exists()
