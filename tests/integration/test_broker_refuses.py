"""A broker that answers and does not let us in: it is told, and alerts are stored all the same."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from config.settings import Settings
from ledger.database import Database
from tasks.app import make_app, warm_quietly
from tasks.diagnosis import around

pytestmark = pytest.mark.services


@pytest.fixture(params=["virtual host", "user"])
def settings(request: pytest.FixtureRequest, rabbitmq_url: str) -> Settings:
    url = f"{rabbitmq_url.rstrip('/')}/no-such-virtual-host"
    if request.param == "user":
        url = f"amqp://no-such-user:wrong@{rabbitmq_url.partition('@')[2]}"
    return Settings.model_validate({"broker": {"url": url}})


def test_the_doctor_says_what_to_look_at(settings: Settings, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'rescind.db'}")
    found = {check.what: check for check in around(settings, database, make_app(settings))}
    database.close()
    broker = found["broker"]
    assert broker.state == "problem"
    assert "refuses us" in broker.says
    assert "virtual host" in broker.remedy
    assert "chat" in found, "the rest is looked at all the same"


def test_a_process_starts_all_the_same(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        warm_quietly(make_app(settings))
    assert "alerts are stored" in caplog.text
    assert "wrong" not in caplog.text
