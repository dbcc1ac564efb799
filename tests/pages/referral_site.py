"""Referral over real HTTP with the demo's issuer beside it, and a coaching that answers on the real topics."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from chassis.service import together
from contracts.events.coaching import ContactDetailsReceived
from tests.component.referral_side import Area, Coaching, Key, area
from tests.stack import Running, World
from yhdyspinta.demo import issuer
from yhdyspinta.embedded.processes import free_port
from yhdyspinta.serve import build, compose, listening

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
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = world.settings("referral", public_url=address, issuer=f"{address}/issuer", demo=True)
    service = build(settings, world.clock)
    sign_in = issuer.application(settings.issuer, world.clock, demo=True)
    async with (
        together([service]),
        listening(compose([service], {"/issuer": sign_in}), "127.0.0.1", port),
        httpx.AsyncClient(base_url=address) as http,
    ):
        running = Running({"referral": service}, http)
        yield Site(address, await area(running), Coaching(world), running)
