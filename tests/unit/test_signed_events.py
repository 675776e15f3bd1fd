"""A security event token is taken from its transmitter, for us, and in no other case."""

from __future__ import annotations

import base64
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signed_practice import AUDIENCE, ISSUER, claims, jwk, jwks, private_key, token

from config.origins import SecurityEvents
from detectors.genuine import NotAccepted, NotGenuine, Proven, UnknownKey
from detectors.keyset import KeySet, UnusableKeys
from detectors.origin import prove

HEADERS = {"content-type": "application/secevent+jwt"}
KEYS = KeySet.read(jwks(jwk(), jwk("e1", "P-256"), jwk("d1", "Ed25519")))
SECRET = "what-the-stream-sends"


def origin(**more: Any) -> SecurityEvents:
    given = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": "https://ssf.example.com/jwks"}
    return SecurityEvents.model_validate(given | more)


def proven(body: bytes, headers: dict[str, str] | None = None, **more: Any) -> Proven:
    return prove(origin(**more), headers or HEADERS, body, datetime.now(UTC), KEYS)


def refused(body: bytes, headers: dict[str, str] | None = None, **more: Any) -> str:
    with pytest.raises(NotAccepted) as refusal:
        proven(body, headers, **more)
    assert refusal.value.reason.isascii()
    return refusal.value.err


@pytest.mark.parametrize(
    ("key", "kind", "algorithm"),
    [("k1", "RSA", "RS256"), ("k1", "RSA", "PS256"), ("e1", "P-256", "ES256"), ("d1", "Ed25519", "EdDSA")],
)  # fmt: skip
def test_a_signed_token_is_known_by_its_jti(key: str, kind: str, algorithm: str) -> None:
    body = token(key=key, kind=kind, algorithm=algorithm)
    assert proven(body) == Proven(delivery_id="set-1")
    assert proven(body + b"\r\n", {"content-type": "Application/SecEvent+JWT; charset=utf-8"})
    assert proven(token(claims(aud=["https://other.example.com", AUDIENCE])))


@pytest.mark.parametrize(
    ("changed", "err"),
    [
        ({"iss": "https://evil.example.com"}, "invalid_issuer"),
        ({"iss": None}, "invalid_issuer"),
        ({"iss": [ISSUER]}, "invalid_issuer"),
        ({"aud": "https://other.example.com"}, "invalid_audience"),
        ({"aud": None}, "invalid_audience"),
        ({"aud": {AUDIENCE: 1}}, "invalid_audience"),
        ({"jti": None}, "invalid_request"),
        ({"jti": ""}, "invalid_request"),
        ({"jti": "x" * 501}, "invalid_request"),
        ({"jti": "a\x00b"}, "invalid_request"),
        ({"events": None}, "invalid_request"),
        ({"events": {}}, "invalid_request"),
        ({"iat": None}, "invalid_request"),
        ({"iat": True}, "invalid_request"),
        ({"iat": int(time.time()) + 3600}, "invalid_request"),
        ({"exp": int(time.time()) - 3600}, "invalid_request"),
        ({"exp": 1e300, "iat": 1e300}, "invalid_request"),
    ],
)
def test_a_claim_that_does_not_fit_is_told_in_the_rfc_s_words(
    changed: dict[str, Any], err: str
) -> None:
    assert refused(token(claims(**changed))) == err


@pytest.mark.parametrize(
    ("header", "err"),
    [
        ({"typ": "JWT"}, "invalid_request"),
        ({"typ": None}, "invalid_request"),
        ({"crit": ["b64"]}, "invalid_request"),
        ({"key": "k2"}, "invalid_key"),
        ({"algorithm": "RS512", "key": "e1"}, "invalid_key"),
    ],
)
def test_a_header_that_does_not_fit_is_told(header: dict[str, Any], err: str) -> None:
    assert refused(token(signed_by=private_key(), **header)) == err


def test_a_late_token_is_taken_and_an_own_audience_is_ours_word_for_word() -> None:
    assert proven(token(claims(iat=int(time.time()) - 9 * 86400)))
    assert refused(token(claims(aud=AUDIENCE + "/"))) == "invalid_audience"


def part(value: Any) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


