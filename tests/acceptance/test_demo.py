"""The demonstration, as a new user starts it: from a built wheel, outside the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked as an installer would, in a folder that is not the checkout."""
    built = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        timeout=250,
    )
    (package,) = built.glob("*.whl")
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(site)
    return site


def _rescind(
    site: Path, folder: Path, *arguments: str, timeout: float = 250, **environ: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1", **environ}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_what_runs_is_the_wheel(wheel: Path, tmp_path: Path) -> None:
    code = "import cli, web, playbooks; print(cli.__file__, web.__file__, playbooks.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(wheel), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(path.startswith(str(wheel)) for path in done.stdout.split())


def test_the_thief_is_out_and_the_log_proves_it(wheel: Path, tmp_path: Path) -> None:
    done = _rescind(wheel, tmp_path, "demo", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["evicted"] is True
    assert set(result["evicted_after_ms"]) == {"entra", "okta"}
    assert all(0 < after < 20_000 for after in result["evicted_after_ms"].values())
    run = result["run"]
    assert (run["playbook"], run["status"]) == ("cm0080", "contained")
    assert run["playbook_hash"].startswith("sha256:")
    outcomes = {step["id"]: step["outcome"] for step in run["steps"]}
    assert outcomes["entra-revoke"] == outcomes["okta-revoke"] == "verified"
    assert not {"failed", "unknown", None} & set(outcomes.values())
    approvals = {step["id"]: step["approval"] for step in run["steps"]}
    assert approvals["entra-revoke"] == "none"
    assert approvals["entra-disable"] == "approved"
    assert result["exposure"]
    assert result["audit"]["verified"] is True
    assert result["audit"]["records"] > 50
    assert not list(tmp_path.iterdir()), "it leaves nothing behind"


def test_a_person_can_follow_it(wheel: Path, tmp_path: Path) -> None:
    done = _rescind(wheel, tmp_path, "demo", COLUMNS="80")
    assert done.returncode == 0, done.stderr
    told = [
        "a thief replays",
        "Microsoft Sentinel posts an incident",
        "the thief is out of Entra",
        "the thief is out of Okta",
        "Approve containment of nora.lind@contoso.com?",
        "decision: approved",
        "run ended: contained",
        "Still usable",
        "verified",
    ]
    missing = [text for text in told if text not in done.stdout]
    assert not missing, done.stdout
    assert not [line for line in done.stdout.splitlines() if len(line) > 80], "80 columns suffice"
