"""A service's key store with its sweeper, as tests use them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chassis.contact import Contact, Secret
from chassis.database import Database, Session
from chassis.decisions import Refused
from chassis.key_sweeper import Sweeper
from chassis.keys import Cause, KeyRow, KeyStore, key_store
from chassis.policy import Principal
from contracts.fields import KeyId, ReferralId, new_id
from tests.stack import World

COACH = Principal("person", "coach-1", "Veikko Esimerkki", "lempaala", frozenset({"coach"}))
CONTACT = Contact(Secret("Aino Esimerkki"), Secret("+358415550123"))


@dataclass
class Side:
    """A service's key store with a sweeper whose calls are kept."""

    database: Database
    store: KeyStore
    told: list[KeyRow] = field(default_factory=list)
    lost: list[KeyRow] = field(default_factory=list)
    there_when_told: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database.keys = self.store
        self.sweeper = Sweeper(self.database, self.store, self.on_erased, self.on_lost)

    async def on_erased(self, db: Session, row: KeyRow) -> None:
        self.there_when_told.append(self.store.files.exists(row.key_id))
        self.told.append(row)

    async def on_lost(self, db: Session, row: KeyRow) -> None:
        self.lost.append(row)

    async def make(self, referral: ReferralId) -> tuple[KeyId, dict[str, str]]:
        async with self.database.begin() as db:
            return await self.store.make_receiving_key(db, referral)

    async def use(self, key_id: KeyId) -> Secret[bytes]:
        async with self.database.begin() as db:
            return await self.store.use(db, key_id, COACH, "reveal", "call")

    async def erase(self, referral: ReferralId, cause: Cause = Cause.WITHDRAWAL) -> list[KeyRow]:
        async with self.database.begin() as db:
            return await self.store.erase(db, referral, cause)

    async def keys(self, referral: ReferralId) -> list[KeyRow]:
        async with self.database.begin() as db:
            return await self.store.of_referral(db, referral)

    async def refusal(self, key_id: KeyId) -> str:
        with pytest.raises(Refused) as raised:
            await self.use(key_id)
        return raised.value.refusal.code

    def file(self, key_id: str) -> Path:
        return self.store.files.root / key_id


def referral_id() -> ReferralId:
    return ReferralId(new_id())


@asynccontextmanager
async def coaching_side(world: World) -> AsyncIterator[Side]:
    """Coaching's, in a world's database and key folder."""
    settings = world.settings("coaching")
    made = Side(Database(settings, world.clock), key_store(settings))
    await made.sweeper.start()
    yield made
    await made.database.close()
