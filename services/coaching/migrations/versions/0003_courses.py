"""What the services' own courses keep: why somebody is a client, what goes on beside, visits and phenomena."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("alter table cases add column basis text")
    op.execute("alter table cases add column goes_on_beside text, add column goes_on_since date, "
               "add constraint cases_going_on check ((goes_on_beside is null) = (goes_on_since is null))")
    op.execute("""
        -- who came to the Ohjaamo by drop-in, and about what: a code, never a person's own words
        create table ohjaamo_visits (
            visit_id uuid primary key,
            case_id uuid not null references cases,
            "on" date not null,
            at timestamptz not null,
            ohjaamo text not null,
            topic text not null,
            received_by text not null
        )
    """)
    op.execute('create index ohjaamo_visits_of_day on ohjaamo_visits ("on")')
    op.execute("create index ohjaamo_visits_of_case on ohjaamo_visits (case_id)")
    op.execute("""
        -- a month of phenomenon observations: whether it was asked for when it was over, and when it was recorded
        create table phenomenon_months (
            municipality text not null,
            month date not null, -- its first day
            asked_at timestamptz,
            recorded_at timestamptz,
            recorded_by text,
            primary key (municipality, month)
        )
    """)
    op.execute("""
        create table phenomena (
            municipality text not null,
            month date not null,
            phenomenon text not null,
            observations integer not null check (observations >= 0),
            primary key (municipality, month, phenomenon)
        )
    """)
