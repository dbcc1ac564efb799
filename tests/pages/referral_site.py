"""Referral over real HTTP, and a coaching that answers on the real topics."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from contracts.events.coaching import ContactDetailsReceived
from tests.component.referral_side import Area, Coaching, Key, area
from tests.pages.harness import over_http
from tests.stack import Running, World

MANAGER = "mikko-mallila"


@dataclass
class Site:
    """Where the pages are, and both sides' programs."""

    address: str
    manager: Area
    coaching: Coaching
    running: Running

    def at(self, path: str) -> str:
        return f"{self.address}/referral{path}"

    async def referred(self, **other: object) -> dict:
        return await self.manager.refer(case_manager=MANAGER, **other)

    async def delivered(self, **other: object) -> tuple[dict, Key]:
        made = await self.referred(**other)
        key, offer = self.coaching.offer(made["referral_id"])
        await self.coaching.say(offer)
        await self.coaching.sealed(made["referral_id"], key)
        await self.coaching.say(ContactDetailsReceived(referral_id=made["referral_id"], key_id=key.id))
        return await self.manager.until(made["referral_id"], status="delivered"), key


@asynccontextmanager
async def site_of(world: World) -> AsyncIterator[Site]:
    async with over_http(world, "referral") as (address, running):
        yield Site(address, await area(running), Coaching(world), running)
