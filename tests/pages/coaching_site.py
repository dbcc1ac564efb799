"""Coaching over real HTTP, with an area that refers on the real topics and a directory that names the staff."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from contracts.events.directory import StaffListed
from contracts.events.referrals import ReferralConsented
from contracts.topics import source_of
from tests.component.coaching_side import Area, Provider, provider, publish
from tests.pages.harness import over_http
from tests.stack import Running, World
from tests.waiting import until
from yhdyspinta.demo.people import PEOPLE

COACH, INSTRUCTOR, MANAGER = "sanni-esimerkki", "tiina-keksitty", "leena-kokeilu"


@dataclass
class Site:
    """Where the pages are, and both sides' programs."""

    address: str
    coach: Provider
    area: Area
    running: Running

    def at(self, path: str) -> str:
        return f"{self.address}/coaching{path}"

    async def referred(self, **other: Any) -> tuple[ReferralConsented, dict[str, Any]]:
        return await self.area.refer(self.coach, case_manager="mikko-mallila", **other)

    async def told(self, referral_id: str, name: str) -> int:
        """How often the area was told so of a referral."""
        return (await self.area.names(referral_id)).count(name)


@asynccontextmanager
async def site_of(world: World) -> AsyncIterator[Site]:
    async with over_http(world, "coaching") as (address, running):
        for person in PEOPLE:
            await publish(world, "notify", source_of("notify"), "shared.directory.v1", StaffListed.model_validate({
                "staff_id": person.id, "name": person.name, "organisation": person.organisation,
                "roles": person.roles, "language": person.language,
            }))
        connection = await world.connect("coaching")
        try:
            await until(lambda: connection.fetchval("select count(*) >= $1 from staff", len(PEOPLE)))
        finally:
            await connection.close()
        yield Site(address, await provider(running), Area(world), running)
