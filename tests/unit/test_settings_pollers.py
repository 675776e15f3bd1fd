"""Pollers in the settings: what fits together, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from config import checks
from config.settings import Mode, Settings

OKTA = {"org_url": "https://contoso.okta.com", "api_token": "a-token-for-the-tests"}


def settings(**pollers: Any) -> Settings:
    return Settings.model_validate(
        {
            "tenants": {"contoso": {"okta": OKTA}},
            "sources": {
                "sentinel": {
                    "kind": "sentinel",
                    "origin": {"proof": "shared_secret", "secret": "a-secret-for-the-tests"},
                }
            },
            "pollers": pollers,
        }
    )


def said(**pollers: Any) -> list[str]:
    return [str(each) for each in checks.problems(settings(**pollers)) if each.key[0] == "pollers"]


def test_a_poller_is_a_source_of_its_name_to_which_nothing_can_be_posted() -> None:
    found = settings(okta_log={"log": "okta_system_log", "tenant": "contoso", "mode": "approve"})
    assert set(found.all_sources) == {"sentinel", "okta_log"}
    assert set(found.sources) == {"sentinel"}
    source = found.all_sources["okta_log"]
    assert (source.kind, source.tenant, source.mode) == ("okta_system_log", "contoso", Mode.APPROVE)
    again = found.all_sources["okta_log"]
    assert source.origin.secret != again.origin.secret


def test_one_that_fits_is_no_problem() -> None:
    assert said(okta_log={"log": "okta_system_log", "tenant": "contoso"}) == []


@pytest.mark.parametrize(
    ("pollers", "what"),
    [
        ({"a": {"log": "okta_system_log", "tenant": "contso"}}, "did you mean contoso?"),
        ({"a": {"log": "graph_alerts", "tenant": "contoso"}}, "of entra, and the tenant has none"),
        ({"sentinel": {"log": "okta_system_log", "tenant": "contoso"}}, "sources.sentinel has this name"),
        ({"rescind": {"log": "okta_system_log", "tenant": "contoso"}}, "Rescind itself has this name"),
        (
            {
                "a": {"log": "okta_system_log", "tenant": "contoso"},
                "b": {"log": "okta_system_log", "tenant": "contoso"},
            },
            "pollers.a reads this tenant's log already",
        ),
        ({"a": {"log": "auth0_logs", "tenant": "contoso", "every_s": 10}}, "at least 15"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_with_what_would(pollers: dict[str, Any], what: str) -> None:
    assert any(what in each for each in said(**pollers))
