"""Who holds which seat, and who substitutes. Code of the version before runs on it too."""

from alembic import op

from chassis import seats

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(seats.DDL)