def test_what_is_signed_by_nobody_or_by_what_everybody_knows_is_refused() -> None:
    bare = b".".join((part({"typ": "secevent+jwt", "alg": "none"}), part(claims()), b""))
    assert refused(bare) == "invalid_request"
    assert refused(bare + b"AAAA") == "invalid_key"
    body = part({"typ": "secevent+jwt", "alg": "HS256", "kid": "k1"}) + b"." + part(claims())
    numbers = json.dumps(jwk()).encode()
    mark = base64.urlsafe_b64encode(hmac.digest(numbers, body, "sha256")).rstrip(b"=")
    assert refused(body + b"." + mark) == "invalid_key"


def test_another_s_signature_and_a_changed_token_are_refused() -> None:
    assert refused(token(signed_by=private_key("another"))) == "authentication_failed"
    head, _, mark = token().split(b".")
    changed = b".".join((head, part(claims("set-2")), mark))
    assert refused(changed) == "authentication_failed"


def test_without_a_kid_the_only_key_is_meant_and_none_of_several() -> None:
    body = token(key=None)
    alone = KeySet.read(jwks(jwk()))
    assert prove(origin(), HEADERS, body, datetime.now(UTC), alone).delivery_id == "set-1"
    with pytest.raises(UnknownKey):
        proven(body)


def test_the_stream_s_secret_is_asked_for_where_there_is_one() -> None:
    both = {"secret": SECRET, "previous_secret": "what-it-sent-before"}
    assert refused(token(), **both) == "authentication_failed"
    wrong = HEADERS | {"authorization": "Bearer another-secret-here"}
    assert refused(token(), wrong, **both) == "authentication_failed"
    for sent in (SECRET, f"Bearer {SECRET}"):
        assert not proven(token(), HEADERS | {"authorization": sent}, **both).by_previous_secret
    old = HEADERS | {"authorization": "Bearer what-it-sent-before"}
    assert proven(token(), old, **both).by_previous_secret


@pytest.mark.parametrize("media", ["application/json", "", "application/jwt"])
def test_another_content_type_is_no_pushed_token(media: str) -> None:
    assert refused(token(), {"content-type": media}) == "invalid_request"


@settings(max_examples=60, deadline=None)
@given(body=st.one_of(st.binary(max_size=80), st.from_regex(rb"[\w.-]{1,80}", fullmatch=True)))
def test_whatever_arrives_is_refused_and_nothing_else(body: bytes) -> None:
    with pytest.raises(NotGenuine):
        proven(body)


@settings(max_examples=30, deadline=None)
@given(
    header=st.dictionaries(st.sampled_from(["typ", "alg", "kid", "crit", "b64"]), st.one_of(
        st.sampled_from(["secevent+jwt", "RS256", "ES256", "k1", "e1"]), st.integers(), st.none(), st.lists(st.text(max_size=3)))),
    said=st.dictionaries(st.sampled_from(["iss", "aud", "jti", "iat", "exp", "events"]), st.one_of(
        st.sampled_from([ISSUER, AUDIENCE]), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5), st.just({"x": {}}))),
)  # fmt: skip
def test_whatever_a_token_says_unsigned_is_refused(header: dict[str, Any], said: dict[str, Any]) -> None:  # fmt: skip
    with pytest.raises(NotGenuine):
        proven(b".".join((part(header), part(said), b"AAAA")))


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"<html>", "no JWK set"),
        (b"[]", "no list named keys"),
        (b'{"keys": {}}', "no list named keys"),
        (b'{"keys": []}', "no public key"),
        (b'{"keys": [1, {}, {"kty": "oct", "k": "c2VjcmV0"}, {"kty": "RSA", "n": "!", "e": "AQAB"}]}', "no public key"),
        (jwks(jwk("weak", bits=1024)), "strong enough"),
        (jwks(jwk("enc", use="enc")), "no public key"),
        (jwks(jwk() | {"d": "AQAB"}), "no public key"),
    ],
)  # fmt: skip
def test_keys_that_prove_nothing_are_no_keys(document: bytes, why: str) -> None:
    with pytest.raises(UnusableKeys, match=why):
        KeySet.read(document)


def test_a_key_is_used_for_what_it_is_made_for() -> None:
    keys = KeySet.read(jwks({"kty": "new"}, jwk("a", alg="PS256"), jwk("b", "P-384")))
    assert [bool(keys.fitting("a", alg)) for alg in ("PS256", "RS256", "ES256")] == [
        True,
        False,
        False,
    ]
    assert [bool(keys.fitting("b", alg)) for alg in ("ES384", "ES256", "RS256")] == [
        True,
        False,
        False,
    ]
