"""Links to the screen of a session, by digest."""

import sqlalchemy as sa
from alembic import op

from cohorts.store import Utc

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "screen",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_screen_session_id_session"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screen")),
        sa.UniqueConstraint("digest", name=op.f("uq_screen_digest")),
    )
    op.create_index(op.f("ix_screen_session_id"), "screen", ["session_id"])


def downgrade() -> None:
    op.drop_table("screen")
