"""Only who knows the source's secret gets in, and nothing an attacker sends breaks the door."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.origins import SharedSecret, StandardWebhook
from detectors.genuine import NotGenuine
from detectors.origin import prove

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BODY = b'{"title":"Anomalous token"}'
SECRET = "an-old-oak-door-17"
KEY = bytes(range(32))
WHSEC = "whsec_" + base64.b64encode(KEY).decode()


def hmac_by_hand(key: bytes, message: bytes) -> bytes:
    """RFC 2104, written out, so that the vectors do not come from the code under test."""
    key = hashlib.sha256(key).digest() if len(key) > 64 else key
    key = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()


def signed(key: bytes = KEY, body: bytes = BODY, when: datetime = NOW) -> dict[str, str]:
    seconds = str(int(when.timestamp()))
    message = f"msg_1.{seconds}.".encode() + body
    signature = base64.b64encode(hmac_by_hand(key, message)).decode()
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{signature}",
    }


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        ("Authorization", SECRET),
        ("Authorization", f"Bearer {SECRET}"),
        ("Authorization", f"bearer  {SECRET} "),
        ("X-Detector", SECRET),
    ],
)
def test_a_shared_secret_opens(header: str, sent: str) -> None:
    origin = SharedSecret.model_validate({"header": header, "secret": SECRET})
    proven = prove(origin, {header.lower(): sent}, BODY, NOW)
    assert proven.delivery_id is None
    assert not proven.by_previous_secret


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "missing"),
        ({"authorization": ""}, "missing"),
        ({"authorization": SECRET[:-1]}, "is not the source's"),
        ({"authorization": SECRET + "x"}, "is not the source's"),
        ({"authorization": "Bearer"}, "is not the source's"),
        ({"authorization": f"Basic {SECRET}"}, "is not the source's"),
        ({"x-detector": SECRET}, "missing"),
        ({"authorization": "\ud800 ☃"}, "is not the source's"),
    ],
)
def test_anything_else_does_not(headers: dict[str, str], reason: str) -> None:
    origin = SharedSecret.model_validate({"secret": SECRET})
    with pytest.raises(NotGenuine, match=reason) as refusal:
        prove(origin, headers, BODY, NOW)
    assert SECRET not in str(refusal.value)


def test_a_bearer_prefix_is_stripped_from_authorization_only() -> None:
    origin = SharedSecret.model_validate({"header": "X-Detector", "secret": SECRET})
    with pytest.raises(NotGenuine):
        prove(origin, {"x-detector": f"Bearer {SECRET}"}, BODY, NOW)


def test_a_secret_beyond_ascii_arrives_as_latin_1_text() -> None:
    secret = "schlüssel-unter-der-matte"
    origin = SharedSecret.model_validate({"secret": secret})
    prove(origin, {"authorization": secret.encode().decode("latin-1")}, BODY, NOW)


def test_while_a_secret_is_changed_both_open_and_the_old_one_is_told() -> None:
    shared = SharedSecret.model_validate({"secret": "n" * 20, "previous_secret": SECRET})
    assert prove(shared, {"authorization": SECRET}, BODY, NOW).by_previous_secret
    webhook = StandardWebhook.model_validate({"secret": "n" * 32, "previous_secret": WHSEC})
    assert prove(webhook, signed(), BODY, NOW).by_previous_secret
    assert not prove(webhook, signed(b"n" * 32), BODY, NOW).by_previous_secret


def test_a_signature_made_by_another_program_opens() -> None:
    # openssl dgst -sha256 -mac HMAC -macopt hexkey:000102...1f over msg_1.1772443800.BODY
    webhook = StandardWebhook.model_validate({"secret": WHSEC})
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1772443800",
        "webhook-signature": "v1,xgzqOMSndFyzG8wjFvpoX/nk8uZmK7xxevNQJULGm3c=",
    }
    assert prove(webhook, headers, BODY, NOW).delivery_id == "msg_1"


def test_a_raw_secret_signs_with_its_own_bytes() -> None:
    webhook = StandardWebhook.model_validate({"secret": "r" * 70})
    assert prove(webhook, signed(b"r" * 70), BODY, NOW).delivery_id == "msg_1"


def test_one_fitting_signature_among_others_is_enough() -> None:
    webhook = StandardWebhook.model_validate({"secret": WHSEC})
    headers = signed()
    other = base64.b64encode(b"\1" * 32).decode()
    headers["webhook-signature"] = f"v1a,abc v1,{other} v1,!!  {headers['webhook-signature']}"
    assert prove(webhook, headers, BODY, NOW).delivery_id == "msg_1"


@pytest.mark.parametrize("seconds", [-299, 0, 299])
def test_clocks_may_differ_by_the_tolerance(seconds: int) -> None:
    webhook = StandardWebhook.model_validate({"secret": WHSEC})
    prove(webhook, signed(when=NOW + timedelta(seconds=seconds)), BODY, NOW)


@pytest.mark.parametrize("seconds", [-301, 301, -86_400 * 400])
def test_a_delivery_from_another_time_is_refused(seconds: int) -> None:
    webhook = StandardWebhook.model_validate({"secret": WHSEC})
    with pytest.raises(NotGenuine, match="from our clock"):
        prove(webhook, signed(when=NOW + timedelta(seconds=seconds)), BODY, NOW)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("webhook-id", "", "webhook-id is missing"),
        ("webhook-id", "msg_2", "no signature"),
        ("webhook-id", "a b", "printable"),
        ("webhook-id", "x" * 129, "128"),
        ("webhook-id", "é", "printable"),
        ("webhook-timestamp", "", "webhook-timestamp is missing"),
        ("webhook-timestamp", "soon", "number of seconds"),
        ("webhook-timestamp", "-5", "number of seconds"),
        ("webhook-timestamp", "\uff11\uff17\uff17", "number of seconds"),
        ("webhook-timestamp", "9" * 400, "number of seconds"),
        ("webhook-timestamp", "1772443801", "no signature"),
        ("webhook-signature", "", "webhook-signature is missing"),
        ("webhook-signature", "v1,", "no v1 signature"),
        ("webhook-signature", "v2,AAAA", "no v1 signature"),
        ("webhook-signature", "v1,not base64", "no v1 signature"),
        ("webhook-signature", "v1,é", "no v1 signature"),
        ("webhook-signature", "v1," + base64.b64encode(b"\0" * 31).decode(), "no v1 signature"),
        ("webhook-signature", "v1," + base64.b64encode(b"\0" * 32).decode(), "no signature"),
        ("webhook-signature", "v1,AAAA " * 50_000, "no v1 signature"),
    ],
)
def test_a_changed_header_is_refused(name: str, value: str, reason: str) -> None:
    webhook = StandardWebhook.model_validate({"secret": WHSEC})
    with pytest.raises(NotGenuine, match=reason):
        prove(webhook, signed() | {name: value}, BODY, NOW)


def test_a_changed_body_is_refused_without_being_quoted() -> None:
    webhook = StandardWebhook.model_validate({"secret": WHSEC})
    with pytest.raises(NotGenuine) as refusal:
        prove(webhook, signed(), BODY.replace(b"token", b"TOKEN"), NOW)
    for hidden in (WHSEC, "TOKEN", signed()["webhook-signature"]):
        assert hidden not in str(refusal.value)


def opens(origin: SharedSecret | StandardWebhook, headers: dict[str, str], body: bytes) -> bool:
    try:
        prove(origin, headers, body, NOW)
    except NotGenuine:
        return False
    return True


HEADER = st.one_of(
    st.text(max_size=60),
    st.sampled_from([*signed().values(), SECRET, f"Bearer {SECRET}", "v1,AAAA", "v1," + "A" * 43]),
)


@settings(max_examples=200, deadline=None)
@given(
    headers=st.dictionaries(st.sampled_from(["authorization", *signed()]), HEADER, max_size=4),
    body=st.one_of(st.just(BODY), st.binary(max_size=50)),
    raw=st.booleans(),
)
def test_whatever_is_sent_is_genuine_or_refused(
    headers: dict[str, str], body: bytes, raw: bool
) -> None:
    webhook = StandardWebhook.model_validate({"secret": "r" * 24 if raw else WHSEC})
    shared = SharedSecret.model_validate({"secret": SECRET})
    if opens(webhook, headers, body):
        assert headers == headers | signed()
        assert body == BODY
    if opens(shared, headers, body):
        assert SECRET in headers["authorization"]


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=200), flipped=st.integers(0, 255), place=st.integers(0, 199))
def test_any_changed_byte_is_seen(body: bytes, flipped: int, place: int) -> None:
    webhook = StandardWebhook.model_validate({"secret": WHSEC})
    prove(webhook, signed(body=body), body, NOW)
    if body and flipped:
        at = place % len(body)
        changed = body[:at] + bytes([body[at] ^ flipped]) + body[at + 1 :]
        with pytest.raises(NotGenuine):
            prove(webhook, signed(body=body), changed, NOW)
