"""The settings as they are in effect, for people: secrets masked, each with where it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr
from pydantic.networks import AnyHttpUrl

from config import schema
from config.problems import Key, dotted

MASK = "********"

Shown = str | int | float | bool | None | list["Shown"] | dict[str, "Shown"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value in effect. ``value`` is safe to show."""

    key: Key
    value: Shown
    source: str

    @property
    def name(self) -> str:
        """The key as people write it."""
        return dotted(self.key)


def leaves(value: object, key: Key = ()) -> Iterator[tuple[Key, Shown]]:
    """Yield each value of the tree below ``key``, masked. An empty table counts as a value."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from leaves(getattr(value, name), (*key, name))
    elif isinstance(value, dict) and value:
        for name, item in value.items():
            yield from leaves(item, (*key, name))
    elif isinstance(value, tuple | list) and any(isinstance(item, BaseModel) for item in value):
        for number, item in enumerate(value):
            yield from leaves(item, (*key, number))
    else:
        yield key, _shown(value, key)


def _shown(value: Any, key: Key) -> Shown:  # noqa: ANN401 - whatever the tree holds
    if isinstance(value, SecretStr):
        spot = schema.at(key)
        secret = value.get_secret_value()
        return masked_url(secret) if spot and spot.is_connection else MASK
    if isinstance(value, AnyHttpUrl):
        return masked_url(str(value))
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, tuple | list):
        return [_shown(item, key) for item in value]
    if isinstance(value, dict):
        return {}
    return value if isinstance(value, str | int | float | bool) else None


def masked_url(url: str) -> str:
    """Return a URL without what may be secret in it: password, lone user name, query, fragment."""
    try:
        parts = urlsplit(url)
        user, password = parts.username, parts.password
    except ValueError:
        return MASK
    if not parts.scheme or not url.lower().startswith(f"{parts.scheme}://"):
        return MASK
    host = parts.netloc.rpartition("@")[2]
    if password is not None:
        host = f"{user or ''}:{MASK}@{host}"
    elif user is not None:
        host = f"{MASK}@{host}"
    query, fragment = f"?{MASK}" if parts.query else "", f"#{MASK}" if parts.fragment else ""
    return f"{parts.scheme}://{host}{parts.path}{query}{fragment}"
