"""Three-party meetings, invitations, and requests of the Ohjaamos."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("""
        create table three_party_meetings (
            id uuid primary key,
            referral_id uuid not null references referrals,
            coach text not null,
            proposed jsonb not null,
            asked_at timestamptz not null,
            changed_at timestamptz not null,
            stage text not null,
            starts_at timestamptz,
            ends_at timestamptz,
            place text,
            sequence integer,
            reason text
        );
        create index three_party_meetings_of_referral on three_party_meetings (referral_id);

        create table invitations (
            id uuid primary key,
            kind text not null,
            referral_id uuid,
            inviting text not null,
            case_manager text not null,
            organisation text not null,
            role text not null,
            starts_at timestamptz not null,
            ends_at timestamptz not null,
            place text not null,
            invited_at timestamptz not null,
            stage text not null,
            answered_at timestamptz
        );
        create index invitations_of_inviting on invitations (inviting, starts_at desc);
        create index invitations_of_referral on invitations (referral_id) where referral_id is not null;

        create table case_manager_requests (
            id uuid primary key,
            ohjaamo text not null,
            requested_by text not null,
            topic text not null,
            at timestamptz not null,
            asked_at timestamptz not null,
            stage text not null,
            case_manager text,
            comes_at timestamptz,
            answered_at timestamptz
        );
        create index case_manager_requests_by_time on case_manager_requests (at desc);
    """)
