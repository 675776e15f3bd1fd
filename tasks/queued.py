"""Alerts that detectors put straight into the queue: the task ``rescind.alert(source, payload, proof)``.

The message is acknowledged when the alert is committed, or when it is settled that it never will be.
While the database does not answer it is held, and given back to the broker before the broker would
think that this worker is dead.
"""

from __future__ import annotations

import base64
import binascii
import logging
import threading
from collections.abc import Mapping
from typing import Any

import rfc8785

from config.settings import Source
from detectors.genuine import NotGenuine
from tasks.faults import where
from tasks.keysets import KeysUnavailable
from tasks.loop import LoopThread
from tasks.receiving import Delivery, NothingInIt, NotStored, Receiving
from tasks.service import Service

_log = logging.getLogger(__name__)

#: What a payload of other bytes than UTF-8 text begins with.
BASE64 = "base64:"
#: Pauses in seconds while the database does not answer; then the message goes back to the broker. All
#: together less than the 120 s after which Redis takes a message for lost (``tasks/app.py``).
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0, 15.0)
#: And no pause is shorter, whatever else can be stored meanwhile, in seconds.
LEAST_PAUSE_S = 1.0
#: Under this name a message is recorded that names no source; no source can have it.
NOBODY = "(queue)"
_REMOTE = "queue"
_NO_TASK = "a message in the queue is no task of ours, or not in the form of Celery's protocol 2"
_MOST_HEADERS, _LONGEST_HEADER = 32, 8192
_ARGUMENTS = ("source", "payload", "proof")


class StillUnstored(Exception):
    """The alert could not be stored for as long as a message can be held: it has to come again."""


class Malformed(Exception):
    """A message is no alert. ``source`` is the configured source it names, if it does."""

    def __init__(self, why: str, source: str | None = None) -> None:
        """``why`` says what is wrong, without content."""
        super().__init__(why)
        self.source = source


class Queued:
    """Takes in alerts that arrive as messages, for one process."""

    def __init__(self, service: Service, receiving: Receiving, loop: LoopThread) -> None:
        """``receiving`` works on ``loop``; messages are held in the threads that call ``take``."""
        self._service = service
        self._receiving = receiving
        self._loop = loop
        self._stopped = threading.Event()
        self._stirred = threading.Condition()
        self._stored = 0

    def stop(self) -> None:
        """Give back what is held: this process ends."""
        self._stopped.set()
        with self._stirred:
            self._stirred.notify_all()

    def dropped(self) -> None:
        """Have it recorded that a message was no task of ours at all; returns at once."""
        self._loop.start(self._receiving.reject(_nothing(NOBODY), _NO_TASK, "malformed"))

    def take(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Take in the alert of one message; return when it need not come again.

        Raises:
            StillUnstored: it has to come again.
        """
        try:
            configured, delivery = self._read(args, kwargs)
        except Malformed as wrong:
            nothing = _nothing(wrong.source or NOBODY)
            reason = f"a message in the queue is no alert: {wrong}"
            self._loop.run(self._receiving.reject(nothing, reason, "malformed"))
            return
        for pause_s in (*PAUSES_S, None):
            stored = self._stored
            try:
                self._loop.run(self._receiving.receive(configured, delivery))
            except (NotGenuine, NothingInIt):
                return
            except (NotStored, KeysUnavailable) as error:
                why = type(error).__name__
            except Exception as error:  # noqa: BLE001 - whatever it is, the alert must not be lost
                why = where(error)
            else:
                self._stir()
                return
            _log.warning("an alert of source %s in the queue waits: %s", delivery.source, why)
            if pause_s is None or not self._rested(pause_s, stored):
                raise StillUnstored
        raise AssertionError  # the last try returns or raises

    def _stir(self) -> None:
        """Wake those that wait: the database answers, and their threads are wanted for other work."""
        with self._stirred:
            self._stored += 1
            self._stirred.notify_all()

    def _rested(self, pause_s: float, before: int) -> bool:
        """Pause, for less long where another alert is stored meanwhile; False where the process ends.

        ``before`` is how many had been stored when the try began that has failed.
        """
        if not self._stopped.wait(min(pause_s, LEAST_PAUSE_S)):
            with self._stirred:
                self._stirred.wait_for(
                    lambda: self._stopped.is_set() or self._stored != before,
                    pause_s - LEAST_PAUSE_S,
                )
        return not self._stopped.is_set()

    def _read(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Source, Delivery]:
        given = dict(zip(_ARGUMENTS, args, strict=False))
        twice = given.keys() & kwargs.keys()
        given |= kwargs
        if len(args) > len(_ARGUMENTS) or twice or given.keys() != set(_ARGUMENTS):
            raise Malformed("the arguments are not source, payload and proof")
        source, payload, proof = (given[name] for name in _ARGUMENTS)
        configured = self._service.settings.sources.get(source) if isinstance(source, str) else None
        if configured is None:
            raise Malformed("no source is configured under the name it gives")
        try:
            headers, body = _headers(proof), _bytes(payload)
        except Malformed as wrong:
            raise Malformed(str(wrong), source) from None
        limit = self._service.settings.web.body_limit_bytes
        if len(body) > limit:
            raise Malformed(f"its payload is larger than {limit} bytes", source)
        return configured, Delivery(source, headers, body, _REMOTE)


def _nothing(source: str) -> Delivery:
    return Delivery(source, {}, b"", _REMOTE)


def _headers(proof: object) -> dict[str, str]:
    if not isinstance(proof, dict) or len(proof) > _MOST_HEADERS:
        raise Malformed(f"its proof is no object of at most {_MOST_HEADERS} headers")
    headers: dict[str, str] = {}
    for name, value in proof.items():
        if not isinstance(value, str) or len(value) > _LONGEST_HEADER or not value.isprintable():
            raise Malformed("a header of its proof is no text in one line")
        if headers.setdefault(str(name).lower(), value) != value:
            raise Malformed("a header of its proof stands twice")
    return headers


def _bytes(payload: object) -> bytes:
    """Return the bytes that are proven and stored.

    Text is its UTF-8, or, after ``base64:``, what that encodes. An object or a list is its canonical JSON
    (RFC 8785), so that a signature over it can be made and checked.
    """
    try:
        if isinstance(payload, str) and payload.startswith(BASE64):
            return base64.b64decode(payload.removeprefix(BASE64), validate=True)
        if isinstance(payload, str):
            return payload.encode()
        if isinstance(payload, dict | list):
            return rfc8785.dumps(payload)
    except (binascii.Error, ValueError, RecursionError):
        pass
    raise Malformed("its payload is neither text, nor base64 after base64:, nor canonical JSON")
