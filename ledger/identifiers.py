"""Ids: time-ordered for rows people list, random where knowing one must not help to guess another."""

from __future__ import annotations

import os
import secrets
import time
import uuid


def new_id() -> str:
    """Return a UUIDv7 (RFC 9562 §5.7): sorts by creation time, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    value |= 0b10 << 62 | random & (1 << 62) - 1
    return str(uuid.UUID(int=value))


def first_id(milliseconds: int) -> str:
    """Return what sorts before every ``new_id`` made a minute before this time or later."""
    return str(uuid.UUID(int=(milliseconds - 60_000 & (1 << 48) - 1) << 80))


def new_unguessable_id() -> str:
    """Return 128 random bits for addresses (an approval's page), URL-safe."""
    return secrets.token_urlsafe(16)
