"""How much each member wants to hear, and what they were asked since they were last heard from."""

import sqlalchemy as sa
from alembic import op

from cohorts.store import Utc

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quiet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column(
            "volume",
            sa.Enum("stay", "later", "stop", name="volume", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("until", Utc(), nullable=True),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("asked_at", Utc(), nullable=True),
        sa.Column("offered_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["membership.id"],
            name=op.f("fk_quiet_membership_id_membership"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiet")),
        sa.UniqueConstraint("membership_id", name=op.f("uq_quiet_membership_id")),
    )
