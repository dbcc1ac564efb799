"""A command sent twice happens once: keys of repeated requests [privacy.md, Who may do what].

Promise: the row is written in the handler's own transaction, so a key is there exactly when its command has
happened. A repeat is answered with the status and Location of the first; the same key with another body is
refused. Kept for 24 hours per principal and route: a keyed hash of the body, status and Location, never a body.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    and_,
    delete,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Database, Session
from chassis.decisions import Refusal, Refused
from chassis.settings import Settings

DDL = """
create table idempotency (
    principal text not null,
    route text not null,
    key text not null,
    body bytea not null,
    status smallint not null,
    location text,
    at timestamptz not null,
    primary key (principal, route, key)
)
"""

table = Table(
    "idempotency", MetaData(),
    Column("principal", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("location", Text),
    Column("at", DateTime(timezone=True), nullable=False),
)

KEPT = timedelta(hours=24)
SPELLING = re.compile(r"[A-Za-z0-9._:-]{8,128}")
_TRY = text("select pg_try_advisory_xact_lock(hashtextextended(:one, 0))")
_WAIT = text("select pg_advisory_xact_lock(hashtextextended(:one, 0))")


@dataclass(frozen=True)
class Request:
    """What makes a request the same as another: who, which route, which key; and the body's keyed hash."""

    principal: str
    route: str
    key: str
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What the first request was answered, as far as it is kept."""

    status: int
    location: str | None


@dataclass(frozen=True)
class KeyNeeded(Refusal):
    code = "idempotency-key-needed"
    sentence_en = (
        "This command needs the header Idempotency-Key: 8 to 128 letters, digits, hyphens, dots or colons, a new "
        "one for each command and the same one when it is sent again."
    )
    sentence_fi = (
        "Tämä komento vaatii otsakkeen Idempotency-Key: 8–128 kirjainta, numeroa, yhdysmerkkiä, pistettä tai "
        "kaksoispistettä, uusi kullekin komennolle ja sama, kun komento lähetetään uudelleen."
    )
    status = 400


@dataclass(frozen=True)
class KeyReused(Refusal):
    code = "idempotency-key-reused"
    sentence_en = "This Idempotency-Key was used for another body. Give a new command a new key."
    sentence_fi = "Tätä Idempotency-Key-otsaketta käytettiin toiseen sisältöön. Anna uudelle komennolle uusi."
    status = 422


@dataclass(frozen=True)
class InProgress(Refusal):
    code = "in-progress"
    sentence_en = "The same command is being handled just now. Send it again in a moment."
    sentence_fi = "Samaa komentoa käsitellään parhaillaan. Lähetä se hetken kuluttua uudelleen."
    status = 409


def service_key(settings: Settings, purpose: str) -> bytes:
    """32 bytes for one purpose of this service, the same in each replica; derived from its database password,
    so a new password ends what was made with the old one."""
    return hmac.digest(settings.secret("database-password").encode(), f"yhdyspinta/{purpose}".encode(), "sha256")


def hash_of(settings: Settings, body: bytes) -> bytes:
    """What of a body is stored: nobody without the service's key can try names and numbers against it."""
    return hmac.digest(service_key(settings, "idempotency"), body, hashlib.sha256)


async def begin(db: Session, request: Request, *, wait: bool = False) -> Answer | None:
    """Before the handler: None where this is the first of its key, else what the first was answered.

    Raises `Refused`: `KeyReused`; `InProgress` where another one is at work, unless it shall `wait` for it.
    """
    one = {"one": f"idempotency|{request.principal}|{request.route}|{request.key}"}
    if wait:
        await db.execute(_WAIT, one)
    elif not (await db.execute(_TRY, one)).scalar_one():
        raise Refused(InProgress())
    row = (await db.execute(select(table).where(_is(request), table.c.at > db.now - KEPT))).one_or_none()
    if row is None:
        return None
    if not hmac.compare_digest(row.body, request.body):
        raise Refused(KeyReused())
    return Answer(row.status, row.location)


async def finish(db: Session, request: Request, answer: Answer) -> None:
    """After the handler, in its transaction: the request has happened, and this was its answer."""
    row = {**vars(request), **vars(answer), "at": db.now}
    await db.execute(insert(table).values(row).on_conflict_do_update(
        index_elements=["principal", "route", "key"], set_={**vars(answer), "body": request.body, "at": db.now}))


async def forget(database: Database) -> None:
    """Deletes what is older than 24 hours; a timer runs it."""
    async with database.begin() as db:
        await db.execute(delete(table).where(table.c.at <= db.now - KEPT))


def _is(request: Request) -> ColumnElement[bool]:
    return and_(
        table.c.principal == request.principal, table.c.route == request.route, table.c.key == request.key
    )
