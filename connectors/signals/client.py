"""One tenant's transmitter, as the actions use it: send a token, ask an app to log a person out."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from config.signals import EventName, Recipient, Signals
from connectors import errors
from connectors.door import Answer, Call, Door, Journal, Transport
from connectors.signals import failures, tokens

if TYPE_CHECKING:
    from connectors.signals.keys import SigningKey
    from connectors.signals.wire import Reply, Wire

Json = dict[str, Any]


class SignalsClient:
    """Talks to the recipients of one tenant through the door. One per process and tenant."""

    def __init__(self, tenant: str, settings: Signals, door: Door) -> None:
        """Keep the settings; key and HTTP client are loaded when first needed, or by ``warm``."""
        self.tenant = tenant
        self.settings = settings
        self._door = door
        self._opening = asyncio.Lock()
        self._open: tuple[SigningKey, Wire] | None = None

    async def send(
        self,
        name: str,
        event: EventName,
        subject: Json,
        details: Mapping[str, Any],
        *,
        jti: str,
        at: int,
        txn: str | None,
        journal: Journal,
    ) -> Answer:
        """Push one security event token to the receiver ``name``; the same one if asked again.

        Raises:
            errors.Refused: there is no such receiver.
            errors.ConnectorError: the classified failure; ``errors.UnknownOutcome`` where the
                receiver may have taken it.
        """
        receiver = self.settings.receivers.get(name)
        if receiver is None:
            raise _gone(name)
        claims = tokens.set_claims(
            self.settings.issuer, receiver, subject, event, details, jti=jti, at=at, txn=txn
        )
        key, _ = await self._opened()
        content = key.sign(claims, tokens.SET_KIND).encode()
        headers = {
            "Content-Type": "application/secevent+jwt",
            "Accept": "application/json",
            **_authorization(receiver),
        }
        params = {"receiver": name, "event": event, "jti": jti}
        return await self._post(name, receiver, params, lambda: headers, content, journal)

    async def log_out(self, name: str, subject: Json, journal: Journal) -> Answer:
        """Ask the revocation endpoint ``name`` to end all a person holds there.

        Raises:
            errors.Refused: there is no such endpoint.
            errors.NotFound: it knows no such person, or there is nothing at that address.
            errors.ConnectorError: the classified failure.
        """
        endpoint = self.settings.revocation_endpoints.get(name)
        if endpoint is None:
            raise _gone(name)
        key, _ = await self._opened()

        def headers() -> dict[str, str]:
            given = _authorization(endpoint)
            if not given:
                claims = tokens.bearer_claims(self.settings.issuer, endpoint, int(time.time()))
                given = {"Authorization": f"Bearer {key.sign(claims, tokens.BEARER_KIND)}"}
            return {"Content-Type": "application/json", "Accept": "application/json", **given}

        content = json.dumps({endpoint.member: subject}).encode()
        return await self._post(name, endpoint, {"endpoint": name}, headers, content, journal)

    async def look(self) -> None:
        """See that the key can be used and that every recipient answers, whatever it says.

        Raises:
            errors.ConnectorError: the first that does not.
        """
        await self._opened()
        recipients = self._recipients().items()
        looks = (self._look(name, recipient) for name, recipient in recipients)
        for failure in await asyncio.gather(*looks, return_exceptions=True):
            if isinstance(failure, BaseException):
                raise failure

    async def close(self) -> None:
        """Close connections; a later call opens them again."""
        opened, self._open = self._open, None
        if opened is not None:
            await opened[1].close()

    async def _look(self, name: str, recipient: Recipient) -> None:
        url = str(recipient.url)
        call = Call("signals", self.tenant, "HEAD", url, {"recipient": name}, bucket=name)
        try:
            await self._send(name, call, dict, None)
        except errors.Unavailable as error:
            remedy = f"Check the url of {name}, and the network."
            raise errors.Unavailable(error.detail, remedy=remedy) from None

    async def _post(
        self,
        name: str,
        recipient: Recipient,
        params: Mapping[str, str],
        headers: Callable[[], Mapping[str, str]],
        content: bytes,
        journal: Journal,
    ) -> Answer:
        # one recipient that is throttling holds no other back
        call = Call(
            "signals", self.tenant, "POST", str(recipient.url), params, bucket=name, write=True
        )
        return await self._send(name, call, headers, content, journal)

    async def _send(
        self,
        name: str,
        call: Call,
        headers: Callable[[], Mapping[str, str]],
        content: bytes | None,
        journal: Journal | None = None,
    ) -> Answer:
        _, wire = await self._opened()
        from connectors.signals.wire import Outgoing  # noqa: PLC0415 - loaded by now

        @asynccontextmanager
        async def way() -> AsyncIterator[Transport]:
            # built anew for each attempt: a bearer token is taken once
            outgoing = Outgoing(call.method, call.path, headers(), content, call.write)
            async with wire.way(outgoing) as exchange:

                async def attempt() -> Answer:
                    reply = await _answered(name, exchange)
                    return failures.understand(
                        name, reply.status, reply.headers, reply.content, write=call.write
                    )

                yield attempt

        return await self._door.send(call, way, journal)

    def _recipients(self) -> dict[str, Recipient]:
        return {**self.settings.receivers, **self.settings.revocation_endpoints}

    async def _opened(self) -> tuple[SigningKey, Wire]:
        async with self._opening:
            if self._open is None:
                key, wire = await asyncio.to_thread(_load)
                self._open = (key(self.settings), wire(self._door.policy.call_timeout_s))
            return self._open


async def _answered(name: str, exchange: Callable[[], Awaitable[Reply]]) -> Reply:
    """Send, and say whose answer is missing where none comes."""
    try:
        return await exchange()
    except (errors.Unavailable, errors.UnknownOutcome) as error:
        raise type(error)(f"{name}: {error.detail}") from None


def _load() -> tuple[type[SigningKey], type[Wire]]:
    # In a thread, so that the event loop goes on while the libraries are loaded.
    from connectors.signals.keys import SigningKey  # noqa: PLC0415 - see above
    from connectors.signals.wire import Wire  # noqa: PLC0415

    return SigningKey, Wire


def _authorization(recipient: Recipient) -> dict[str, str]:
    secret = recipient.authorization
    return {"Authorization": secret.get_secret_value()} if secret is not None else {}


def _gone(name: str) -> errors.Refused:
    return errors.Refused(
        f"{name} is not in the settings any more", remedy="Put it back, or tell it by hand."
    )
