"""The first tables of leads."""

from alembic import op

from chassis import audit, audit_heads, inbox, obligations, outbox, parking, web

revision = "0001"
down_revision = None


def upgrade() -> None:
    for ddl in (outbox.DDL, inbox.DDL, audit.DDL, audit_heads.DDL, web.DDL, obligations.DDL, parking.DDL):
        op.execute(ddl)
    op.execute("""
        create table subjects (
            kind text not null check (kind in ('visit', 'lead', 'event')),
            id text not null,
            source text not null,
            fixed jsonb not null,
            receiver text,
            status text not null,
            status_at timestamptz not null,
            latest jsonb not null,
            primary key (kind, id)
        );
        create index subjects_newest on subjects (kind, status_at desc);
    """)
