"""A ledger may move to another database, and keep files that were in folders.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

from passerelle.ledger.column_types import Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("identity", sa.Column("moved", Text(), server_default="", nullable=False))
    op.create_table(
        "kept_files",
        sa.Column("archive", Text(), nullable=False),
        sa.Column("name", Text(), nullable=False),
        sa.Column("kept", Text(), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("archive", "name"),
    )
