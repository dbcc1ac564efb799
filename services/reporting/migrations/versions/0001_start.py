"""The first tables of reporting: two generations of facts, and what was disclosed and published."""

from alembic import op

from chassis import audit, inbox, outbox, projection, web
from services.reporting import facts

revision = "0001"
down_revision = None


def upgrade() -> None:
    for ddl in (outbox.DDL, inbox.DDL, audit.DDL, web.DDL, projection.DDL):
        op.execute(ddl)
    for statement in facts.ddl():
        op.execute(statement)
    for schema in facts.GENERATIONS:
        op.execute(f"""
            do $$
            declare role text := regexp_replace(current_user, '_owner$', '');
            begin
                execute format('grant usage on schema {schema} to %I', role);
                execute format('grant select, insert, update, delete, truncate on all tables in schema {schema} to %I',
                               role);
            end $$
        """)
    op.execute("""
        create table disclosed (
            series text not null,
            slice text not null,
            year integer not null,
            told jsonb not null,
            at timestamptz not null,
            primary key (series, slice, year)
        );

        create table figures (
            "table" text not null,
            period text not null,
            measure text not null,
            dimensions text not null,
            revision integer not null,
            value numeric,
            unit text not null,
            suppressed boolean not null,
            batch uuid not null,
            plan_year integer not null,
            at timestamptz not null,
            primary key ("table", period, measure, dimensions, revision),
            check (suppressed = (value is null))
        );
    """)
