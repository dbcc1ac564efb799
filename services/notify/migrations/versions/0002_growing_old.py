"""Moments by which rows grow old: what is kept no longer can be found. Code of the version before runs on it too."""

from alembic import op

from chassis import inbox, web

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for statement in (
        inbox.DATED,
        web.DATED,
        "alter table referral_numbers add column heard_at timestamptz not null default now()",
        "alter table notices add column traceparent text",
    ):
        op.execute(statement)
