"""The workshop's groups with their places, and its TET periods."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("""
        create table period_groups (
            group_id uuid primary key,
            provider text not null,
            first_day date not null,
            last_day date not null check (last_day >= first_day),
            places integer not null check (places > 0)
        );
        create index period_groups_of_provider on period_groups (provider, first_day);

        -- who has a place, as the courses of the cases say
        create table period_places (
            period_id uuid primary key,
            group_id uuid not null references period_groups,
            case_id uuid not null references cases,
            state text not null
        );
        create index period_places_of_group on period_places (group_id);
        create index period_places_of_case on period_places (case_id);

        -- TET periods and their work trials, as the courses of the cases say
        create table tets (
            case_id uuid not null references cases,
            tet_id uuid not null,
            state text not null,
            changed_at timestamptz not null,
            primary key (case_id, tet_id)
        );
        create index tets_by_state on tets (state, changed_at);
    """)
