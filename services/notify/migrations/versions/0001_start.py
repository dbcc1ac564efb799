"""The first tables of notify."""

from alembic import op

from chassis import audit, audit_heads, inbox, obligations, outbox, web

revision = "0001"
down_revision = None


def upgrade() -> None:
    for ddl in (outbox.DDL, inbox.DDL, audit.DDL, audit_heads.DDL, web.DDL, obligations.DDL):
        op.execute(ddl)
    op.execute("""
        create table people (
            staff_id text primary key,
            name text not null,
            organisation text not null,
            roles text[] not null,
            language text not null,
            address text not null
        );
        create table seats (
            seat text primary key,
            organisation text not null,
            role text not null,
            service text,
            "group" text,
            holder text,
            substitutes text[] not null,
            away_until date,
            mailbox text
        );
        create table referral_numbers (referral_id text primary key, number text not null);
        create table notices (
            id text primary key,
            text text not null,
            about_type text not null,
            about_id text not null,
            side text not null,
            organisation text not null,
            role text not null,
            channel text not null,
            values jsonb not null,
            caused_at timestamptz not null,
            status text not null check
                (status in ('queued', 'stale', 'sending', 'sent', 'undeliverable', 'unknown')),
            status_at timestamptz not null,
            not_before timestamptz not null,
            tries integer not null,
            staff_id text,
            reason text
        );
        create index notices_queued on notices (not_before, id) where status = 'queued';
        create function notice_wakes_sender() returns trigger language plpgsql as $$
        begin perform pg_notify('notices', ''); return null; end $$;
        create trigger notice_wakes_sender after insert or update on notices
            for each statement execute function notice_wakes_sender();
    """)
