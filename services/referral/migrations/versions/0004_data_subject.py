"""Restriction of processing, search of the audit log. Code of the version before runs on it too."""

from alembic import op

from chassis import audit, restriction

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for statement in (restriction.DDL, audit.SEARCHED):
        op.execute(statement)
