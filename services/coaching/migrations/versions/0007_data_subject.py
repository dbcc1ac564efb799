"""Corrected contact details, restriction of processing, search of the audit log. Code of the version before runs on it
too."""

from alembic import op

from chassis import audit, restriction

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for statement in (
        restriction.DDL,
        audit.SEARCHED,
        "alter table sealed_details add column told_at timestamptz not null default now(), "
        "add column told_id text not null default '', add column corrected_at timestamptz",
        "update sealed_details set told_at = received_at",
    ):
        op.execute(statement)
