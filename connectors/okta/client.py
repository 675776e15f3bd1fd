"""Okta's management API for one organization: plain JSON in and out, every request by the door."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from config.tenants import Okta
from connectors import errors
from connectors.clock import http_date
from connectors.door import Answer, Call, Door, Journal, Transport, Way
from connectors.okta.addresses import fill, next_page
from connectors.okta.failures import request_id

if TYPE_CHECKING:
    from connectors.okta.executor import Executor, Reply

_MOST_PAGES = 100
#: What is granted to a service app; the permissions of admin roles have more parts.
_SCOPE = re.compile(r"okta\.[A-Za-z]+\.(?:read|manage)")
_FAMILY = re.compile(r"/api/v1/users/\{user\}/(\w+)")
_OUTSIDE_USERS = re.compile(r"/(?:api|oauth2)/v1/(?!users\b)([\w-]+)")


@dataclass(frozen=True, slots=True)
class Listing:
    """A list, and Okta's clock when its last page was answered; ``cut``: it goes on."""

    items: tuple[Any, ...]
    date: datetime | None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. ``following`` is the query of the next one, None where there is none."""

    items: tuple[Any, ...]
    following: str | None


class OktaClient:
    """Sends requests to one Okta organization. Lives on one event loop; safe to share there."""

    def __init__(self, tenant: str, settings: Okta, door: Door) -> None:
        """Build the client; nothing is sent.

        Loads the Okta SDK, which takes a second or more: build it while the process starts.

        Args:
            tenant: the tenant's name, as the audit log shall say it.
            settings: the organization's address and credential.
            door: the process's way out.

        Raises:
            errors.Refused: where the address may not be used.
            errors.Unauthenticated: where the credential is not complete.
        """
        # Imported here so that listing actions and checking playbooks need not wait for the SDK.
        from connectors.okta.credentials import credential, origin  # noqa: PLC0415
        from connectors.okta.executor import Executor  # noqa: PLC0415

        self.tenant = tenant
        self.origin = origin(settings)
        #: The service app we sign in as, None with an API token.
        self.client_id = settings.client_id if settings.private_key else None
        self._door = door
        known_as = credential(settings)
        self._scopes: tuple[str, ...] | None = getattr(known_as, "scopes", None)
        self._executor: Executor = Executor(self.origin, known_as, door.policy.call_timeout_s)

    async def get(self, path: str, params: Mapping[str, str]) -> Answer:
        """Read ``path``, a template that ``params`` fills.

        Raises:
            errors.ConnectorError: the classified failure.
        """
        return await self._read(Call("okta", self.tenant, "GET", path, params, _bucket(path)))

    async def get_all(
        self,
        path: str,
        params: Mapping[str, str],
        most: int | None = None,
        *,
        within: str | None = None,
    ) -> Listing:
        """Read a list with all its pages, or as many as it takes to have ``most`` items.

        Args:
            path: a template that ``params`` fills.
            params: a value for each place.
            most: how many items are wanted; all, where it is not given.
            within: the key of the answer under which the list stands, where Okta wraps it; the next
                page's address stands beside it then.

        Raises:
            errors.Refused: where a page's link leads elsewhere, or the list does not end.
            errors.ConnectorError: the classified failure.
        """
        call = Call("okta", self.tenant, "GET", path, params, _bucket(path))
        items: list[Any] = []
        address: str | None = self._address(call)
        for _ in range(_MOST_PAGES):
            answer = await self._read(call, address)
            found, link = answer.body, answer.headers.get("link", "")
            if within is not None and isinstance(answer.body, dict):
                found, link = answer.body.get(within), _wrapped_link(answer.body) or link
            if not isinstance(found, list):
                raise errors.Unavailable("the answer is not a list", status=answer.status)
            items += found
            address = next_page(link, address or "")
            if address is None or (most is not None and len(items) >= most):
                return Listing(tuple(items[:most]), answer.date, cut=address is not None)
        raise errors.Refused("the list does not end")

    async def page(
        self, path: str, params: Mapping[str, str], following: str | None = None
    ) -> Page:
        """Read one page of a list: the first, or the one that an earlier page has called ``following``.

        Raises:
            errors.Refused: where the next page's link leads elsewhere.
            errors.ConnectorError: the classified failure.
        """
        call = Call("okta", self.tenant, "GET", path, params, _bucket(path))
        address = self._address(call)
        if following is not None:
            address = f"{address.partition('?')[0]}?{following}"
        answer = await self._read(call, address)
        if not isinstance(answer.body, list):
            raise errors.Unavailable("the answer is not a list", status=answer.status)
        link = next_page(answer.headers.get("link", ""), address)
        return Page(tuple(answer.body), urlsplit(link).query if link else None)

    def granted(self, permissions: Sequence[str]) -> frozenset[str] | None:
        """What of ``permissions`` our credential has; None where it does not tell (an API token).

        A service app tells its scopes; what its admin role allows shows only when it is tried.
        """
        if self._scopes is None:
            return None
        roles = (each for each in permissions if _SCOPE.fullmatch(each) is None)
        return frozenset((*self._scopes, *roles))

    async def change(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        journal: Journal,
        *,
        body: Mapping[str, Any] | None = None,
        answered: bool = False,
    ) -> Answer:
        """Send one change, recorded in ``journal``. The answer's body is dropped unread.

        A body of Okta's may hold a secret (``reset_password`` answers with a link that sets a new
        password), and what was changed is read back anyway. ``body`` leaves as it is, empty lists
        and keys unknown to the SDK included; it is not recorded.

        Args:
            method: the HTTP method.
            path: a template that ``params`` fills.
            params: recorded with the path; what no place names says whom the change is about.
            journal: where it is recorded.
            body: sent as JSON; not recorded.
            answered: whether the answer's body is wanted all the same, to hand its secret over.

        Raises:
            errors.UnknownOutcome: where no answer says whether it happened.
            errors.ConnectorError: the classified failure.
        """
        call = Call(
            "okta", self.tenant, method, path, params, _bucket(path, write=True), write=True
        )
        address = self._address(call)

        def understood(reply: Reply) -> Answer:
            if reply.text and "json" not in reply.headers.get("Content-Type", ""):
                raise errors.UnknownOutcome("somebody else than Okta answered", status=reply.status)
            return _answer(reply, _decoded_or_none(reply) if answered else None)

        return await self._door.send(call, self._way(method, address, understood, body), journal)

    def alone(self, thing: str, journal: Journal) -> AbstractAsyncContextManager[Journal]:
        """Be the only one that changes ``thing`` of this organization; record in what is given.

        Raises:
            errors.Busy: others change it for longer than a worker may be held up.
        """
        return self._door.alone(f"okta {self.origin} {thing}", journal)

    async def warm(self) -> Answer:
        """Fetch the OAuth token where one is used, and open a connection by one harmless read.

        Raises:
            errors.ConnectorError: where Okta cannot be reached or does not know us.
        """
        await self._executor.sign_in()
        return await self.get("/api/v1/users?limit={limit}", {"limit": "1"})

    async def close(self) -> None:
        """Close the connections."""
        await self._executor.close()

    async def _read(self, call: Call, address: str | None = None) -> Answer:
        url = address or self._address(call)

        def understood(reply: Reply) -> Answer:
            return _answer(reply, _decoded(reply))

        return await self._door.send(call, self._way("GET", url, understood))

    def _way(
        self,
        method: str,
        url: str,
        understood: Callable[[Reply], Answer],
        body: Mapping[str, Any] | None = None,
    ) -> Way:
        @asynccontextmanager
        async def way() -> AsyncIterator[Transport]:
            async with self._executor.way(method, url, body) as fire:

                async def attempt() -> Answer:
                    return understood(await fire())

                yield attempt

        return way

    def _address(self, call: Call) -> str:
        return self.origin + fill(call.path, call.params)


def _bucket(path: str, *, write: bool = False) -> str:
    """Name Okta's rate-limit bucket: by endpoint family, reads and changes apart.

    Source: recorded ``X-Rate-Limit-Limit`` headers, and Okta's published management limits, which
    are kept by the longest matching path and count GET and the changing methods apart. So neither
    reading too much nor removing many factors holds back the end of the next person's sessions.
    """
    family = _FAMILY.match(path) or _OUTSIDE_USERS.match(path)
    name = family[1] if family else "user" if path == "/api/v1/users/{user}" else "users"
    return f"{name}-changes" if write else name


def _wrapped_link(body: Mapping[str, Any]) -> str:
    """The next page's address as a ``Link`` header would have it; empty where there is none."""
    links = body.get("_links")
    following = links.get("next") if isinstance(links, dict) else None
    href = following.get("href") if isinstance(following, dict) else None
    return f'<{href}>; rel="next"' if isinstance(href, str) else ""


def _decoded(reply: Reply) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(reply.text)
    except ValueError:
        raise errors.Unavailable(
            "the answer is not JSON", status=reply.status, request_id=request_id(reply.headers)
        ) from None


def _decoded_or_none(reply: Reply) -> Any:  # noqa: ANN401 - JSON
    """A change was made, whatever its answer looks like."""
    try:
        return json.loads(reply.text)
    except ValueError:
        return None


def _answer(reply: Reply, body: Any) -> Answer:  # noqa: ANN401 - JSON
    headers = {
        name.lower(): ", ".join(reply.headers.getall(name))
        for name in reply.headers
        if name.lower() != "set-cookie"
    }
    return Answer(
        status=reply.status,
        headers=headers,
        body=body,
        request_id=request_id(reply.headers),
        date=http_date(reply.headers.get("Date")),
    )
