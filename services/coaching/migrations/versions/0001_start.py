"""The first tables of coaching."""

from alembic import op

from chassis import audit, audit_heads, inbox, keys, obligations, outbox, parking, web

revision = "0001"
down_revision = None


def upgrade() -> None:
    for ddl in (
        outbox.DDL, inbox.DDL, audit.DDL, audit_heads.DDL, web.DDL, parking.DDL, keys.DDL, obligations.DDL,
    ):
        op.execute(ddl)
    op.execute("""
        -- a referral; one of which only its closing or its case manager was heard has no number yet
        create table referrals (
            referral_id uuid primary key,
            consent_id uuid,
            number text,
            service text,
            municipality text,
            provider text,
            case_manager text,
            case_manager_since timestamptz,
            referred_on date,
            respond_due_on date,
            purpose text,
            consented_at timestamptz,
            received_at timestamptz,
            opened_at timestamptz,
            closing text check (closing in ('withdrawal', 'cancellation', 'return')),
            closed_at timestamptz check ((closed_at is null) = (closing is null)),
            check ((number is null) = (consented_at is null))
        );
        create index referrals_by_number on referrals (number);
        create index referrals_not_opened on referrals (consented_at)
            where opened_at is null and closing is null and consented_at is not null;

        create table sealed_details (
            key_id uuid primary key,
            referral_id uuid not null,
            jwe text not null,
            received_at timestamptz not null
        );
        create index sealed_details_of_referral on sealed_details (referral_id);

        -- '' stands for "there never was a key"
        create table acknowledgements (
            referral_id uuid not null,
            key_id text not null,
            acknowledged_at timestamptz not null,
            primary key (referral_id, key_id)
        );

        create table reveals (
            id bigint generated always as identity primary key,
            referral_id uuid not null,
            person text not null,
            reason text not null,
            at timestamptz not null
        );
        create index reveals_of_person on reveals (person, at);
        create index reveals_of_referral on reveals (referral_id);

        create table cases (
            case_id uuid primary key,
            number text not null,
            client uuid not null,
            service text not null,
            municipality text not null,
            provider text not null,
            origin text not null,
            asked_on date not null,
            opened_at timestamptz not null,
            coach text,
            referral_id uuid unique references referrals,
            awaited_number text,
            start_told date,
            end_told date,
            reviewed_on date,
            untold boolean not null default false,
            status text not null,
            began_on date,
            closed_on date,
            attempts integer not null,
            booked_at timestamptz,
            changed_at timestamptz not null
        );
        create index cases_of_provider on cases (provider, service, opened_at desc);
        create index cases_of_client on cases (client);
        create index cases_open on cases (case_id) where closed_on is null;
        create index cases_closed on cases (closed_on) where referral_id is not null;
        create index cases_awaiting on cases (awaited_number) where awaited_number is not null;
        create table own_numbers (
            year integer primary key,
            last integer not null
        );

        -- every id under which a case is known, with the source that opened it so
        create table case_ids (
            known_as uuid primary key,
            case_id uuid not null references cases,
            source text not null
        );
        create index case_ids_of_case on case_ids (case_id);

        create table casework (
            case_id uuid not null references cases,
            id text not null,
            time timestamptz not null,
            told_by text not null,
            event text not null,
            data text not null,
            primary key (case_id, id)
        );

        -- names of staff, from the directory
        create table staff (
            staff_id text primary key,
            name text not null,
            organisation text not null,
            roles text[] not null,
            gone boolean not null,
            listed_at timestamptz not null
        );

        -- which clients of the registers are one person
        create table persons (
            client uuid primary key,
            person uuid not null
        );
        create index persons_clients on persons (person);

        -- pseudonyms of one calendar year, and what was told under them; deleted when the year is final
        create table year_clients (
            person uuid not null,
            year integer not null,
            client uuid not null unique,
            primary key (person, year)
        );
        create table spells (
            case_id uuid not null,
            year integer not null,
            spell_id uuid not null unique,
            client uuid not null,
            primary key (case_id, year)
        );
        create table told_outcomes (
            case_id uuid not null,
            year integer not null,
            event text not null,
            data text not null,
            primary key (case_id, year, event)
        );
    """)
