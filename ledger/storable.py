"""Values as every part of the ledger can hold them.

PostgreSQL refuses NUL in text and JSON; canonical JSON (RFC 8785) has no lone surrogates and no
integers beyond 2^53. Both can arrive in a sender's payload or a vendor's answer, and neither may
keep an alert or a step from being stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import JSON, Dialect, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LARGEST = 2**53 - 1


def storable(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value without what cannot be stored.

    In text it becomes U+FFFD; a huge integer becomes text.
    """
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST else str(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


class DocumentType(TypeDecorator[Any]):
    """JSON; JSONB on PostgreSQL."""

    impl = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401, ARG002
        """Clean a value on its way in."""
        return storable(value)


class TextType(TypeDecorator[str]):
    """Text of any length."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Clean a value on its way in."""
        return None if value is None else _UNSTORABLE.sub("\ufffd", value)
