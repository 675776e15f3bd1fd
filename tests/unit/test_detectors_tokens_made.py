"""A token that somebody made is no stolen one: its maker is contained only where the product calls it grave."""

from __future__ import annotations

from typing import Any

import pytest

from detectors import registry
from detectors.alert import Alert

ADMIN = "harper@contoso.com"


def read(title: str, severity: str, **more: Any) -> Alert:
    event = {"kibana.alert.rule.name": title, "kibana.alert.severity": severity, "user": {"name": ADMIN}, **more}  # fmt: skip
    (found,) = registry.read(
        "elastic_ecs_document", event, "x", registry.bare_source("elastic_ecs_document")
    )
    assert isinstance(found, Alert)
    return found


@pytest.mark.parametrize(
    "title",
    [
        "Attempt to Create Okta API Token",
        f"{ADMIN} created an API token",
        "API token created",
        "Personal access token was revoked",
        "Attempt to Delete an API Token",
    ],
)
def test_who_makes_or_takes_back_a_token_is_not_contained_for_it(title: str) -> None:
    assert not read(title, "medium").actionable
    assert read(title, "high").actionable


@pytest.mark.parametrize(
    "title",
    [
        "Stolen API token created",
        "Suspicious process created a token",
        "Revoked token used again",
        "Personal access token created from a Tor address",
        "Refresh token reused",
        "Anomalous token",
        "Token added to an unknown device",
    ],
)
def test_what_says_more_of_a_token_is_acted_upon(title: str) -> None:
    assert read(title, "medium").actionable


def test_a_technique_of_theft_says_more_than_the_title() -> None:
    theft = {"kibana.alert.rule.threat": [{"technique": [{"id": "T1528"}]}]}
    assert read("API token created", "medium", **theft).actionable
