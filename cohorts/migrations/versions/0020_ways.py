"""What each platform can do for people who talk beside their room."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "platformways",
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("voice", sa.Boolean(), nullable=False),
        sa.Column("threads", sa.Boolean(), nullable=False),
        sa.Column("call", sa.Boolean(), nullable=False),
        sa.Column("largest_dm", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("platform", name=op.f("pk_platformways")),
    )


def downgrade() -> None:
    op.drop_table("platformways")
