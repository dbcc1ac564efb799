"""The key store of referral and coaching: a row in the database and a file of its own for each key.

Promise: a key's file is on the disk before its row commits, and off it before its row says `erased`. From the
commit of `erase` on every use is refused; the sweeper (`chassis.key_sweeper`) does the rest, whatever crashes.
A use leaves an audit row, and nothing that was read is kept (privacy.md, Key store).
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from chassis import audit, sealing
from chassis.contact import Secret
from chassis.decisions import NotFound, Refusal, Refused
from chassis.key_files import KEY_ENCRYPTION_KEY, KeyFileMissing, KeyFiles, Purpose
from chassis.settings import Settings, SettingsError
from contracts.fields import KeyId, ReferralId, new_pseudonym

if TYPE_CHECKING:
    from chassis.database import Session

DDL = """
do $keys$
begin
    create table key_place (
        database_id uuid not null default gen_random_uuid(),
        one boolean primary key default true check (one)
    );
    insert into key_place default values;
    create table keys (
        key_id text primary key,
        referral_id text not null,
        purpose text not null check (purpose in ('receive', 'own-copy')),
        state text not null check (state in ('live', 'erasing', 'erased', 'lost')),
        cause text check (cause is not null or state in ('live', 'lost')),
        made_at timestamptz not null,
        erasing_at timestamptz,
        erased_at timestamptz,
        lost_at timestamptz
    );
    create index keys_of_referral on keys (referral_id);
    create index keys_to_erase on keys (erasing_at) where state = 'erasing';
    create index keys_in_use on keys (key_id) where state = 'live';
end $keys$
"""


class State(StrEnum):
    """Of a key: it opens; it is refused and about to be erased; it is nowhere; its file is gone unasked."""

    LIVE = "live"
    ERASING = "erasing"
    ERASED = "erased"
    LOST = "lost"


class Cause(StrEnum):
    """Why a key is erased."""

    WITHDRAWAL = "withdrawal"
    CANCELLATION = "cancellation"
    RETURN = "return"
    ENDED = "ended"
    NEVER_OPENED = "never-opened"
    CORRECTED = "corrected"


TOLD = (Cause.WITHDRAWAL, Cause.CANCELLATION, Cause.RETURN)
"""Causes that coaching answers with ContactDetailsErased; the others end quietly."""


@dataclass(frozen=True)
class KeyRow:
    """What the database knows of a key; never the key."""

    key_id: KeyId
    referral_id: ReferralId
    purpose: Purpose
    state: State
    cause: Cause | None
    made_at: datetime
    erasing_at: datetime | None
    erased_at: datetime | None
    lost_at: datetime | None


@dataclass(frozen=True)
class DetailsErased(Refusal):
    """The key is erased or about to be: nobody can read these contact details."""

    code = "details-erased"
    sentence_en = "These contact details have been erased. Nobody can read them any more."
    sentence_fi = "Nämä yhteystiedot on poistettu. Niitä ei voi enää lukea kukaan."
    status = 410


@dataclass(frozen=True)
class DetailsLost(Refusal):
    """The key's file is gone though nobody erased it."""

    code = "details-lost"
    sentence_en = "The key of these contact details is lost. They must be asked for again."
    sentence_fi = "Näiden yhteystietojen avain on kadonnut. Tiedot on pyydettävä uudelleen."


COLUMNS = "key_id, referral_id, purpose, state, cause, made_at, erasing_at, erased_at, lost_at"
_INSERT = text(
    "insert into keys (key_id, referral_id, purpose, state, made_at) "
    "values (:key_id, :referral_id, :purpose, 'live', :now)"
)
_FOR_USE = text(f"select {COLUMNS} from keys where key_id = :key_id for share")  # noqa: S608
_OF_REFERRAL = text(f"select {COLUMNS} from keys where referral_id = :referral_id order by made_at, key_id")  # noqa: S608
_ERASE = (
    "update keys set state = 'erasing', cause = :cause, erasing_at = coalesce(erasing_at, :now) "
    "where referral_id = :referral_id and (state in ('live', 'lost')"
)
_ERASE_QUIETLY = text(_ERASE + ")")
_ERASE_AND_TELL = text(_ERASE + " or (state = 'erasing' and cause in ('ended', 'never-opened', 'corrected')))")
_WAKE = text("select pg_notify('keys', '')")


