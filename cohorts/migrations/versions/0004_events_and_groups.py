"""Effects beside messages: calendar entries, and small groups that begin and end."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KINDS = ("post", "edit", "room", "invite", "remove", "upload", "bookmark")


def _kinds(*names: str) -> sa.Enum:
    return sa.Enum(*names, name="effectkind", native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    with op.batch_alter_table("effect") as effect:
        effect.alter_column("kind", existing_type=_kinds(*KINDS), type_=_kinds(*KINDS, "event", "group", "ungroup"))
