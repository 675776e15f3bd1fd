"""Each change notification proves itself by its clientState; what does is taken without it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.origins import ClientState
from detectors.genuine import NotGenuine, Proven
from detectors.origin import prove

SECRET = "the-subscription-s-secret"
ORIGIN = ClientState.model_validate({"secret": SECRET, "previous_secret": "its-secret-before"})


def notification(state: Any = SECRET, number: int = 1) -> dict[str, Any]:
    said = {"subscriptionId": f"sub-{number}", "changeType": "updated", "resource": "users/x"}
    return said if state is None else said | {"clientState": state}


def proven(*notifications: Any) -> Proven:
    body = json.dumps({"value": notifications, "validationTokens": ["not-read"]}).encode()
    return prove(ORIGIN, {}, body, datetime.now(UTC))


def kept(found: Proven) -> list[Any]:
    assert found.content is not None
    assert SECRET.encode() not in found.content
    value = json.loads(found.content)
    assert set(value) == {"value"}
    return list(value["value"])


def test_genuine_notifications_are_kept_without_their_secret() -> None:
    found = proven(notification(), notification(number=2))
    assert kept(found) == [notification(None), notification(None, 2)]
    assert (found.left_out, found.by_previous_secret, found.delivery_id) == ("", False, None)


@pytest.mark.parametrize("wrong", ["another-secret-than-ours", "", None, 7, [SECRET], SECRET + "x"])
def test_one_that_does_not_prove_itself_is_left_out_and_told(wrong: Any) -> None:
    found = proven(notification(), notification(wrong, 2), notification(number=3))
    assert kept(found) == [notification(None), notification(None, 3)]
    assert found.left_out == "1 of 3 notifications do not carry the source's clientState"
    with pytest.raises(NotGenuine, match="1 of 1 notifications"):
        proven(notification(wrong))


def test_a_subscription_of_before_is_told_of() -> None:
    assert proven(notification("its-secret-before"), notification()).by_previous_secret


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"7", b"{}", b'{"value": []}', b'{"value": {}}', b'{"value": [1]}',
             b'{"value": [{"clientState": "a", "clientState": "b"}]}', b"[" * 100 + b"]" * 100],
)  # fmt: skip
def test_what_is_no_notification_proves_nothing(body: bytes) -> None:
    with pytest.raises(NotGenuine) as refusal:
        prove(ORIGIN, {}, body, datetime.now(UTC))
    assert SECRET not in str(refusal.value)


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.one_of(st.none(), st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False), st.text(st.characters(), max_size=6)),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
        max_leaves=8,
    )
)  # fmt: skip
def test_what_is_kept_says_the_same(value: Any) -> None:
    said = notification(None) | {"resourceData": value}
    assert kept(proven(said | {"clientState": SECRET})) == [said]
