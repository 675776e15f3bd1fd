"""An issuer's keys: fetched once, asked for again when they change, kept while nobody answers."""

from __future__ import annotations

import asyncio
import http.server
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from signed_practice import AUDIENCE, ISSUER, jwk, jwks

from config.origins import SecurityEvents
from config.settings import Source
from tasks.keysets import LEAST_BETWEEN_S, KeySets, KeysUnavailable


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def of_file(path: Path) -> SecurityEvents:
    return SecurityEvents(issuer=ISSUER, audience=AUDIENCE, jwks_path=path)


@contextmanager
def publishing(answers: list[tuple[int, bytes]]) -> Iterator[tuple[SecurityEvents, list[str]]]:
    """An issuer that gives these answers, the last one for ever."""
    asked: list[str] = []

    class Issuer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, document = answers[min(len(asked), len(answers)) - 1]
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/jwks"
    try:
        yield (
            SecurityEvents.model_validate(
                {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": url}
            ),
            asked,
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def test_keys_are_fetched_once_however_many_ask() -> None:
    with publishing([(200, jwks(jwk()))]) as (origin, asked):
        sets = KeySets(Clock())
        found = await asyncio.gather(*(sets.known("idp", origin) for _ in range(20)))
        assert all(keys is found[0] for keys in found)
        assert found[0].fitting("k1", "RS256")
    assert asked == ["/jwks"]


async def test_a_key_nobody_knows_is_asked_for_and_not_more_often_than_the_rate() -> None:
    with publishing([(200, jwks(jwk())), (200, jwks(jwk("k2")))]) as (origin, asked):
        clock = Clock()
        sets = KeySets(clock)
        old = await sets.known("idp", origin)
        with pytest.raises(KeysUnavailable) as wait:
            await sets.newer("idp", origin, old)
        assert wait.value.retry_after_s == LEAST_BETWEEN_S
        clock.now += LEAST_BETWEEN_S + 1
        new = await sets.newer("idp", origin, old)
        assert new.fitting("k2", "RS256")
        assert await sets.newer("idp", origin, old) is new, "what another has fetched meanwhile"
        with pytest.raises(KeysUnavailable):
            await sets.newer("idp", origin, new)
    assert len(asked) == 2


async def test_the_last_good_keys_hold_while_the_issuer_is_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers = [(200, jwks(jwk())), (503, b""), (302, b""), (200, b"<html>"), (200, b" " * 300_000)]
    with publishing(answers) as (origin, asked), caplog.at_level(logging.WARNING):
        clock = Clock()
        sets = KeySets(clock)
        good = await sets.known("idp", origin)
        for _ in answers[1:]:
            clock.now += 90_000
            assert await sets.known("idp", origin) is good
    assert len(asked) == len(answers)
    assert caplog.text.count("the last good ones are used") == 4
    assert "/elsewhere" not in asked


async def test_aged_keys_are_looked_at_again_beside_the_work(tmp_path: Path) -> None:
    path, clock = tmp_path / "jwks.json", Clock()
    path.write_bytes(jwks(jwk()))
    sets = KeySets(clock)
    old = await sets.known("idp", of_file(path))
    path.write_bytes(jwks(jwk("k2")))
    assert await sets.known("idp", of_file(path)) is old
    clock.now += 3601
    assert await sets.known("idp", of_file(path)) is old, "nobody waits for it"
    async with asyncio.timeout(60):
        while await sets.known("idp", of_file(path)) is old:  # noqa: ASYNC110 - it calls nobody
            await asyncio.sleep(0.005)
    assert (await sets.known("idp", of_file(path))).fitting("k2", "RS256")


async def test_without_any_keys_tokens_wait_and_are_soon_looked_after(tmp_path: Path) -> None:
    path, clock = tmp_path / "jwks.json", Clock()
    sets = KeySets(clock)
    source = Source(kind="ssf_set", origin=of_file(path))
    await sets.warm({"idp": source})
    with pytest.raises(KeysUnavailable):
        await sets.known("idp", of_file(path))
    path.write_bytes(jwks(jwk()))
    with pytest.raises(KeysUnavailable):
        await sets.known("idp", of_file(path))
    clock.now += 3
    assert (await sets.known("idp", of_file(path))).fitting("k1", "RS256")
