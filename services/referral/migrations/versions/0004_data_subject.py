"""Restriction of processing. Code of the version before runs on it too."""

from alembic import op

from chassis import restriction

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(restriction.DDL)
