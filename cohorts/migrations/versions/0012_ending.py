"""The end of a program: the leader's letter, words for the ritual, lines for the world, the reunion and its wins."""

import sqlalchemy as sa
from alembic import op

from cohorts.store import Utc

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _kinds(*names: str) -> sa.Enum:
    return sa.Enum(*names, name="sessionkind", native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    kinds = ("session", "office_hours")
    with op.batch_alter_table("session") as session:
        session.alter_column("kind", existing_type=_kinds(*kinds), type_=_kinds(*kinds, "reunion"))
    op.create_table(
        "win",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("share", sa.Boolean(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_win_membership_id_membership"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_win")),
        sa.UniqueConstraint("membership_id", name=op.f("uq_win_membership_id")),
    )
    op.create_table(
        "leaderletter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("approved", sa.String(length=32), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["approved_by_id"],
            ["person.id"],
            name=op.f("fk_leaderletter_approved_by_id_person"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohort.id"], name=op.f("fk_leaderletter_cohort_id_cohort"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaderletter")),
        sa.UniqueConstraint("cohort_id", name=op.f("uq_leaderletter_cohort_id")),
    )
    op.create_index(op.f("ix_leaderletter_approved_by_id"), "leaderletter", ["approved_by_id"], unique=False)
    op.create_table(
        "ceremonyline",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["membership.id"],
            name=op.f("fk_ceremonyline_membership_id_membership"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ceremonyline")),
        sa.UniqueConstraint("membership_id", name=op.f("uq_ceremonyline_membership_id")),
    )
    op.create_table(
        "testimonial",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["membership.id"],
            name=op.f("fk_testimonial_membership_id_membership"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_testimonial")),
        sa.UniqueConstraint("membership_id", name=op.f("uq_testimonial_membership_id")),
    )
    op.create_table(
        "testimonialtext",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("posted_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohort.id"], name=op.f("fk_testimonialtext_cohort_id_cohort"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_testimonialtext")),
        sa.UniqueConstraint("cohort_id", name=op.f("uq_testimonialtext_cohort_id")),
    )
