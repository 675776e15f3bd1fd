"""Why what a person asked for was not begun."""

from __future__ import annotations


class NotContainable(Exception):
    """Nothing can be begun for a person of that name."""

    def __init__(self, reason: str, remedy: str) -> None:
        """Say why, and what would be right."""
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
