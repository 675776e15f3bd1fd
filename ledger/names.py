"""The one form of an account's name, however it is typed."""

from __future__ import annotations

import unicodedata


def normal(name: str) -> str | None:
    """Return the form in which names are stored and compared; None where it cannot be a name."""
    form = unicodedata.normalize("NFKC", name).strip().lower()
    fit = 1 <= len(form) <= 200 and form.isprintable() and " " not in form
    return form if fit else None
