"""What every answer carries, and which requests from browsers are refused unread.

The same-origin check follows OWASP's CSRF guidance on Fetch Metadata and the Fetch standard's
Origin header: no tokens in forms, so no page has to be rendered to be allowed to post.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.settings import Web

_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_PERMISSIONS_POLICY = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), payment=(), usb=()"
)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def served_over_https(web: Web) -> bool:
    """Tell whether people reach the console over HTTPS."""
    return web.public_url is not None and web.public_url.scheme == "https"


class SecureHeaders:
    """ASGI middleware: the security headers on every answer, errors included."""

    def __init__(self, app: ASGIApp, web: Web) -> None:
        """``web`` says how the console is reached."""
        self._app = app
        https = served_over_https(web)
        self._headers = {
            "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
            "X-Content-Type-Options": "nosniff",
            # Under no-referrer browsers send "Origin: null" with a form, and over plain HTTP they
            # send no Sec-Fetch-Site either: then nothing would be left to tell whose form it is.
            "Referrer-Policy": "no-referrer" if https else "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": _PERMISSIONS_POLICY,
            "X-Robots-Tag": "noindex, nofollow",
        }
        if https:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and dress its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, dressed)


class SameOrigin:
    """ASGI middleware: an unsafe request is passed on only if our own pages sent it."""

    def __init__(self, app: ASGIApp, web: Web, refused: ASGIApp, exempt: Iterable[str]) -> None:
        """Build the check.

        Args:
            app: what is protected.
            web: says how the console is reached.
            refused: answers what is not passed on.
            exempt: beginnings of paths that take no cookie and prove their origin otherwise.
        """
        self._app = app
        self._refused = refused
        self._exempt = tuple(exempt)
        self._public = _authority(str(web.public_url)) if web.public_url else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it before anything of it is read."""
        if scope["type"] != "http" or self._passes(scope):
            await self._app(scope, receive, send)
        else:
            await self._refused(scope, receive, send)

    def _passes(self, scope: Scope) -> bool:
        if scope["method"] in _SAFE_METHODS or scope["path"].startswith(self._exempt):
            return True
        headers = Headers(scope=scope)
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")  # none: typed in by the person herself
        origin = headers.get("origin")
        if origin is None:
            return False
        sender = _authority(origin)
        return sender is not None and sender in (headers.get("host", "").lower(), self._public)


def _authority(origin: str) -> str | None:
    """Return host and port as a Host header would hold them; None where it is no web origin."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return host if port in (None, usual) else f"{host}:{port}"
