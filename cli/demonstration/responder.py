"""A scripted responder: follows the link from chat, signs in, reads the plan, decides.

She uses the real console over HTTP, as a browser would: pages by GET, decisions by POST.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx


class ConsoleRefused(Exception):
    """The console did not let the responder do what she came for."""


@dataclass(frozen=True, slots=True)
class Responder:
    """A person with an account in the console."""

    name: str
    password: str

    def approve(self, link: str, *, typed_name: str, reason: str) -> None:
        """Approve the plan behind ``link``, typing the target's sign-in name where it is asked.

        Raises:
            ConsoleRefused: where a page is not what she expects.
        """
        with httpx.Client(follow_redirects=True, timeout=10, trust_env=False) as browser:
            origin = f"{httpx.URL(link).scheme}://{httpx.URL(link).netloc.decode()}"
            browser.headers.update({"Origin": origin, "Sec-Fetch-Site": "same-origin"})
            page = browser.get(link)
            form = _form(page, "password")
            fields = form.fields | {"name": self.name, "password": self.password}
            page = browser.post(urljoin(str(page.url), form.action), data=fields)
            form = _form(page, "plan_hash", decision="approve")
            fields = form.fields | {"decision": "approve", "reason": reason}
            if "typed_name" in form.fields:
                fields["typed_name"] = typed_name
            page = browser.post(urljoin(str(page.url), form.action), data=fields)
            if page.status_code != 200:
                raise ConsoleRefused(f"deciding: HTTP {page.status_code}")


def link_in(text: str) -> str | None:
    """Return the first approval link in a chat message."""
    found = re.search(r"https?://\S+/approvals/\S+", text)
    return found.group(0) if found else None


@dataclass(slots=True)
class _Form:
    action: str
    fields: dict[str, str]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self._open: _Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = _Form(found.get("action", ""), {})
            self.forms.append(self._open)
        elif tag in ("input", "textarea", "button") and self._open and "name" in found:
            self._open.fields[found["name"]] = found.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def _form(page: httpx.Response, field: str, **values: str) -> _Form:
    if page.status_code != 200:
        raise ConsoleRefused(f"{page.url.path}: HTTP {page.status_code}")
    parser = _Forms()
    parser.feed(page.text)
    for form in parser.forms:
        matches = all(form.fields.get(name) == value for name, value in values.items())
        if field in form.fields and matches:
            return form
    raise ConsoleRefused(f"{page.url.path}: no form with {field}")
