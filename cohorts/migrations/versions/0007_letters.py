"""Letters: what can wait is told in turns, by each reader's own day, and all of one moment in one message."""

import sqlalchemy as sa
from alembic import op

from cohorts.store import Utc

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("effect") as effect:
        effect.add_column(sa.Column("letter", sa.String(60), nullable=True))
        effect.add_column(sa.Column("enclosed_in", sa.Integer(), nullable=True))
        effect.create_index("ix_effect_enclosed_in", ["enclosed_in"])
    with op.batch_alter_table("touchpoint") as touchpoint:
        touchpoint.add_column(sa.Column("before_at", Utc(), nullable=True))
        touchpoint.add_column(sa.Column("turn_at", Utc(), nullable=True))
    op.execute("UPDATE touchpoint SET turn_at = due_at")
    with op.batch_alter_table("touchpoint") as touchpoint:
        touchpoint.alter_column("turn_at", existing_type=Utc(), nullable=False)
        touchpoint.drop_index("ix_touchpoint_due")
        touchpoint.create_index("ix_touchpoint_turn", ["state", "turn_at"])
