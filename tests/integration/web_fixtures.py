"""What most tests of the web room start from: ``pytest_plugins = ("web_fixtures",)`` takes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from web_house import Story, add_user, open_house, sign_in, tell_story, visiting

from ledger import passwords
from tasks.service import Service


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hashes that take no time: what they cost is tested where accounts are."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(1, 8, 1))
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def house(tmp_path: Path, cheap_passwords: None) -> Iterator[Service]:  # noqa: ARG001
    """A house in which grace may approve."""
    service = open_house(tmp_path)
    add_user(service, "grace")
    yield service
    service.database.close()


@pytest.fixture
def story(house: Service) -> Story:
    """A run that waits for a decision."""
    return tell_story(house)


@pytest.fixture
def client(house: Service) -> Iterator[httpx.Client]:
    """Grace's browser, in which she has signed in."""
    with visiting(house) as client:
        assert sign_in(client, "grace").status_code == 303
        yield client
