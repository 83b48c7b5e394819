"""Rounds that begin and end by themselves, how people get into their rooms, and lines that one person alone sees."""

import sqlalchemy as sa
from alembic import op

from cohorts.store import Utc

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KINDS = ("post", "edit", "room", "invite", "remove", "upload", "bookmark", "event", "group", "ungroup")
STYLES = ("voice", "numbered", "links", "dm", "rooms")


def _names(enum: str, *names: str) -> sa.Enum:
    return sa.Enum(*names, name=enum, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    with op.batch_alter_table("effect") as effect:
        effect.alter_column(
            "kind", existing_type=_names("effectkind", *KINDS), type_=_names("effectkind", *KINDS, "whisper")
        )
    with op.batch_alter_table("breakout") as breakout:
        breakout.add_column(sa.Column("ends_at", Utc(), nullable=True))
        breakout.add_column(sa.Column("closed_at", Utc(), nullable=True))
        breakout.add_column(sa.Column("style", _names("style", *STYLES), nullable=True))
        breakout.add_column(sa.Column("revision", sa.Integer(), nullable=True))
    op.execute("UPDATE breakout SET revision = 0")
    with op.batch_alter_table("breakout") as breakout:
        breakout.alter_column("revision", existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table("seat") as seat:
        seat.add_column(sa.Column("gone_at", Utc(), nullable=True))
        seat.add_column(sa.Column("back_at", Utc(), nullable=True))
        seat.add_column(sa.Column("revision", sa.Integer(), nullable=True))
    op.execute("UPDATE seat SET revision = 0")
    with op.batch_alter_table("seat") as seat:
        seat.alter_column("revision", existing_type=sa.Integer(), nullable=False)
    op.create_table(
        "arrangement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rooms", sa.String(length=20), nullable=False),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrangement")),
    )


def downgrade() -> None:
    op.drop_table("arrangement")
    with op.batch_alter_table("seat") as seat:
        seat.drop_column("revision")
        seat.drop_column("back_at")
        seat.drop_column("gone_at")
    with op.batch_alter_table("breakout") as breakout:
        for name in ("revision", "style", "closed_at", "ends_at"):
            breakout.drop_column(name)
