"""Who holds which seat and who substitutes; inquiries of the service corridor. Code of the version before runs on it
too."""

from alembic import op

from chassis import seats

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(seats.DDL)
    op.execute("""
        create table inquiries (
            id uuid primary key,
            organisation text not null,
            channel text not null,
            rule text not null,
            directed_to text not null,
            at timestamptz not null,
            told_at timestamptz
        );
        create index inquiries_at on inquiries (at);
        create index inquiries_untold on inquiries (at) where told_at is null;
    """)
