"""Audit heads: each side keeps the last hash of the other side's logs, so neither can write its own anew.

Promise: what a service published of its log is kept as it came, is never changed, and is an alarm where it does
not fit what came before (privacy.md, Audit log; events.md, shared.audit-heads.v1).
"""

from collections.abc import Sequence
from datetime import date, time
from typing import Any

import asyncpg
import orjson
from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import audit, outbox, security
from chassis.calendar import at
from chassis.database import Session
from contracts.envelope import Event
from contracts.events.audit_heads import AuditHeadPublished
from contracts.topics import SERVICES, TOPICS, dead_letter_topic

DDL = """
do $heads$
declare
    app text := regexp_replace(current_user, '_owner$', '');
begin
    create table audit_heads (
        service text not null,
        seq bigint not null,
        head text not null,
        at timestamptz not null,
        kept_at timestamptz not null,
        alarm text,
        primary key (service, seq, head)
    );
    execute format('revoke all on audit_heads from public, %I', app);
    execute format('grant insert, select on audit_heads to %I', app);
end $heads$
"""

TOPIC = "shared.audit-heads.v1"
REWRITTEN, SHRUNK = "rewritten", "shrunk"
"""Alarms: a row has another hash than was published before; a later head is of an earlier row."""
ALARMS = Counter("yhdyspinta_audit_alarms", "Audit heads that do not fit what came before", ["service", "alarm"])

_OTHERS = text("""
select bool_or(seq = :seq and head <> :head) as rewritten,
    bool_or((seq > :seq and at < cast(:at as timestamptz) - interval '1 minute')
        or (seq < :seq and at > cast(:at as timestamptz) + interval '1 minute')) as shrunk
from audit_heads where service = :service
""")
_KEEP = text("insert into audit_heads (service, seq, head, at, kept_at, alarm) "
             "values (:service, :seq, :head, :at, :now, :alarm) on conflict do nothing")
_KEPT = text("select seq, head from audit_heads where service = :service order by seq")


def side_of(service: str) -> str:
    return dead_letter_topic(service).split(".", 1)[0]


def kept_by(service: str) -> frozenset[str]:
    """Whose heads a service keeps: those of every side but its own, where it reads the topic at all."""
    if service not in TOPICS[TOPIC].readers:
        return frozenset()
    return frozenset(other for other in SERVICES if side_of(other) != side_of(service))


async def publish_head(db: Session) -> None:
    """Publishes the head of this service's log, if it has one; for a timer of fifteen minutes."""
    if (head := await audit.last(db.connection)) is not None:
        told = {"service": db.service, "seq": head[0], "head": head[1], "at": db.now}
        await outbox.add(db, AuditHeadPublished.model_validate(told))


async def keep_head(db: Session, event: Event[AuditHeadPublished]) -> str | None:
    """Keeps a head of another side's service; gives the alarm, where it does not fit what was kept before.

    Clocks of a service's replicas may differ by a minute.
    """
    data = event.data
    if data.service not in kept_by(db.service):
        return None
    told: dict[str, Any] = {"service": data.service, "seq": data.seq, "head": data.head, "at": data.at}
    others = (await db.execute(_OTHERS, told)).one()
    alarm = REWRITTEN if others.rewritten else SHRUNK if others.shrunk else None
    await db.execute(_KEEP, told | {"now": db.now, "alarm": alarm})
    if alarm:
        ALARMS.labels(data.service, alarm).inc()
        security.alarm(f"audit-log-{alarm}", data.service, about=str(data.seq))
    return alarm


async def forget(owner: asyncpg.Connection, before: date) -> None:
    """Deletes heads that are older than a day, as long as the logs themselves are kept. As the owner."""
    await owner.execute("delete from audit_heads where kept_at < $1", at(before, time.min))


def lines(service: str, heads: Sequence[tuple[int, str]]) -> str:
    """Heads as they are handed to the other side: a JSON object a line."""
    return "".join(orjson.dumps({"service": service, "seq": seq, "head": head}).decode() + "\n" for seq, head in heads)


def read_lines(content: bytes, service: str) -> list[tuple[int, str]]:
    """The heads of a service among such lines. Raises ValueError for what are none."""
    try:
        told: list[Any] = [orjson.loads(line) for line in content.splitlines() if line.strip()]
        return [(int(line["seq"]), str(line["head"])) for line in told if line["service"] == service]
    except (KeyError, TypeError):
        raise ValueError("no audit heads") from None


async def kept(connection: AsyncConnection, service: str) -> list[tuple[int, str]]:
    """All heads of a service that are kept here, by row: for its `audit verify`."""
    return [(found.seq, found.head) for found in await connection.execute(_KEPT, {"service": service})]
