"""The first tables of feedback."""

from alembic import op

from chassis import audit, audit_heads, inbox, obligations, outbox, web

revision = "0001"
down_revision = None


def upgrade() -> None:
    for ddl in (outbox.DDL, inbox.DDL, audit.DDL, audit_heads.DDL, web.DDL, obligations.DDL):
        op.execute(ddl)
    op.execute("""
        create table feedback (
            id text primary key,
            source text not null,
            municipality text not null,
            about text not null,
            service text,
            channel text not null,
            rating integer,
            text text,
            reply_wanted boolean not null,
            received_at timestamptz not null,
            told_at timestamptz not null
        );
        create index feedback_newest on feedback (municipality, received_at desc);
    """)
