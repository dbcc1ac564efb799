"""A mail server that does as a test wants, and what notify is told on the real topics."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, Envelope, Session

from contracts.envelope import Data, Event, to_bytes, type_of
from contracts.events.directory import SeatFilled, StaffListed
from contracts.events.referrals import Consent, ReferralConsented
from contracts.fields import new_id
from contracts.topics import source_of
from services.notify import handlers, store
from services.notify.domain import Status
from tests.stack import Running, World
from tests.waiting import until

STRUCTURED = [("content-type", b"application/cloudevents+json")]
COACH, SUBSTITUTE = "sanni-esimerkki", "juha-mallila"


@dataclass
class Moody:
    """An SMTP server: `at_recipient` is what it answers to RCPT, `at_data` what it does with a mail."""

    at_recipient: str = "250 ok"
    at_data: str = "250 kept"
    mails: list[bytes] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.at_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(envelope.content if isinstance(envelope.content, bytes) else b"")
        self.reached.set()
        if self.at_data == "cut":
            server.transport.abort()
        if self.at_data == "hang":
            await asyncio.Event().wait()
        return self.at_data

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator["Moody"]:
        controller: Any = UnthreadedController(
            self, hostname="127.0.0.1", port=port, loop=asyncio.get_running_loop())
        server = await controller._create_server()
        try:
            yield self
        finally:
            server.close()


@dataclass
class Told:
    """Events that notify reads, under their writers' accounts, and the notices that it publishes."""

    world: World

    def referred(self, **changes: Any) -> ReferralConsented:
        day = self.world.clock().date()
        values: dict[str, Any] = {
            "referral_id": new_id(), "number": "2026-0412", "service": "coaching", "municipality": "lempaala",
            "provider": "lempaala", "case_manager": "mikko-mallila", "referred_on": day, "respond_due_on": day,
            "consent": Consent(consent_id=new_id(), fields=("name", "phone"), purpose="coaching",  # type: ignore[arg-type]
                               given_at=self.world.clock(), recorded_by="mikko-mallila"),  # type: ignore[arg-type]
        }
        return ReferralConsented(**values | changes)

    async def say(self, principal: str, topic: str, data: Data, *, time: datetime | None = None,
                  event_id: str | None = None) -> str:
        """Publishes an event as a service would; its id."""
        event: Event[Any] = Event(
            id=event_id or new_id(), source=source_of(principal), type=type_of(type(data)), subject=data.subject(),
            time=time or self.world.clock(), data=data,
        )
        await self.world.send(principal, topic, event.subject.encode(), to_bytes(event), STRUCTURED)
        return event.id

    async def refer(self, **changes: Any) -> ReferralConsented:
        data = self.referred(**changes)
        await self.say("referral", "area.referrals.v1", data)
        return data

    async def about(self, identity: str, topic: str = "area.notices.v1") -> list[tuple[str, dict[str, Any]]]:
        """Event name and data of what notify told about something."""
        found = [orjson.loads(r.value) for r in await self.world.records(topic) if r.value]
        return [(e["type"].split(".")[2], e["data"]) for e in found if e["data"]["about"][0]["id"] == identity]

    async def ended(self, identity: str, topic: str = "area.notices.v1") -> tuple[str, dict[str, Any]]:
        """What became of the notice about something, once it is told; nothing else was told of it."""

        async def there() -> list[tuple[str, dict[str, Any]]]:
            return await self.about(identity, topic)

        (one,) = await until(there, 15, what=f"the end of the notice about {identity}")
        return one


async def fill(running: Running, *, away_until: Any = None, substitutes: tuple[str, ...] = (SUBSTITUTE,),
               mailbox: str | None = None) -> None:
    """The coach's seat in Lempäälä, its holder and the substitute, and a case manager in the directory."""
    values: dict[str, Any] = {"organisation": "lempaala", "role": "coach", "holder": COACH, "substitutes": substitutes,
                              "away_until": away_until}
    async with running.services["notify"].database.begin() as db:
        for person, organisation, role, language in (
            (COACH, "lempaala", "coach", "fi"), (SUBSTITUTE, "lempaala", "coach", "fi"),
            ("mikko-mallila", "tampere-region", "case-manager", "sv"),
        ):
            listed: dict[str, Any] = {"staff_id": person, "name": person.replace("-", " ").title(), "roles": (role,),
                                      "organisation": organisation, "language": language}
            await handlers.list_person(db, StaffListed(**listed), f"{person}@{organisation}.invalid")
        await handlers.fill_seat(db, SeatFilled(**values), mailbox)


async def stored(running: Running, look: Callable[..., Any]) -> Any:
    """What `look(db)` finds in notify's database."""
    async with running.services["notify"].database.begin() as db:
        return await look(db)


@asynccontextmanager
async def notifying(world: World, port: int) -> AsyncIterator[Running]:
    """Notify on this mail port, with its directory filled."""
    async with world.running("notify", smtp_port=port) as running:
        await fill(running)
        yield running


async def status_of(running: Running, identity: str) -> Status | None:
    """How the notice about something stands."""

    async def look(db: Any) -> Status | None:
        return next((n.status for n in await store.newest(db) if n.about_id == identity), None)

    found: Status | None = await stored(running, look)
    return found
