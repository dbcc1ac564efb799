"""Sessions of people who signed in, kept in the service's own database [privacy.md, Who may do what].

The token is 256 random bits, known to the browser alone; its SHA-256 is stored. A session ends after 8 hours,
after 30 minutes without a request, at sign-out, and when the directory drops the person or changes their roles.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    Text,
    delete,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert

from chassis.database import Database, Session
from chassis.policy import Principal

DDL = """
create table sessions (
    hash bytea primary key,
    person text not null,
    name text not null,
    organisation text not null,
    roles text[] not null,
    language text not null,
    services jsonb not null,
    started_at timestamptz not null,
    seen_at timestamptz not null
);
create index sessions_person on sessions (person);
create table languages (
    person text primary key,
    language text not null
)
"""
DATED = "alter table languages add column chosen_at timestamptz not null default now()"
"""The second step of `languages`: when the choice was made, so that it can be forgotten."""

sessions = Table(
    "sessions", MetaData(),
    Column("hash", LargeBinary, primary_key=True),
    Column("person", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("language", Text, nullable=False),
    Column("services", JSONB, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
)
languages = Table(
    "languages", MetaData(), Column("person", Text, primary_key=True), Column("language", Text, nullable=False),
    Column("chosen_at", DateTime(timezone=True), nullable=False),
)

LONGEST = timedelta(hours=8)
IDLE = timedelta(minutes=30)
SEEN_IS_NOTED_EACH = timedelta(minutes=1)
TOKEN_LENGTH = 43
LANGUAGES = ("fi", "en", "sv")


@dataclass(frozen=True)
class SignedIn:
    """A person's open session; `key` names it where requests are counted."""

    who: Principal
    started_at: datetime
    key: str


async def start(db: Session, who: Principal, signed_in_at: datetime) -> str:
    """A new session that counts from when the person signed in; returns its token, for the cookie alone. The person's
    own choice of language comes before what the issuer said."""
    chosen = (
        await db.execute(select(languages.c.language).where(languages.c.person == who.id))
    ).scalar_one_or_none()
    token = secrets.token_urlsafe(32)
    await db.execute(insert(sessions).values(
        hash=_hash(token), person=who.id, name=who.name, organisation=who.organisation or "",
        roles=sorted(who.roles), language=chosen or who.language, services=dict(who.services),
        started_at=signed_in_at, seen_at=db.now,
    ))
    return token


async def find(db: Session, token: str) -> SignedIn | None:
    """The open session of a token, noted as seen; None where it is unknown or over."""
    if len(token) != TOKEN_LENGTH:
        return None
    row = (await db.execute(select(sessions).where(sessions.c.hash == _hash(token), _open(db.now)))).one_or_none()
    if row is None:
        return None
    if row.seen_at < db.now - SEEN_IS_NOTED_EACH:
        await db.execute(update(sessions).where(sessions.c.hash == row.hash).values(seen_at=db.now))
    who = Principal(
        "person", row.person, row.name, row.organisation, frozenset(row.roles), row.language, services=row.services
    )
    return SignedIn(who, row.started_at, row.hash.hex())


async def end(db: Session, token: str) -> None:
    """Sign-out: the token is worth nothing from here on."""
    await db.execute(delete(sessions).where(sessions.c.hash == _hash(token)))


async def end_all_of(db: Session, person: str) -> None:
    """Ends every session of a person: the directory has dropped them, or their roles have changed."""
    await db.execute(delete(sessions).where(sessions.c.person == person))


async def end_beyond(db: Session, person: str, organisation: str, roles: Sequence[str]) -> None:
    """Ends the sessions of a person that have another organisation or a role that is not among `roles`."""
    within = (sessions.c.organisation == organisation) & sessions.c.roles.contained_by(list(roles))
    await db.execute(delete(sessions).where(sessions.c.person == person, ~within))


async def choose_language(db: Session, person: str, language: str) -> None:
    """Keeps a person's choice, for the open sessions and those to come. Raises ValueError for another language."""
    if language not in LANGUAGES:
        raise ValueError("not a language of the pages")
    chosen = {"language": language, "chosen_at": db.now}
    await db.execute(insert(languages).values(person=person, **chosen).on_conflict_do_update(
        index_elements=["person"], set_=chosen))
    await db.execute(update(sessions).where(sessions.c.person == person).values(language=language))


async def forget(database: Database) -> None:
    """Deletes sessions that are over; a timer runs it."""
    async with database.begin() as db:
        await db.execute(delete(sessions).where(~_open(db.now)))


def _open(now: datetime) -> ColumnElement[bool]:
    return (sessions.c.started_at > now - LONGEST) & (sessions.c.seen_at > now - IDLE)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
