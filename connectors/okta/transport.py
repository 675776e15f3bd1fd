"""aiohttp as the Okta SDK may use it: no redirects, no repeats, and no failure that is not told."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
from okta.http_client import HTTPClient
from yarl import URL

from connectors import errors
from connectors.okta.failures import failure, token_failure

_TOKEN_PATH = "/oauth2/v1/token"  # noqa: S105 - a path, not a secret
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class Readable(aiohttp.ClientResponse):
    """An answer whose status is not lost because its body is in no known alphabet."""

    async def text(self, encoding: str | None = None, errors: str = "replace") -> str:
        return await super().text(encoding, errors)


class Guarded:
    """The session as the SDK may use it: no redirects, no proxy of the environment.

    The address goes out exactly as it was built; re-quoting it could change its meaning.
    """

    def __init__(self, session: aiohttp.ClientSession, at_once: aiohttp.ClientTimeout) -> None:
        self._session = session
        self._at_once = at_once

    def request(
        self,
        *,
        method: str,
        url: str,
        headers: dict[str, str],
        data: str | dict[str, str] | None = None,
        **_: object,
    ) -> Any:  # noqa: ANN401 - aiohttp's request context manager has no public name
        return self._session.request(
            method,
            URL(url, encoded=True),
            headers=headers,
            data=data,
            allow_redirects=False,
            # Without a body there is no type to name, and aiohttp would make one up.
            skip_auto_headers=None if data else ("Content-Type",),
            timeout=self._at_once if _is_change(method, url) else self._session.timeout,
        )


def _is_change(method: str, url: str) -> bool:
    return method != "GET" and URL(url, encoded=True).path != _TOKEN_PATH


class Judging(HTTPClient):  # type: ignore[misc]  # the SDK is not followed by the type checker
    """The SDK's HTTP client; raises for whatever is not a success, so that nothing is lost."""

    async def send_request(
        self, request: dict[str, Any]
    ) -> tuple[Any, aiohttp.ClientResponse, str, None]:
        path = URL(request["url"], encoded=True).path
        token = path == _TOKEN_PATH
        write = _is_change(request["method"], request["url"])
        try:
            info, response, text, error = await super().send_request(request)
        except (OSError, ValueError, LookupError) as unread:
            info, response, text, error = None, None, None, unread
        if response is None:
            raise _no_answer(error, write=write)
        if token and not 200 <= response.status < 300:
            raise token_failure(response.status, response.headers, text)
        if not 200 <= response.status < 300:
            raise failure(
                response.status,
                response.headers,
                text,
                write=write,
                lifecycle="/lifecycle/" in path,
            )
        if token and not _is_token(response, text):
            raise errors.Unavailable("the token endpoint answered something else")
        return info, response, text, None


def _no_answer(error: BaseException, *, write: bool) -> errors.ConnectorError:
    detail = type(error).__name__
    if write and not isinstance(error, _NOT_SENT):
        return errors.UnknownOutcome(detail)
    return errors.Unavailable(detail)


def _is_token(response: aiohttp.ClientResponse, text: str) -> bool:
    try:
        body = json.loads(text)
    except ValueError:
        return False
    return (
        response.content_type == "application/json"
        and isinstance(body, dict)
        and isinstance(body.get("access_token"), str)
        and isinstance(body.get("expires_in", 0), int)
    )
