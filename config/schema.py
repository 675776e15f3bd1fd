"""The shape of the tree: which keys there are, what each takes, which hold secrets."""

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from config.problems import Key
from config.settings import MaskPassword, Settings


def _alternatives(annotation: Any, metadata: list[Any]) -> Iterator[Any]:  # noqa: ANN401 - a type form has no type
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        metadata.extend(marks)
        yield from _alternatives(inner, metadata)
    elif origin in (Union, types.UnionType):
        for part in get_args(annotation):
            if part is not type(None):
                yield from _alternatives(part, metadata)
    else:
        yield annotation


class Spot:
    """One place of the tree: what may stand there, whichever of its alternatives is used."""

    def __init__(self, annotation: Any, field: FieldInfo | None = None) -> None:  # noqa: ANN401 - a type form has no type
        """Take a field's annotation, and the field itself where the place is one."""
        self.field = field
        metadata: list[Any] = list(field.metadata) if field else []
        self.alternatives: tuple[Any, ...] = tuple(_alternatives(annotation, metadata))
        self._metadata = metadata

    @property
    def models(self) -> tuple[type[BaseModel], ...]:
        """The tables that may stand here."""
        return tuple(
            found
            for found in self.alternatives
            if isinstance(found, type) and issubclass(found, BaseModel)
        )

    @property
    def is_secret(self) -> bool:
        """Whether a secret stands here."""
        return SecretStr in self.alternatives

    @property
    def is_path(self) -> bool:
        """Whether the path of a file or folder stands here."""
        return Path in self.alternatives

    @property
    def is_connection(self) -> bool:
        """Whether the secret is a connection URL, of which only the password is secret."""
        return any(isinstance(mark, MaskPassword) for mark in self._metadata)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the tables that may stand here."""
        return tuple(dict.fromkeys(key for model in self.models for key in model.model_fields))

    def below(self, key: str | int) -> Spot | None:
        """Return the place ``key`` of this one, or None where there is none."""
        for found in self.alternatives:
            if get_origin(found) is dict and isinstance(key, str):
                return Spot(get_args(found)[1])
            if get_origin(found) in (tuple, list) and isinstance(key, int):
                return Spot(get_args(found)[0])
        for model in self.models:
            field = model.model_fields.get(key) if isinstance(key, str) else None
            if field is not None:
                return Spot(field.annotation, field)
        return None

    def chosen(self, tag: str | int) -> Spot | None:
        """Return the one table whose discriminator is ``tag``, where there are several."""
        for model in self.models if len(self.models) > 1 else ():
            for field in model.model_fields.values():
                if get_origin(field.annotation) is Literal and tag in get_args(field.annotation):
                    return Spot(model, self.field)
        return None


ROOT = Spot(Settings)


def at(key: Key) -> Spot | None:
    """Return the place of ``key`` in the tree, or None where there is none."""
    spot: Spot | None = ROOT
    for part in key:
        spot = spot.below(part) if spot else None
    return spot


def every_key(spot: Spot = ROOT, key: Key = ()) -> Iterator[tuple[Key, Spot]]:
    """Yield each key a value can be given for; ``NAME`` stands for names people choose."""
    for found in spot.alternatives:
        if get_origin(found) is dict:
            yield from every_key(Spot(get_args(found)[1]), (*key, "NAME"))
            return
        if get_origin(found) is tuple and Spot(get_args(found)[0]).models:
            yield from every_key(Spot(get_args(found)[0]), (*key, 0))
            return
    if not spot.models:
        yield key, spot
    seen = set()
    for model in spot.models:
        for name, field in model.model_fields.items():
            if name not in seen:
                seen.add(name)
                yield from every_key(Spot(field.annotation, field), (*key, name))
