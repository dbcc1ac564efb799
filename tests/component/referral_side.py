"""Builders for tests of referral: an API client of the area, and a coaching that answers on the real topics."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson

from chassis import proofs, sealing, tokens
from chassis.contact import Contact, Secret
from contracts.envelope import Data, Event, to_bytes, type_of
from contracts.events.coaching import ContactDetailsErased, PublicKey, ReceivingKeyOffered
from contracts.fields import new_id
from contracts.topics import source_of, topic_for
from tests.stack import Running, World
from tests.waiting import until

NAME, PHONE = "Aino Esimerkki", "+358415550123"
SCOPES = ("referrals", "referrals:read", "contact-details")


@dataclass
class Area:
    """A program of the employment area, with a token."""

    http: httpx.AsyncClient
    token: str

    def headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept-Language": "en", **more}

    async def post(self, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
        headers = self.headers(**{"Idempotency-Key": key or str(uuid4())})
        return await self.http.post(f"/referral/api{path}", json={} if body is None else body, headers=headers)

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(f"/referral/api{path}", headers=self.headers())

    async def refer(self, **other: Any) -> dict[str, Any]:
        made = await self.post("/referrals", wanted(self.now, **other))
        assert made.status_code == 201, made.text
        return made.json()

    async def shown(self, referral_id: str) -> dict[str, Any]:
        found = await self.get(f"/referrals/{referral_id}")
        assert found.status_code == 200, found.text
        return found.json()

    async def until(self, referral_id: str, **wanted: Any) -> dict[str, Any]:
        """The referral, once its fields are as wanted."""

        async def there() -> dict[str, Any] | None:
            found = await self.shown(referral_id)
            return found if all(found[name] == value for name, value in wanted.items()) else None

        return await until(there, 10, what=f"{wanted}")

    now: datetime = field(default_factory=lambda: datetime.now(UTC))


def wanted(now: datetime, **other: Any) -> dict[str, Any]:
    return {
        "municipality": "lempaala", "birth_year": 2001, "service": "coaching", "name": NAME, "phone": PHONE,
        "case_manager": "mikko-maki",
        "consent": {"given_at": (now - timedelta(minutes=2)).isoformat(), "name_and_phone": True,
                    "contact_permitted": True}, **other,
    }


async def area(running: Running, organisation: str = "tampere-region", scopes: tuple[str, ...] = SCOPES) -> Area:
    database = running.services["referral"].database
    async with database.begin() as db:
        _, token = await tokens.make(db, "test", organisation, scopes, db.now + timedelta(days=300))
        return Area(running.http, token, db.now)


@dataclass
class Key:
    """A receiving key with its private half."""

    id: str
    private: Secret[bytes]
    public: dict[str, str]


@dataclass
class Coaching:
    """The other side, on the real topics under its own account."""

    world: World

    async def say(self, data: Data, *, event_id: str | None = None, time: datetime | None = None) -> str:
        """Publishes an event as coaching would; its id."""
        event: Event[Any] = Event(
            id=event_id or new_id(), source=source_of("coaching"), type=type_of(type(data)), subject=data.subject(),
            time=time or self.world.clock(), data=data,
        )
        await self.world.send("coaching", topic_for(type(data), "coaching"), event.subject.encode(), to_bytes(event),
                              [("content-type", b"application/cloudevents+json")])
        return event.id

    def signing(self) -> proofs.SigningKey:
        return proofs.load_signing_key(self.world.place.secrets("coaching"))

    def offer(self, referral_id: str, after: int = 0, key: Key | None = None) -> tuple[Key, ReceivingKeyOffered]:
        if key is None:
            private, public = sealing.make_receiving_key()
            key = Key(str(uuid4()), private, public)
        told = proofs.proved(
            ReceivingKeyOffered, source_of("coaching"), self.signing(), referral_id=referral_id, key_id=key.id,
            public_key=PublicKey(**key.public), offered_at=self.world.clock() + timedelta(seconds=after),
        )
        return key, told

    def erased(self, referral: dict[str, Any], key_id: str | None, cause: str = "withdrawal") -> ContactDetailsErased:
        more = {"key_id": key_id} if key_id else {}
        return proofs.proved(
            ContactDetailsErased, source_of("coaching"), self.signing(), referral_id=referral["referral_id"],
            consent_id=referral["consent"]["consent_id"], cause=cause, erased_at=self.world.clock(), **more,
        )

    async def sealed(self, referral_id: str, key: Key) -> dict[str, Any]:
        """What was sealed to a key, once it is there."""

        async def there() -> dict[str, Any] | None:
            return next((e for e in await self.told("area.contact-details.v1", referral_id)
                         if e["data"]["key_id"] == key.id), None)

        return await until(there, 10, what="the sealed contact details")

    def open(self, sealed: dict[str, Any], key: Key) -> Contact:
        data = sealed["data"]
        return sealing.open_sealed(data["jwe"], key.private, data["referral_id"], data["consent_id"], key.id)

    async def told(self, topic: str, key: str, name: str = "") -> list[dict[str, Any]]:
        """The events under a key, tombstones left out."""
        found = [orjson.loads(r.value) for r in await self.world.records(topic)
                 if r.key == key.encode() and r.value is not None]
        return [e for e in found if name in e["type"]]

    async def tombstones(self, referral_id: str) -> int:
        return sum(r.key == referral_id.encode() and r.value is None
                   for r in await self.world.records("area.contact-details.v1"))

    async def obligations(self, referral_id: str) -> list[tuple[str, str]]:
        """Event name and kind of what was published about a referral, in order of time."""
        found = [orjson.loads(r.value) for r in await self.world.records("area.obligations.v1") if r.value]
        about = [e for e in found if e["data"]["about_id"] == referral_id]
        about.sort(key=lambda e: (e["time"], e["id"]))
        return [(e["type"].split(".")[2], e["data"]["kind"]) for e in about]

    async def dead_letters(self, event_id: str) -> list[str]:
        """Reasons of an event's dead letters."""
        found = []
        for record in await self.world.records("area.referral-dead-letter.v1"):
            if record.value and json.loads(record.value).get("id") == event_id:
                found.append(dict(record.headers)["dead-letter-reason"].decode())
        return found
