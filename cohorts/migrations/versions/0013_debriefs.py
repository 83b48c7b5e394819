"""What those who conduct a program answer to its surveys."""

import sqlalchemy as sa
from alembic import op

from cohorts.store import Utc

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "debrief",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("survey_key", sa.String(length=64), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohort.id"], name=op.f("fk_debrief_cohort_id_cohort"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_debrief_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debrief")),
        sa.UniqueConstraint(
            "cohort_id", "person_id", "survey_key", name=op.f("uq_debrief_cohort_id_person_id_survey_key")
        ),
    )
    op.create_index(op.f("ix_debrief_person_id"), "debrief", ["person_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_debrief_person_id"), table_name="debrief")
    op.drop_table("debrief")
