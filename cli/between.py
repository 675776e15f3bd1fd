"""What `rescind web` and `rescind worker` need that `rescind serve` does not."""

from __future__ import annotations

import sys

import typer

from config.settings import Settings


def require_broker(settings: Settings) -> None:
    """Exit with 2 where the broker or the database cannot be shared between processes."""
    faults = []
    if settings.broker.url.get_secret_value().startswith("memory"):
        faults.append("broker.url: memory:// ends at this process; give redis://… or amqp://…")
    if settings.database.url.get_secret_value().startswith("sqlite"):
        faults.append("database.url: SQLite is for one process; give postgresql+psycopg://…")
    if faults:
        print("\n".join([*faults, "For one process, use `rescind serve`."]), file=sys.stderr)
        raise typer.Exit(2)
