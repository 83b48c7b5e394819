"""Between sessions: goals as they are sharpened, buddies, reviews, promises, questions and homework set from chat."""

import sqlalchemy as sa
from alembic import op

from cohorts.store import Utc

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "goal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        _link("goal", "membership_id", "membership"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goal")),
    )
    op.create_index(op.f("ix_goal_membership_id"), "goal", ["membership_id"], unique=False)
    op.create_table(
        "buddy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("pair", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        _link("buddy", "cohort_id", "cohort"),
        _link("buddy", "membership_id", "membership"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buddy")),
        sa.UniqueConstraint("membership_id", name=op.f("uq_buddy_membership_id")),
    )
    op.create_index(op.f("ix_buddy_cohort_id"), "buddy", ["cohort_id"], unique=False)
    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("homework_id", sa.Integer(), nullable=False),
        sa.Column("reviewer_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("works", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("suggestion", sa.String(), nullable=False),
        sa.Column("assigned_at", Utc(), nullable=False),
        sa.Column("at", Utc(), nullable=True),
        _link("review", "homework_id", "homework"),
        _link("review", "reviewer_id", "membership"),
        _link("review", "author_id", "membership"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint(
            "homework_id", "reviewer_id", "author_id", name=op.f("uq_review_homework_id_reviewer_id_author_id")
        ),
    )
    op.create_index(op.f("ix_review_reviewer_id"), "review", ["reviewer_id"], unique=False)
    op.create_index(op.f("ix_review_author_id"), "review", ["author_id"], unique=False)
    op.create_table(
        "promise",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open", "kept", "not-yet", name="promisestate", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("said_at", Utc(), nullable=True),
        _link("promise", "session_id", "session"),
        _link("promise", "membership_id", "membership"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
        sa.UniqueConstraint("session_id", "membership_id", name=op.f("uq_promise_session_id_membership_id")),
    )
    op.create_index(op.f("ix_promise_membership_id"), "promise", ["membership_id"], unique=False)
    op.create_table(
        "ownprompt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("ask", sa.String(), nullable=False),
        sa.Column("due_at", Utc(), nullable=False),
        _link("ownprompt", "cohort_id", "cohort"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ownprompt")),
        sa.UniqueConstraint("cohort_id", "key", name=op.f("uq_ownprompt_cohort_id_key")),
    )
    with op.batch_alter_table("homework") as homework:
        homework.add_column(sa.Column("ask", sa.String(), nullable=True))
    op.execute("UPDATE homework SET ask = ''")
    with op.batch_alter_table("homework") as homework:
        homework.alter_column("ask", existing_type=sa.String(), nullable=False)


def _link(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{to}")
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete="CASCADE")
