"""The months of which the employment area is told, and what was told."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("""
        create table client_situations (
            provider text not null,
            service text not null,
            month text not null,
            opened_at timestamptz not null,
            residents jsonb,
            free_places integer,
            more_referrals_wanted boolean,
            reported_by text,
            reported_at timestamptz,
            revision integer not null,
            primary key (provider, service, month)
        )
    """)
