"""Parameters of a playbook: what they are unless the settings say otherwise, and what they may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt, model_validator
from pydantic_core import PydanticCustomError

Scalar = str | int | bool

_SHAPE = "give text, a whole number, true or false, or a mapping with default"


class Parameter(BaseModel):
    """One parameter; in the file just its default where whatever has that type is right.

    Right is what is among ``choices``, or a whole number from ``min`` to ``max``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: Scalar
    choices: tuple[Scalar, ...] = ()
    minimum: StrictInt | None = Field(None, alias="min")
    maximum: StrictInt | None = Field(None, alias="max")

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, value: object) -> object:
        if isinstance(value, Mapping):
            return value
        if not isinstance(value, Scalar):
            raise PydanticCustomError("shape", _SHAPE)
        return {"default": value}

    @property
    def right(self) -> str:
        """What a value may be, in words; empty where any of the type is right."""
        parts = [" or ".join(str(choice) for choice in self.choices)] if self.choices else []
        if self.minimum is not None and self.maximum is not None:
            parts.append(f"{self.minimum} to {self.maximum}")
        elif self.minimum is not None:
            parts.append(f"at least {self.minimum}")
        elif self.maximum is not None:
            parts.append(f"at most {self.maximum}")
        return ", or ".join(parts)

    def allows(self, value: Scalar) -> bool:
        """Tell whether a value of the right type is within the limits."""
        if not self.right or value in self.choices:
            return True
        if not isinstance(value, int) or (self.minimum is None and self.maximum is None):
            return False
        above = self.minimum is None or value >= self.minimum
        return above and (self.maximum is None or value <= self.maximum)

    def contradictions(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Name the places within the parameter that cannot be meant, and what is wrong there."""
        wanted = type(self.default)
        for index, choice in enumerate(self.choices):
            if type(choice) is not wanted:
                yield ("choices", index), f"not a {wanted.__name__}, as the default is"
        for key, limit in (("min", self.minimum), ("max", self.maximum)):
            if limit is not None and wanted is not int:
                yield (key,), f"only a whole number has a {key}"
                return
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            yield ("min",), f"{self.minimum} is more than max, {self.maximum}"
        elif not self.allows(self.default):
            yield ("default",), f"{self.default!r} is not allowed; right would be: {self.right}"


@dataclass(frozen=True, slots=True)
class ParameterFault:
    """One value of the settings that a playbook cannot take: which, what is wrong, what is right."""

    name: str
    what: str
    right: str


def faults(declared: Mapping[str, Parameter], given: Mapping[str, Any]) -> list[ParameterFault]:
    """Return what is wrong with the values ``given`` for the parameters ``declared``."""
    found = []
    for name, value in given.items():
        parameter = declared.get(name)
        if parameter is None:
            known = ", ".join(declared) or "none"
            found.append(ParameterFault(name, "no parameter of this playbook", known))
        elif type(value) is not type(parameter.default):
            wanted = type(parameter.default).__name__
            right = f"a {wanted}, as its default {parameter.default!r}"
            found.append(ParameterFault(name, f"not a {wanted}", right))
        elif not parameter.allows(value):
            found.append(ParameterFault(name, f"{value!r} is not allowed", parameter.right))
    return found