class KeyStore:
    """Keys of one service.

    `stuck` counts what should be erased and can't be; `suspicious` asks the sweeper to take stock, `wake` wakes it.
    """

    def __init__(self, files: KeyFiles) -> None:
        self.files = files
        self.stuck, self.suspicious = 0, False
        self.wake = asyncio.Event()

    @property
    def healthy(self) -> bool:
        """False while a key that must be erased is not, or the key folder is not there."""
        return self.stuck == 0 and self.files.in_place()

    async def make_receiving_key(self, db: "Session", referral_id: ReferralId) -> tuple[KeyId, dict[str, str]]:
        """A one-time key that contact details are sealed to: its id and public JWK.

        The private half is in a file, on the disk when this returns; the row commits with the caller's
        transaction. A file without a row is swept up after a day.
        """
        private, public = sealing.make_receiving_key()
        return await self._make(db, Purpose.RECEIVE, referral_id, private), public

    async def make_own_copy_key(self, db: "Session", referral_id: ReferralId) -> tuple[KeyId, Secret[bytes]]:
        """A key for the own copy, to be used in this transaction (`sealing.encrypt_own_copy`); else as above."""
        key = sealing.make_own_copy_key()
        return await self._make(db, Purpose.OWN_COPY, referral_id, key), key

    async def _make(self, db: "Session", purpose: Purpose, referral_id: ReferralId, secret: Secret[bytes]) -> KeyId:
        key_id = KeyId(new_pseudonym())
        await asyncio.to_thread(self.files.make, key_id, purpose, referral_id, secret)
        told = {"key_id": key_id, "referral_id": referral_id, "purpose": purpose.value, "now": db.now}
        await db.execute(_INSERT, told)
        return key_id

    async def use(
        self, db: "Session", key_id: KeyId, by: audit.Actor, act: str, reason: str | None = None
    ) -> Secret[bytes]:
        """The secret of a live key, with an audit row on the referral. Answer only after the commit.

        The row is locked against erasure until then. Raises `Refused`: `not-found`, `details-erased`,
        `details-lost`.
        """
        row = _row((await db.execute(_FOR_USE, {"key_id": key_id})).mappings().one_or_none())
        if row is None:
            raise Refused(NotFound())
        if row.state is not State.LIVE:
            raise Refused(DetailsLost() if row.state is State.LOST else DetailsErased())
        await audit.read(db, "referral", row.referral_id, by, act, reason)
        try:
            return await asyncio.to_thread(self.files.read, key_id, row.purpose, row.referral_id)
        except KeyFileMissing:
            self.suspicious = True
            self.wake.set()
            raise Refused(DetailsLost()) from None

    async def erase(self, db: "Session", referral_id: ReferralId, cause: Cause) -> list[KeyRow]:
        """Begins to erase all keys of a referral: from the commit on no use succeeds, and the sweeper wakes.

        Gives all of them as they now are. One that was erased before keeps its cause and is not told of again by
        the sweeper; one still being erased quietly takes on a cause that is told.
        """
        statement = _ERASE_AND_TELL if cause in TOLD else _ERASE_QUIETLY
        changed = await db.execute(statement, {"cause": cause.value, "now": db.now, "referral_id": referral_id})
        if changed.rowcount:
            await db.execute(_WAKE)
        return await self.of_referral(db, referral_id)

    async def of_referral(self, db: "Session", referral_id: ReferralId) -> list[KeyRow]:
        """All keys that a referral ever had, oldest first."""
        found = (await db.execute(_OF_REFERRAL, {"referral_id": referral_id})).mappings()
        return [row_of(each) for each in found]


def key_store(settings: Settings) -> KeyStore:
    """The service's key store, from its settings; raises `SettingsError` where it has no folder for keys."""
    if settings.keys is None:
        raise SettingsError(f"The service {settings.service} has no key folder. Set KEYS_DIR.")
    return KeyStore(KeyFiles(settings.keys, settings.secrets / KEY_ENCRYPTION_KEY))


def row_of(found: Any) -> KeyRow:
    return KeyRow(**{
        **found, "purpose": Purpose(found["purpose"]), "state": State(found["state"]),
        "cause": Cause(found["cause"]) if found["cause"] else None,
    })


def _row(found: Any) -> KeyRow | None:
    return None if found is None else row_of(found)
