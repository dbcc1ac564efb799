"""Bearer tokens of other systems: `yp_<id>_<secret>`, for one organisation, some scopes, a year at most.

The secret is 256 random bits, shown once and stored as its SHA-256: whoever reads the table can't use it.
"""

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from sqlalchemy import ARRAY, Column, DateTime, LargeBinary, MetaData, Table, Text, insert, select, update

from chassis import security
from chassis.database import Session
from chassis.policy import Principal

DDL = """
create table api_tokens (
    id text primary key,
    name text not null,
    organisation text not null,
    scopes text[] not null check (cardinality(scopes) > 0),
    hash bytea not null,
    made_at timestamptz not null,
    ends_at timestamptz not null,
    revoked_at timestamptz,
    used_at timestamptz
)
"""

table = Table(
    "api_tokens", MetaData(),
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("used_at", DateTime(timezone=True)),
)

LONGEST = timedelta(days=366)
USE_IS_NOTED_EACH = timedelta(hours=1)
_SPELLING = re.compile(r"yp_([a-z2-7]{12})_([A-Za-z0-9_-]{43})")
_SCOPE = re.compile(r"[a-z0-9-]{1,40}(:[a-z0-9-]{1,40})?")
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass(frozen=True)
class Token:
    """A token as it is listed: never its secret."""

    id: str
    name: str
    organisation: str
    scopes: tuple[str, ...]
    made_at: datetime
    ends_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None


async def make(
    db: Session, name: str, organisation: str, scopes: Iterable[str], ends_at: datetime
) -> tuple[Token, str]:
    """A new token and the text that is shown once. Raises ValueError where it would live over a year, is over
    already, or a scope is not a code (`cases`, `cases:read`)."""
    wanted = tuple(dict.fromkeys(scopes))
    if not wanted or not all(_SCOPE.fullmatch(scope) for scope in wanted):
        raise ValueError("A token needs at least one scope, each a code like cases or cases:read.")
    if not db.now < ends_at <= db.now + LONGEST:
        raise ValueError("A token ends in the future, within a year.")
    identity = "".join(secrets.choice(_LETTERS) for _ in range(12))
    secret = secrets.token_urlsafe(32)
    token = Token(identity, name, organisation, wanted, db.now, ends_at, None, None)
    await db.execute(insert(table), {**vars(token), "scopes": list(wanted), "hash": _hash(secret)})
    security.note("token-made", db.service, who=identity)
    return token, f"yp_{identity}_{secret}"


async def every(db: Session) -> list[Token]:
    """All tokens, newest first; those that ended or were revoked too."""
    found = await db.execute(select(*_LISTED).order_by(table.c.made_at.desc(), table.c.id))
    return [Token(**{**row._mapping, "scopes": tuple(row.scopes)}) for row in found]


async def names(db: Session, identities: Collection[str]) -> dict[str, str]:
    """What these tokens are called, by id."""
    found = await db.execute(select(table.c.id, table.c.name).where(table.c.id.in_(list(identities))))
    return {row.id: row.name for row in found}


async def revoke(db: Session, identity: str) -> bool:
    """Ends a token at once; False where there is none with this id, or it is revoked already."""
    done = await db.execute(
        update(table).where(table.c.id == identity, table.c.revoked_at.is_(None)).values(revoked_at=db.now)
    )
    if done.rowcount:
        security.note("token-revoked", db.service, who=identity)
    return bool(done.rowcount)


async def holder(db: Session, text: str) -> Principal | None:
    """The system that a token speaks for; None where the token is not one, wrong, over or revoked."""
    spelled = _SPELLING.fullmatch(text)
    if not spelled:
        return None
    identity, secret = spelled.groups()
    row = (await db.execute(select(table).where(table.c.id == identity))).one_or_none()
    if row is None or not compare_digest(row.hash, _hash(secret)):
        security.refused("token-wrong", db.service)
        return None
    if row.revoked_at is not None or row.ends_at <= db.now:
        security.refused("token-over", db.service, who=identity)
        return None
    if row.used_at is None or row.used_at < db.now - USE_IS_NOTED_EACH:
        await db.execute(update(table).where(table.c.id == identity).values(used_at=db.now))
        security.note("token-used", db.service, who=identity)
    return Principal("system", row.id, row.name, row.organisation, scopes=frozenset(row.scopes))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


_LISTED = [column for column in table.c if column.name != "hash"]
