"""What every part of the settings tree is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, AnyHttpUrl, BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class Section(BaseModel):
    """A part of the tree: unknown keys are errors, so that a typo never goes unnoticed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        allow_inf_nan=False,  # a bound lets "nan" through
        hide_input_in_errors=True,  # a refused secret must not stand in a traceback
    )


def _origin(url: AnyHttpUrl) -> AnyHttpUrl:
    if url.path not in (None, "", "/") or url.query or url.fragment:
        raise ValueError("give scheme, host and port only, for example https://rescind.example.com")
    return url


#: The address of a server, without a path.
ServerUrl = Annotated[AnyHttpUrl, AfterValidator(_origin)]
