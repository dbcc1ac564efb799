"""Rows of tables whose key is `id`: held while somebody decides on one, and kept as it then is."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Table, select
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Session
from chassis.decisions import NotFound, Refused


async def held(db: Session, table: Table, row_id: str, whose: ColumnElement[bool]) -> RowMapping:
    """One row, locked until the transaction ends; somebody else's is not found. Raises `Refused`."""
    query = select(table).where(table.c.id == row_id, whose).with_for_update()
    row = (await db.execute(query)).mappings().one_or_none()
    if row is None:
        raise Refused(NotFound())
    return row


async def keep(db: Session, table: Table, row: Mapping[str, Any]) -> None:
    """Stores a row as it now is, whether or not it was there."""
    await db.execute(insert(table).values(row).on_conflict_do_update(index_elements=["id"], set_=row))
