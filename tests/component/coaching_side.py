"""Builders for tests of coaching: a provider's API client, an area and a PARty that speak on the real topics."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson

from chassis import proofs, sealing, tokens
from chassis.contact import Contact, Secret
from contracts.envelope import Data, Event, to_bytes, type_of
from contracts.events import casework
from contracts.events.coaching import ReceivingKeyOffered
from contracts.events.contact_details import ContactDetailsSealed
from contracts.events.referrals import (
    CaseManagerChanged,
    Consent,
    ConsentWithdrawn,
    ReferralCancelled,
    ReferralConsented,
)
from contracts.fields import new_id
from contracts.topics import SYSTEMS, source_of
from tests.stack import Running, World
from tests.waiting import until

NAME, PHONE = "Aino Esimerkki", "+358415550123"
SCOPES = ("cases", "cases:read", "contact-details", "phenomena", "phenomena:read")
REFERRALS, DETAILS, SHARED = "area.referrals.v1", "area.contact-details.v1", "shared.coaching.v1"
CASEWORK, OUTCOMES = "municipal.casework.v1", "municipal.outcomes.v1"
_numbers = iter(range(1, 10_000))


@dataclass
class Provider:
    """A program of a municipality, with a token."""

    http: httpx.AsyncClient
    token: str

    def headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept-Language": "en", **more}

    async def post(self, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
        headers = self.headers(**{"Idempotency-Key": key or str(uuid4())})
        return await self.http.post(f"/coaching/api{path}", json={} if body is None else body, headers=headers)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.http.get(f"/coaching/api{path}", params=query, headers=self.headers())

    async def act(self, case: dict[str, Any], name: str, **body: Any) -> dict[str, Any]:
        """An act in a case that must succeed; the case after it."""
        done = await self.post(f"/cases/{case['case_id']}/{name}", body)
        assert done.status_code == 200, done.text
        return done.json()

    async def refused(self, case: dict[str, Any], name: str, **body: Any) -> tuple[int, str]:
        answer = await self.post(f"/cases/{case['case_id']}/{name}", body)
        return answer.status_code, answer.json().get("code", "")

    async def shown(self, case: dict[str, Any]) -> dict[str, Any]:
        found = await self.get(f"/cases/{case['case_id']}")
        assert found.status_code == 200, found.text
        return found.json()

    async def case_of(self, number: str, **wanted: Any) -> dict[str, Any]:
        """The case of a number, once it is there and its fields are as wanted."""

        async def there() -> dict[str, Any] | None:
            listed = (await self.get("/cases", number=number)).json()["cases"]
            if not listed:
                return None
            found = await self.shown(listed[0])
            return found if all(found[name] == value for name, value in wanted.items()) else None

        return await until(there, what=f"the case of {number} with {wanted}")


async def provider(running: Running, organisation: str = "lempaala", scopes: tuple[str, ...] = SCOPES) -> Provider:
    database = running.services["coaching"].database
    async with database.begin() as db:
        _, token = await tokens.make(db, "test", organisation, scopes, db.now + timedelta(days=300))
    return Provider(running.http, token)


@dataclass
class Area:
    """The employment area's side, on the real topics under referral's account."""

    world: World

    async def say(self, data: Data, topic: str = REFERRALS, *, time: datetime | None = None) -> str:
        """Publishes an event as referral would; its id."""
        return await publish(self.world, "referral", source_of("referral"), topic, data, time=time)

    def consented(self, **other: Any) -> ReferralConsented:
        day = self.world.clock().date()
        given = {
            "referral_id": new_id(), "number": f"2026-{next(_numbers):04}", "service": "coaching",
            "municipality": "lempaala", "provider": "lempaala", "case_manager": "mikko-maki", "referred_on": day,
            "respond_due_on": day + timedelta(days=7),
        }
        consent = Consent.model_validate({
            "consent_id": new_id(), "fields": ("name", "phone"), "purpose": "coaching",
            "given_at": self.world.clock() - timedelta(minutes=2), "recorded_by": "mikko-maki",
        })
        return ReferralConsented.model_validate({**given, "consent": consent, **other})

    async def offer(self, referral_id: str, after: int = 0) -> dict[str, Any]:
        """The key that coaching offered (the `after`-th), its proof checked."""

        async def there() -> dict[str, Any] | None:
            offers = await self.told(SHARED, referral_id, "ReceivingKeyOffered")
            return offers[after] if len(offers) > after else None

        event = await until(there, what="an offer")
        self.prove(ReceivingKeyOffered, event)
        data: dict[str, Any] = event["data"]
        return data

    def prove(self, model: type[Data], event: dict[str, Any]) -> None:
        """The event's proof holds for the area."""
        data = model.model_validate_json(orjson.dumps(event["data"]))
        proofs.verify(event["data"]["proof"], data, event["type"], event["source"],
                      self.world.settings("referral").trust)

    async def seal(self, told: ReferralConsented, after: int = 0) -> str:
        """Seals the contact details to the offered key; the key's id."""
        offer = await self.offer(told.referral_id, after)
        contact = Contact(Secret(NAME), Secret(PHONE))
        jwe = sealing.seal(contact, offer["public_key"], told.referral_id, told.consent.consent_id, offer["key_id"])
        await self.say(ContactDetailsSealed.model_validate({
            "referral_id": told.referral_id, "consent_id": told.consent.consent_id, "key_id": offer["key_id"],
            "jwe": jwe,
        }), DETAILS)
        key_id: str = offer["key_id"]
        return key_id

    async def refer(self, provider: Provider, **other: Any) -> tuple[ReferralConsented, dict[str, Any]]:
        """A referral whose contact details have come, and its case."""
        told = self.consented(**other)
        await self.say(told)
        await self.seal(told)
        return told, await provider.case_of(told.number, contact_details="here")

    def withdrawn(self, told: ReferralConsented) -> ConsentWithdrawn:
        now = self.world.clock()
        return ConsentWithdrawn.model_validate(self._closing(told) | {"withdrawn_at": now})

    def cancelled(self, told: ReferralConsented) -> ReferralCancelled:
        return ReferralCancelled.model_validate(self._closing(told))

    def _closing(self, told: ReferralConsented) -> dict[str, Any]:
        return {
            "referral_id": told.referral_id, "consent_id": told.consent.consent_id, "provider": told.provider,
            "service": told.service, "municipality": told.municipality,
            "erase_due_at": self.world.clock() + timedelta(hours=72),
        }

    def other_manager(self, told: ReferralConsented, case_manager: str) -> CaseManagerChanged:
        return CaseManagerChanged.model_validate({"referral_id": told.referral_id, "case_manager": case_manager})

    async def told(self, topic: str, key: str, name: str = "") -> list[dict[str, Any]]:
        """The events under a key, in order."""
        found = [orjson.loads(r.value) for r in await self.world.records(topic)
                 if r.key == key.encode() and r.value is not None]
        return [e for e in found if name in e["type"]]

    async def names(self, referral_id: str) -> list[str]:
        """What coaching told the area of a referral: event names in order."""
        return [e["type"].split(".")[2] for e in await self.told(SHARED, referral_id)]

    async def until_told(self, referral_id: str, name: str, count: int = 1) -> dict[str, Any]:
        """The last event of a name about a referral, once there are so many."""

        async def there() -> dict[str, Any] | None:
            found = await self.told(SHARED, referral_id, name)
            return found[-1] if len(found) >= count else None

        return await until(there, what=f"{count} {name}")


