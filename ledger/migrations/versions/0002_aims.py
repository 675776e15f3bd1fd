"""What a run is for and whom it is about by each account; what a step puts back, or comes after."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)


def upgrade() -> None:
    """Every run so far was a containment, and put back its own changes only."""
    op.add_column(
        "run", sa.Column("aim", sa.String(length=10), server_default="contain", nullable=False)
    )
    op.add_column("step", sa.Column("undoes_run", sa.String(length=36), nullable=True))
    op.add_column(
        "step", sa.Column("lacks", sa.String(length=20), server_default="", nullable=False)
    )
    op.add_column(
        "step_need",
        sa.Column("followed", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "run_account",
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("system", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_account_run_id")),
        sa.PrimaryKeyConstraint("run_id", "system", name=op.f("pk_run_account")),
    )
    op.create_index(
        "ix_run_account_system_account_id", "run_account", ["system", "account_id"], unique=False
    )
    _fill_run_account()


def downgrade() -> None:
    """Refuse: runs of other aims would be taken for containments."""
    raise RuntimeError(
        "Below this revision a run is always a containment; it cannot be gone back to."
    )


def _fill_run_account() -> None:
    run = sa.table("run", sa.column("id"), sa.column("person", _DOCUMENT))
    run_account = sa.table(
        "run_account", sa.column("run_id"), sa.column("system"), sa.column("account_id")
    )
    for run_id, person in op.get_bind().execute(sa.select(run.c.id, run.c.person)).all():
        rows = [
            {"run_id": run_id, "system": account["system"], "account_id": account["id"]}
            for account in person["accounts"]
        ]
        if rows:
            op.bulk_insert(run_account, rows)
