"""Restriction of processing, search of the audit log. Code of the version before runs on it too."""

from alembic import op

from chassis import audit, restriction

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for statement in (restriction.DDL, audit.SEARCHED):
        op.execute(statement)
