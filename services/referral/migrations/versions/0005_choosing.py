"""What providers tell of residents, and the client's permission for the contact. Code of the version before runs on
it too."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("alter table client_situations add column residents jsonb not null default '[]'")
    op.execute("alter table referrals add column contact_permitted boolean not null default false")
