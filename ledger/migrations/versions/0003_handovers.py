"""What waits to be handed over to one person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was handed over before."""
    op.create_table(
        "handover",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("step_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("for_user", sa.String(length=36), nullable=False),
        sa.Column("usable_until", sa.String(length=40), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("gone_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_handover_run_id")),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name=op.f("fk_handover_step_id")),
        sa.ForeignKeyConstraint(
            ["for_user"], ["console_user.id"], name=op.f("fk_handover_for_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    op.create_index("ix_handover_step_id", "handover", ["step_id"], unique=False)
    op.create_index("ix_handover_run_id", "handover", ["run_id"], unique=False)
    op.create_index("ix_handover_state_gone_at", "handover", ["state", "gone_at"], unique=False)


def downgrade() -> None:
    """Refuse: what waits would be lost, and the log tells of it."""
    raise RuntimeError("What waits to be handed over would be lost; it cannot be gone back to.")
