"""Restriction of processing (*käsittelyn rajoittaminen*, GDPR 18) of what is held of one client on one side.

Promise: from the commit of `restrict` until that of `lift` nobody on this side opens the client's contact details, no
person, no program and no event. All else stays as it is: the referral or case, its deadlines, and every act that ends
or withdraws it (docs/adr/restriction.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ColumnElement, DateTime, MetaData, Table, Text, insert, select, update

from chassis import audit
from chassis.database import Session
from chassis.decisions import Refusal, Refused

DDL = """
create table restrictions (
    about_type text not null,
    about_id text not null,
    since timestamptz not null,
    set_by text not null,
    lifted_at timestamptz,
    lifted_by text,
    primary key (about_type, about_id, since)
);
create unique index restrictions_in_force on restrictions (about_type, about_id) where lifted_at is null
"""
_table = Table(
    "restrictions", MetaData(),
    Column("about_type", Text, primary_key=True),
    Column("about_id", Text, primary_key=True),
    Column("since", DateTime(timezone=True), primary_key=True),
    Column("set_by", Text, nullable=False),
    Column("lifted_at", DateTime(timezone=True)),
    Column("lifted_by", Text),
)


@dataclass(frozen=True)
class Restriction:
    """Who restricted, and who lifted it again; in force while nobody did."""

    about_type: str
    about_id: str
    since: datetime
    set_by: str
    lifted_at: datetime | None
    lifted_by: str | None


@dataclass(frozen=True)
class ProcessingRestricted(Refusal):
    """At the client's request nobody opens the contact details just now."""

    code = "processing-restricted"
    sentence_en = (
        "Processing is restricted at the client's request: nobody opens the contact details. The data protection "
        "officer, or whoever restricted it, can lift the restriction."
    )
    sentence_fi = (
        "Käsittelyä on rajoitettu asiakkaan pyynnöstä: yhteystietoja ei voi avata kukaan. Rajoituksen voi poistaa "
        "tietosuojavastaava tai se, joka rajoitti."
    )


@dataclass(frozen=True)
class RestrictedAlready(Refusal):
    code = "restricted-already"
    sentence_en = "Processing is restricted already. Look at the page anew."
    sentence_fi = "Käsittelyä on jo rajoitettu. Avaa sivu uudelleen."


@dataclass(frozen=True)
class NotRestricted(Refusal):
    code = "not-restricted"
    sentence_en = "Processing is not restricted, so there is nothing to lift. Look at the page anew."
    sentence_fi = "Käsittelyä ei ole rajoitettu, joten poistettavaa rajoitusta ei ole. Avaa sivu uudelleen."


async def restrict(db: Session, about_type: str, about_id: str, by: audit.Actor) -> None:
    """Restricts from now on; audited. Raises `Refused`: `RestrictedAlready`."""
    await db.lock(f"restriction {about_type} {about_id}")
    if await in_force(db, about_type, about_id):
        raise Refused(RestrictedAlready())
    await db.execute(insert(_table).values(about_type=about_type, about_id=about_id, since=db.now, set_by=by.id))
    await audit.changed(db, about_type, about_id, by, "restrict")


async def lift(db: Session, about_type: str, about_id: str, by: audit.Actor) -> None:
    """Ends the restriction in force; audited. Raises `Refused`: `NotRestricted`."""
    await db.lock(f"restriction {about_type} {about_id}")
    done = await db.execute(update(_table).where(*_now(about_type, about_id)).values(
        lifted_at=db.now, lifted_by=by.id))
    if not done.rowcount:
        raise Refused(NotRestricted())
    await audit.changed(db, about_type, about_id, by, "lift-restriction")


async def in_force(db: Session, about_type: str, about_id: str) -> Restriction | None:
    """The restriction that holds now."""
    found = (await db.execute(select(_table).where(*_now(about_type, about_id)))).one_or_none()
    return Restriction(**found._mapping) if found else None


async def check(db: Session, about_type: str, about_id: str) -> None:
    """Raises `Refused` with `ProcessingRestricted` while a restriction is in force; one that is being set is waited
    for."""
    await db.lock(f"restriction {about_type} {about_id}")
    if await in_force(db, about_type, about_id):
        raise Refused(ProcessingRestricted())


async def history(db: Session, about_type: str, ids: Sequence[str]) -> list[Restriction]:
    """Restrictions that were ever set on these, newest first."""
    found = await db.execute(
        select(_table).where(_table.c.about_type == about_type, _table.c.about_id.in_(list(ids)))
        .order_by(_table.c.since.desc()))
    return [Restriction(**row._mapping) for row in found]


def _now(about_type: str, about_id: str) -> tuple[ColumnElement[bool], ...]:
    return _table.c.about_type == about_type, _table.c.about_id == about_id, _table.c.lifted_at.is_(None)