@dataclass
class Party:
    """A PARty, on its own intake topic under its own account."""

    world: World
    organisation: str = "lempaala"

    @property
    def principal(self) -> str:
        return f"{self.organisation}-party"

    async def say(self, data: Data, *, time: datetime | None = None, event_id: str | None = None) -> str:
        """Publishes an event as PARty would; its id."""
        system = SYSTEMS[self.principal]
        return await publish(self.world, self.principal, system.source, system.writes, data, time=time,
                             event_id=event_id)

    def opened(self, **other: Any) -> casework.CaseOpened:
        now = self.world.clock()
        return casework.CaseOpened.model_validate({
            "case_id": str(uuid4()), "client": str(uuid4()), "service": "coaching", "municipality": "lempaala",
            "provider": self.organisation, "origin": "self", "asked_on": now.date(), "opened_at": now, **other,
        })

    def held(self, case_id: str, on: date, kind: str = "coaching") -> casework.MeetingHeld:
        return casework.MeetingHeld.model_validate({"case_id": case_id, "on": on, "kind": kind})

    def closed(self, case_id: str, on: date, **how: Any) -> casework.CaseClosed:
        return casework.CaseClosed.model_validate({"case_id": case_id, "on": on, **how})

    def told_withdrawal(self, case_id: str) -> casework.WithdrawalTold:
        return casework.WithdrawalTold.model_validate(
            {"case_id": case_id, "told_at": self.world.clock() - timedelta(seconds=1)})

    async def taken(self, event_id: str) -> dict[str, Any]:
        """The event on the common topic, once it is there."""

        async def there() -> dict[str, Any] | None:
            return next((e for e in await events(self.world, CASEWORK) if e["id"] == event_id), None)

        return await until(there, what="the event on the common topic")

    async def rejected(self, event_id: str) -> dict[str, Any]:
        """Why the event was refused, once that was told; it is kept as a dead letter with the same reason."""

        async def there() -> dict[str, Any] | None:
            found = await events(self.world, "municipal.rejections.v1")
            return next((e["data"] for e in found if e["data"].get("event_id") == event_id), None)

        rejection = await until(there, what="a rejection")
        assert rejection["reason"] in await dead_letters(self.world, event_id)
        return rejection


async def publish(
    world: World, principal: str, source: str, topic: str, data: Data, *, time: datetime | None = None,
    event_id: str | None = None,
) -> str:
    event: Event[Any] = Event(
        id=event_id or new_id(), source=source, type=type_of(type(data)), subject=data.subject(),
        time=time or world.clock(), data=data,
    )
    await world.send(principal, topic, event.subject.encode(), to_bytes(event),
                     [("content-type", b"application/cloudevents+json")])
    return event.id


async def events(world: World, topic: str, name: str = "") -> list[dict[str, Any]]:
    """All events of a topic so far."""
    found = [orjson.loads(r.value) for r in await world.records(topic) if r.value]
    return [e for e in found if name in e["type"]]


async def dead_letters(world: World, event_id: str) -> list[str]:
    """Reasons of an event's dead letters."""
    return [
        dict(record.headers)["dead-letter-reason"].decode()
        for record in await world.records("municipal.coaching-dead-letter.v1")
        if record.value and json.loads(record.value).get("id") == event_id
    ]


async def obligations(world: World, case_id: str) -> list[tuple[str, str]]:
    """Event name and kind of what was published about a case, in order of time."""
    about = [e for e in await events(world, "municipal.obligations.v1") if e["data"]["about_id"] == case_id]
    about.sort(key=lambda e: (e["time"], e["id"]))
    return [(e["type"].split(".")[2], e["data"]["kind"]) for e in about]
