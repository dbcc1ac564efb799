"""The first tables of referral."""

from alembic import op

from chassis import audit, audit_heads, inbox, keys, obligations, outbox, web

revision = "0001"
down_revision = None


def upgrade() -> None:
    for ddl in (outbox.DDL, inbox.DDL, audit.DDL, audit_heads.DDL, web.DDL, keys.DDL, obligations.DDL):
        op.execute(ddl)
    op.execute("""
        create table numbers (
            year integer primary key,
            last integer not null
        );

        create table referrals (
            id uuid primary key,
            number text not null unique,
            service text not null,
            municipality text not null,
            provider text not null,
            case_manager text not null,
            organisation text not null,
            consent_id uuid not null unique,
            purpose text not null,
            given_at timestamptz not null,
            recorded_by text not null,
            referred_on date not null,
            respond_due_on date not null,
            status text not null check (status in (
                'sent', 'delivered', 'started', 'ended', 'returned', 'withdrawn', 'cancelled')),
            received_at timestamptz,
            started_on date,
            ended_on date,
            return_reason text,
            right_organisation text,
            right_service text,
            told_to text check (told_to in ('area', 'provider')),
            withdrawn_at timestamptz,
            closed_at timestamptz check ((closed_at is null) = (status not in ('returned', 'withdrawn', 'cancelled'))),
            closing_event_id uuid unique check (
                (closing_event_id is null) = (status not in ('withdrawn', 'cancelled'))),
            erase_due_at timestamptz check ((erase_due_at is null) = (closed_at is null)),
            acknowledged_at timestamptz,
            acknowledged_late boolean not null,
            own_copy bytea,
            own_copy_key text
        );
        create index referrals_of_organisation on referrals (organisation, referred_on desc, id desc);
        create index referrals_of_case_manager on referrals (organisation, case_manager, referred_on desc, id desc);
        create unique index referrals_own_copy on referrals (own_copy_key) where own_copy is not null;

        create table receiving_keys (
            key_id uuid primary key,
            referral_id uuid not null references referrals,
            public_key text not null,
            offered_at timestamptz not null,
            sealed_at timestamptz,
            received_at timestamptz,
            erased_at timestamptz
        );
        create index receiving_keys_of_referral on receiving_keys (referral_id);

        create table acknowledgements (
            event_id uuid primary key,
            referral_id uuid not null references referrals,
            source text not null,
            at timestamptz not null,
            data text not null
        );
        create index acknowledgements_of_referral on acknowledgements (referral_id);

        create table timeline (
            id bigint generated always as identity primary key,
            referral_id uuid not null references referrals,
            at timestamptz not null,
            kind text not null,
            by text not null,
            detail jsonb not null
        );
        create index timeline_of_referral on timeline (referral_id, at desc, id desc);

        create table client_situations (
            provider text not null,
            service text not null,
            month text not null,
            event_id uuid not null,
            reported_at timestamptz not null,
            free_places integer,
            more_referrals_wanted boolean not null,
            primary key (provider, service, month)
        );

        create table reveals (
            person text not null,
            at timestamptz not null
        );
        create index reveals_of_person on reveals (person, at);

        create table staff (
            id text primary key,
            name text not null,
            organisation text not null,
            roles text[] not null,
            listed_at timestamptz not null,
            event_id uuid not null,
            gone boolean not null
        );
    """)
