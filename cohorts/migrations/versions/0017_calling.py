"""Who was heard, who would rather listen, how each session began, and what is said without a name."""

import sqlalchemy as sa
from alembic import op

from cohorts.store import Utc

revision = "0017"
down_revision = "0016"
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
    _unnamed()


def _unnamed() -> None:
    op.create_table(
        "unnamed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("since", Utc(), nullable=False),
        sa.Column("until", Utc(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_unnamed_session_id_session"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unnamed")),
    )
    op.create_index(op.f("ix_unnamed_session_id"), "unnamed", ["session_id"], unique=False)
    op.create_table(
        "unnamedwords",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("unnamed_id", sa.Integer(), nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("quotable", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_unnamedwords_session_id_session"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["unnamed_id"], ["unnamed.id"], name=op.f("fk_unnamedwords_unnamed_id_unnamed"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unnamedwords")),
    )
    op.create_index(op.f("ix_unnamedwords_session_id"), "unnamedwords", ["session_id"], unique=False)
    op.create_index(op.f("ix_unnamedwords_unnamed_id"), "unnamedwords", ["unnamed_id"], unique=False)
    op.create_table(
        "unnamedvoice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unnamed_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["unnamed_id"], ["unnamed.id"], name=op.f("fk_unnamedvoice_unnamed_id_unnamed"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unnamedvoice")),
        sa.UniqueConstraint("unnamed_id", "mark", name=op.f("uq_unnamedvoice_unnamed_id_mark")),
    )
    op.create_table(
        "tally",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("choice", sa.Integer(), nullable=False),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name=op.f("fk_tally_poll_id_poll"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tally")),
        sa.UniqueConstraint("poll_id", "choice", name=op.f("uq_tally_poll_id_choice")),
    )
    op.create_table(
        "voter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name=op.f("fk_voter_poll_id_poll"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_voter_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voter")),
        sa.UniqueConstraint("poll_id", "person_id", name=op.f("uq_voter_poll_id_person_id")),
    )
    op.create_index(op.f("ix_voter_person_id"), "voter", ["person_id"], unique=False)
    with op.batch_alter_table("poll") as poll:
        poll.add_column(sa.Column("unnamed", sa.Boolean(), nullable=True))
    op.execute("UPDATE poll SET unnamed = false")
    with op.batch_alter_table("poll") as poll:
        poll.alter_column("unnamed", existing_type=sa.Boolean(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("poll") as poll:
        poll.drop_column("unnamed")
    op.drop_index(op.f("ix_voter_person_id"), table_name="voter")
    for name in ("voter", "tally", "unnamedvoice"):
        op.drop_table(name)
    op.drop_index(op.f("ix_unnamedwords_unnamed_id"), table_name="unnamedwords")
    op.drop_index(op.f("ix_unnamedwords_session_id"), table_name="unnamedwords")
    op.drop_table("unnamedwords")
    op.drop_index(op.f("ix_unnamed_session_id"), table_name="unnamed")
    op.drop_table("unnamed")
    op.drop_table("icebreaking")
    op.drop_index(op.f("ix_passing_day"), table_name="passing")
    op.drop_table("passing")
    op.drop_index(op.f("ix_heard_membership_id"), table_name="heard")
    op.drop_index(op.f("ix_heard_session_id"), table_name="heard")
    op.drop_table("heard")
