"""The public keys of those who sign security event tokens: fetched, kept, and asked for again.

A key nobody knows yet is asked for at once, but not more often than the rate allows, whoever makes up
key ids. While the issuer does not answer, the last good keys are used: it is the transmitter's alerts
that would be lost.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from config.origins import SecurityEvents
from config.settings import Source
from detectors.keyset import KeySet, UnusableKeys

_log = logging.getLogger(__name__)

#: One look at the issuer's keys, in seconds: the transmitter waits for its answer meanwhile.
_FETCH_S = 5.0
#: A larger document is no key set.
_MOST_BYTES = 262_144
#: Seconds between two looks for a key that nobody knows.
LEAST_BETWEEN_S = 30.0
#: Seconds between two looks where there are no keys at all yet.
_FIRST_AGAIN_S = 2.0
#: After an hour keys are looked at again beside the work, after a day before it.
_AGED_S, _OLD_S = 3600.0, 86_400.0


_UNKNOWN = (
    "the token names a key that is not known, and whether its issuer has it now cannot be told"
)


class KeysUnavailable(Exception):
    """Whether a token is genuine cannot be told now: the issuer's keys cannot be had."""

    remedy = "Send it again later; see the log for why the keys of the issuer cannot be had."

    def __init__(self, retry_after_s: float, why: str = "the issuer's keys cannot be had") -> None:
        """``retry_after_s`` is when they are asked for again, ``why`` a sentence without content."""
        super().__init__(why)
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class _Kept:
    keys: KeySet | None = None
    fetched_at: float = 0.0
    tried_at: float = float("-inf")
    looking: asyncio.Task[None] | None = None


class KeySets:
    """The keys of all sources that prove themselves by signed tokens. Belongs to one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` counts seconds and never goes back."""
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    async def warm(self, sources: Mapping[str, Source]) -> None:
        """Fetch what the first token should not have to wait for; what cannot be had is logged."""
        looks = (
            self._look(name, source.origin)
            for name, source in sources.items()
            if isinstance(source.origin, SecurityEvents)
        )
        await asyncio.gather(*looks)

    async def known(self, name: str, origin: SecurityEvents) -> KeySet:
        """Return the keys of the source ``name`` as we know them.

        Raises:
            KeysUnavailable: there were none yet, and none could be fetched.
        """
        kept = self._kept.setdefault(name, _Kept())
        age = self._clock() - kept.fetched_at
        due = self._wait(kept, LEAST_BETWEEN_S if kept.keys else _FIRST_AGAIN_S) <= 0
        if kept.keys is None or (age > _OLD_S and due):
            if due or kept.looking is not None:
                await self._look(name, origin)
        elif age > _AGED_S and due:
            self._begin(name, origin)
        if kept.keys is None:
            raise KeysUnavailable(_FIRST_AGAIN_S)
        return kept.keys

    async def newer(self, name: str, origin: SecurityEvents, than: KeySet) -> KeySet:
        """Return the keys of the source ``name`` as the issuer has them now.

        Raises:
            KeysUnavailable: it does not answer, or was asked a moment ago.
        """
        kept = self._kept.setdefault(name, _Kept())
        if kept.keys is not None and kept.keys is not than:
            return kept.keys
        wait_s = self._wait(kept, LEAST_BETWEEN_S)
        if kept.looking is None and wait_s > 0:
            raise KeysUnavailable(wait_s, _UNKNOWN)
        began = kept.fetched_at
        await self._look(name, origin)
        if kept.keys is None or kept.fetched_at == began:
            raise KeysUnavailable(LEAST_BETWEEN_S, _UNKNOWN)
        return kept.keys

    def _wait(self, kept: _Kept, least_s: float) -> float:
        return kept.tried_at + least_s - self._clock()

    async def _look(self, name: str, origin: SecurityEvents) -> None:
        # whoever asked first may hang up; the others still wait for the answer
        await asyncio.shield(self._begin(name, origin))

    def _begin(self, name: str, origin: SecurityEvents) -> asyncio.Task[None]:
        kept = self._kept.setdefault(name, _Kept())
        if kept.looking is None:
            kept.tried_at = self._clock()
            kept.looking = asyncio.create_task(self._refresh(name, origin, kept))
        return kept.looking

    async def _refresh(self, name: str, origin: SecurityEvents, kept: _Kept) -> None:
        try:
            async with asyncio.timeout(_FETCH_S):
                document = await _document(origin)
            kept.keys = KeySet.read(document)
            kept.fetched_at = self._clock()
        except (UnusableKeys, OSError, httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            why = str(error) if isinstance(error, UnusableKeys) else type(error).__name__
            instead = "the last good ones are used" if kept.keys else "its tokens wait"
            _log.warning("source %s: no new keys of its issuer (%s); %s", name, why, instead)
        finally:
            kept.looking = None


async def _document(origin: SecurityEvents) -> bytes:
    """Return the issuer's JWK set as bytes.

    Raises:
        UnusableKeys: what answers is no document, or too large.
        OSError, httpx.HTTPError: nobody answers, or there is no such file.
    """
    if origin.jwks_path is not None:
        return await asyncio.to_thread(origin.jwks_path.read_bytes)
    async with (
        httpx.AsyncClient(timeout=_FETCH_S) as client,
        client.stream(
            "GET", str(origin.jwks_url), headers={"Accept": "application/json"}
        ) as answer,
    ):
        if answer.status_code != 200:
            raise UnusableKeys(f"the answer is {answer.status_code}")
        pieces: list[bytes] = []
        size = 0
        async for piece in answer.aiter_bytes():
            size += len(piece)
            if size > _MOST_BYTES:
                raise UnusableKeys(f"the answer is larger than {_MOST_BYTES} bytes")
            pieces.append(piece)
    return b"".join(pieces)
