"""Rendering. Alert text is written by whoever attacks: it is escaped, and cannot hide or reorder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from web.auth import Visitor
from web.console.clock import moment, span
from web.console.outcomes import purpose

#: No single value needs more characters than this to be understood.
MAX_SHOWN = 2000

# Controls, and the marks that reverse or hide text: a name must read as it is.
_DECEPTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\U000e0000-\U000e007f]"
)


def _honest(value: object) -> object:
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    shown = value if len(value) <= MAX_SHOWN else value[:MAX_SHOWN] + " […]"
    return _DECEPTIVE.sub("\N{REPLACEMENT CHARACTER}", shown)


class Pages:
    """The templates."""

    def __init__(self) -> None:
        """Load them from the package."""
        self._environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_honest,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["moment"] = moment
        self._environment.filters["span"] = span
        self._environment.filters["purpose"] = purpose

    def page(
        self, name: str, visitor: Visitor | None, *, status: int = 200, **context: Any
    ) -> HTMLResponse:
        """Render a page.

        Args:
            name: the template's file name.
            visitor: who looks at it, None where nobody has signed in.
            status: the HTTP status.
            context: what the template speaks of.
        """
        template = self._environment.get_template(name)
        return HTMLResponse(template.render(visitor=visitor, **context), status_code=status)

    def notice(
        self, visitor: Visitor | None, status: int, title: str, detail: str, remedy: str = ""
    ) -> HTMLResponse:
        """Render a page that only says something: an error, or why something was not done."""
        return self.page(
            "notice.html", visitor, status=status, title=title, detail=detail, remedy=remedy
        )
