"""Who holds which seat, and who substitutes. Code of the version before runs on it too."""

from alembic import op

from chassis import seats

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(seats.DDL)
