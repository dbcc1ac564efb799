"""Work trials that the workshop proposes."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("""
        create table work_trial_proposals (
            id uuid primary key,
            referral_id uuid not null references referrals,
            proposed_at timestamptz not null,
            workplace_kind text not null,
            unit text,
            business_id text,
            starts_on date not null,
            ends_on date not null,
            sent_by text not null,
            answered_at timestamptz,
            accepted boolean check ((accepted is null) = (answered_at is null)),
            reason text
        );
        create index work_trial_proposals_of_referral on work_trial_proposals (referral_id);
    """)
