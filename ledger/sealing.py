"""Sealing what must wait in the database for one person to read it, once.

AES-256-GCM (NIST SP 800-38D) with a random nonce for each text. What a text is bound to is
authenticated with it: in another row, or for another person, it does not open.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import NotSealedHere, SealKeyUnusable

_KEY_BYTES = 32
_NONCE_BYTES = 12


class Seal:
    """Seals texts under one key, and opens them again."""

    def __init__(self, key: bytes) -> None:
        """Use ``key``, 32 bytes.

        Raises:
            SealKeyUnusable: it has another length.
        """
        if len(key) != _KEY_BYTES:
            raise SealKeyUnusable
        self._cipher = AESGCM(key)

    @classmethod
    def of(cls, key: str) -> Seal:
        """Use a key in base64.

        Raises:
            SealKeyUnusable: it is no base64, or has another length.
        """
        try:
            return cls(base64.b64decode(key.strip(), validate=True))
        except (binascii.Error, ValueError):
            raise SealKeyUnusable from None

    @classmethod
    def beside(cls, path: Path) -> Seal:
        """Use the key in the file ``path``, which is made, for its owner alone, where there is none.

        Raises:
            SealKeyUnusable: the file holds no key.
            OSError: it can be neither read nor made.
        """
        if not path.exists():
            _make(path)
        return cls.of(path.read_text(encoding="ascii"))

    def close(self, text: str, bound_to: str) -> bytes:
        """Return ``text`` sealed, to be opened only together with ``bound_to``."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> str:
        """Return the text.

        Raises:
            NotSealedHere: it was sealed under another key, bound to something else, or changed.
        """
        nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, content, bound_to.encode()).decode()
        except (InvalidTag, ValueError):
            raise NotSealedHere from None


def _make(path: Path) -> None:
    # Whole before it has its name: two processes that start at once must not use two keys.
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=path.name
    )  # readable to its owner alone
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was faster, and its key is the one
            path.hardlink_to(name)
    finally:
        Path(name).unlink(missing_ok=True)
