"""What a trace has found stands where people look: on the pages, and in the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from web_house import Story

from cli.main import main
from ledger import tables
from tasks.service import Service

pytest_plugins = ("web_fixtures",)

_SIGN_IN = {
    "at": "2026-03-01T02:41:07.000Z", "id": "e1", "event": "nonInteractiveUser: oAuth2, refreshToken",
    "outcome": "success", "actor": "ada", "person": "ada", "actor_name": "ada.lovelace@contoso.com",
    "ip": "203.0.113.77", "asn": 64666, "place": "Frankfurt, DE", "app": "Mail <b>to</b> Graph",
}  # fmt: skip
_FOUND: dict[str, Any] = {
    "sources": [
        {
            "ip": "203.0.113.77", "agents": ["python-requests/2.32"], "first": _SIGN_IN["at"],
            "last": _SIGN_IN["at"], "entries": 1, "events": [_SIGN_IN["event"]],
        }
    ],
    "timeline": [_SIGN_IN],
}  # fmt: skip


@pytest.fixture
def traced(house: Service, story: Story) -> Story:
    """The run, one of whose steps has read the log."""
    step = tables.step.c
    with house.database.write() as connection:
        connection.execute(
            tables.step.update()
            .where(step.run_id == story.run_id, step.node == "entra-revoke")
            .values(before={"snapshot": _FOUND})
        )
    return story


@pytest.mark.parametrize("page", ["runs/{0.run_id}", "approvals/{0.approval_id}"])
def test_a_page_tells_what_was_traced(client: httpx.Client, traced: Story, page: str) -> None:
    shown = client.get(f"/{page.format(traced)}").text
    for fact in (
        "Entra: replayed or used from",
        "agent python-requests/2.32",
        "by nonInteractiveUser: oAuth2, refreshToken",
        "2026-03-01 02:41:07Z",
        "from the thief&#39;s place",
        "Mail &lt;b&gt;to&lt;/b&gt; Graph",
    ):
        assert fact in shown


def test_a_run_that_has_read_no_log_says_nothing_of_it(client: httpx.Client, story: Story) -> None:
    assert "What the logs tell" not in client.get(f"/runs/{story.run_id}").text


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the command prints; where it breaks its lines is the terminal's matter."""
    with pytest.raises(SystemExit) as ended:
        main(["run", *words])
    assert not ended.value.code
    return " ".join(capsys.readouterr().out.split())


def test_the_terminal_tells_it_too(
    traced: Story,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RESCIND_DATABASE__URL", f"sqlite:///{tmp_path / 'house.db'}")
    monkeypatch.chdir(tmp_path)
    timeline = told(capsys, traced.run_id, "--timeline")
    assert "Entra: replayed or used from" in timeline
    assert "2026-03-01 02:41:07Z entra nonInteractiveUser: oAuth2, refreshToken" in timeline
    assert "[from the thief's place]" in timeline
    assert f"rescind run {traced.run_id[:13]} --timeline" in told(capsys, traced.run_id)
    document = json.loads(told(capsys, traced.run_id, "--json"))
    by_node = {step["node"]: step for step in document["steps"]}
    assert by_node["entra-revoke"]["evidence"] == _FOUND
    assert "evidence" not in by_node["okta-revoke"]
