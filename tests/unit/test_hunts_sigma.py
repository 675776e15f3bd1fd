"""A Sigma rule of the user's own, where the extra is installed; without it that is said."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from hunting import auth0, entra

from detectors.hunts.errors import HuntError
from detectors.hunts.sigma import hunt_by_rule

RULE = """
title: Refresh token exchanged
name: exchanged
status: test
logsource: {product: auth0}
detection:
  selection:
    data.type: [seacft, sertft]
  condition: selection
level: medium
tags: [attack.t1528]
"""
CORRELATION = """
---
title: Too many places
status: test
correlation:
  type: value_count
  rules: [exchanged]
  group-by: [data.user_id, data.client_id]
  timespan: 30d
  condition: {gte: 3, field: data.ip}
level: high
"""
INSTALLED = importlib.util.find_spec("sigma") is not None
needs_sigma = pytest.mark.skipif(not INSTALLED, reason="the extra sigma is not installed")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    rows = [auth0(n * 9, f"203.0.{n}.7") for n in range(5)]
    rows += [auth0(3, "192.0.2.1", who="bob"), auth0(4, "192.0.2.1", kind="s", who="eve"), entra(5)]
    path = tmp_path / "logs.ndjson"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rule.yml"
    path.write_text(text, encoding="utf-8")
    return path


@needs_sigma
def test_a_rule_finds_each_person(tmp_path: Path, logs: Path) -> None:
    found = hunt_by_rule(written(tmp_path, RULE), [logs])
    assert {(each.who, each.severity) for each in found} == {
        ("ada@contoso.com", "medium"),
        ("bob@contoso.com", "medium"),
    }
    assert found[0].attack == ("T1528",)
    assert found[0].hunt == "sigma:Refresh token exchanged"


@needs_sigma
def test_a_correlation_finds_each_group(tmp_path: Path, logs: Path) -> None:
    (found,) = hunt_by_rule(written(tmp_path, RULE + CORRELATION), [logs])
    assert (found.user_id, found.severity, found.provider) == ("auth0|ada", "high", "auth0")
    assert len(found.ips) == 5


@needs_sigma
def test_what_is_no_rule_is_refused(tmp_path: Path, logs: Path) -> None:
    with pytest.raises(HuntError):
        hunt_by_rule(written(tmp_path, "title: nothing\ndetection: 7\n"), [logs])


@pytest.mark.skipif(INSTALLED, reason="the extra sigma is installed")
def test_without_the_extra_it_is_said_how_to_get_it(tmp_path: Path, logs: Path) -> None:
    with pytest.raises(HuntError) as refused:
        hunt_by_rule(written(tmp_path, RULE), [logs])
    assert "rescind[sigma]" in refused.value.remedy
