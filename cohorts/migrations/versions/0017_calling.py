"""Who was heard, who would rather listen, and how each session began."""

import sqlalchemy as sa
from alembic import op

from cohorts.store import Utc

revision = "0017"
down_revision = "0013"
branch_labels = None
depends_on = None


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "heard",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("how", _one_of("how", "called", "summary", "hot-seat", "report", "check-in"), nullable=False),
        sa.Column("state", _one_of("heardstate", "asked", "heard", "skipped"), nullable=False),
        sa.Column("prompt", sa.String(), nullable=False),
        sa.Column("next_id", sa.Integer(), nullable=True),
        sa.Column("origin_id", sa.Integer(), nullable=True),
        sa.Column("at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_heard_session_id_session"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_heard_membership_id_membership"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["next_id"], ["membership.id"], name=op.f("fk_heard_next_id_membership"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heard")),
    )
    op.create_index(op.f("ix_heard_session_id"), "heard", ["session_id"], unique=False)
    op.create_index(op.f("ix_heard_membership_id"), "heard", ["membership_id"], unique=False)
    op.create_table(
        "passing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_passing_membership_id_membership"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passing")),
        sa.UniqueConstraint("membership_id", "day", name=op.f("uq_passing_membership_id_day")),
    )
    op.create_index(op.f("ix_passing_day"), "passing", ["day"], unique=False)
    op.create_table(
        "icebreaking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_icebreaking_session_id_session"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_icebreaking")),
        sa.UniqueConstraint("session_id", name=op.f("uq_icebreaking_session_id")),
    )


def downgrade() -> None:
    op.drop_table("icebreaking")
    op.drop_index(op.f("ix_passing_day"), table_name="passing")
    op.drop_table("passing")
    op.drop_index(op.f("ix_heard_membership_id"), table_name="heard")
    op.drop_index(op.f("ix_heard_session_id"), table_name="heard")
    op.drop_table("heard")
