"""Invitations to meetings, and requests for a case manager as work pair."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("""
        create table invitations (
            id uuid primary key,
            kind text not null,
            referral_id uuid,
            organisation text not null,
            role text not null,
            case_manager text not null,
            starts_at timestamptz not null,
            ends_at timestamptz not null,
            place text not null,
            invited_at timestamptz not null,
            stage text not null,
            answered_by text,
            answered_at timestamptz
        );
        create index invitations_of_role on invitations (organisation, role, starts_at desc);
        create index invitations_of_referral on invitations (referral_id) where referral_id is not null;

        create table case_manager_requests (
            id uuid primary key,
            organisation text not null,
            ohjaamo text not null,
            requested_by text not null,
            topic text not null,
            at timestamptz not null,
            asked_at timestamptz not null,
            stage text not null,
            case_manager text,
            comes_at timestamptz
        );
        create index case_manager_requests_of on case_manager_requests (organisation, asked_at desc);
    """)
