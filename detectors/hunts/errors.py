"""What can be wrong with a hunt; the message says it, ``remedy`` what a person should do."""

from __future__ import annotations


class HuntError(Exception):
    """A hunt cannot be made."""

    remedy = ""

    def __init__(self, said: str = "", remedy: str = "") -> None:
        """Say what is wrong (``said``) and what would be right (``remedy``)."""
        super().__init__(said or (type(self).__doc__ or "").strip())
        self.remedy = remedy or self.remedy


class UnknownHunt(HuntError):
    """There is no hunt of this name."""

    remedy = "`rescind hunt --list` lists them."


class BadTunable(HuntError):
    """A tunable has no such name or cannot have this value."""

    remedy = "`rescind hunt --explain NAME` lists a hunt's tunables."


class NothingToRead(HuntError):
    """No row of a shape that is known was found in the logs."""

    remedy = "docs/hunting.md names the shapes that are understood."
