"""Sessions planned from chat: their own plan, who conducts one instead, a recording, and drafts of changes."""

import sqlalchemy as sa
from alembic import op

from cohorts.store import Utc

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("session") as session:
        session.add_column(sa.Column("plan", sa.JSON(), nullable=True))
        session.add_column(sa.Column("plan_revision", sa.Integer(), nullable=True))
        session.add_column(sa.Column("recording", sa.String(2000), nullable=True))
    op.execute("UPDATE session SET plan_revision = 0, recording = ''")
    with op.batch_alter_table("session") as session:
        session.alter_column("plan_revision", existing_type=sa.Integer(), nullable=False)
        session.alter_column("recording", existing_type=sa.String(2000), nullable=False)
    with op.batch_alter_table("homework") as homework:
        homework.add_column(sa.Column("plan", sa.JSON(), nullable=True))
    op.create_table(
        "hosting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("rotated", sa.Boolean(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name="fk_hosting_session_id_session", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_hosting_person_id_person", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_hosting"),
        sa.UniqueConstraint("session_id", name="uq_hosting_session_id"),
    )
    op.create_index("ix_hosting_person_id", "hosting", ["person_id"])
    op.create_table(
        "plandraft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name="fk_plandraft_session_id_session", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_plandraft_person_id_person", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_plandraft"),
        sa.UniqueConstraint("session_id", "person_id", name="uq_plandraft_session_id_person_id"),
    )
    op.create_index("ix_plandraft_person_id", "plandraft", ["person_id"])
