"""Messages that stay on top of their room, and links that stay with it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KINDS = ("post", "edit", "room", "invite", "remove", "upload")


def _kinds(*names: str) -> sa.Enum:
    return sa.Enum(*names, name="effectkind", native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    with op.batch_alter_table("effect") as effect:
        effect.add_column(sa.Column("pin", sa.Boolean(), nullable=False, server_default=sa.false()))
        effect.alter_column("kind", existing_type=_kinds(*KINDS), type_=_kinds(*KINDS, "bookmark"))
    with op.batch_alter_table("effect") as effect:
        effect.alter_column("pin", server_default=None)
