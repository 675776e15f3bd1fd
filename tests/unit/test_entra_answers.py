"""What an answer of Graph means, and how little of it an error repeats."""

from __future__ import annotations

import json

import pytest

from connectors import errors
from connectors.entra import answers


def body(code: object) -> bytes:
    return json.dumps({"error": {"code": code, "message": "secret-looking prose"}}).encode()


def understand(status: int, content: bytes = b"", *, write: bool = False, **headers: str) -> object:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answers.understand(status, named, content, write=write)


@pytest.mark.parametrize(
    ("status", "read", "write"),
    [
        (301, errors.Refused, errors.Refused),
        (302, errors.Refused, errors.Refused),
        (400, errors.Invalid, errors.Invalid),
        (401, errors.Unauthenticated, errors.Unauthenticated),
        (403, errors.Forbidden, errors.Forbidden),
        (404, errors.NotFound, errors.NotFound),
        (405, errors.Invalid, errors.Invalid),
        (409, errors.Conflict, errors.Conflict),
        (412, errors.Conflict, errors.Conflict),
        (422, errors.Invalid, errors.Invalid),
        (429, errors.Throttled, errors.Throttled),
        (500, errors.Unavailable, errors.UnknownOutcome),
        (502, errors.Unavailable, errors.UnknownOutcome),
        (503, errors.Unavailable, errors.Unavailable),
        (504, errors.Unavailable, errors.UnknownOutcome),
    ],
)
def test_the_status_decides(
    status: int, read: type[errors.ConnectorError], write: type[errors.ConnectorError]
) -> None:
    for is_write, kind in ((False, read), (True, write)):
        with pytest.raises(errors.ConnectorError) as caught:
            understand(status, body("Some_Code"), write=is_write, request_id="r-1")
        assert type(caught.value) is kind
        assert (caught.value.status, caught.value.code) == (status, "Some_Code")
        assert caught.value.request_id == "r-1"
        assert "prose" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_a_success_for_a_change(status: int) -> None:
    answer = understand(status, b"<html>", write=True, date="Sun, 22 Nov 2026 07:00:00 GMT")
    assert answer.body is None
    assert answer.date.isoformat() == "2026-11-22T07:00:00+00:00"


def test_a_read_without_json_is_unavailable() -> None:
    with pytest.raises(errors.Unavailable):
        understand(200, b"<html>")


@pytest.mark.parametrize("code", ["<script>", "a" * 101, "two words", 7, None, {"x": 1}])
def test_a_code_that_is_none_is_not_repeated(code: object) -> None:
    with pytest.raises(errors.Invalid) as caught:
        understand(400, body(code))
    assert caught.value.code is None


@pytest.mark.parametrize("content", [b"", b"[]", b'"x"', b'{"error": "x"}', b"\xff\xfe", b"{"])
def test_an_error_without_graphs_shape_is_still_classified(content: bytes) -> None:
    with pytest.raises(errors.Forbidden):
        understand(403, content)


def test_a_second_policy_for_an_app_is_a_conflict_though_the_status_is_400() -> None:
    with pytest.raises(errors.Conflict):
        understand(400, body("Request_MultipleObjectsWithSameKeyValue"))


def test_a_403_names_what_is_missing() -> None:
    with pytest.raises(errors.Forbidden) as caught:
        answers.understand(403, {}, b"", write=True, needs="the permission User.Read.All")
    assert "the permission User.Read.All" in caught.value.remedy


CHALLENGE = 'Bearer realm="", error="insufficient_claims", claims="eyJhIjoxfQ=="'


@pytest.mark.parametrize("write", [True, False])
def test_a_claims_challenge_asks_for_another_token(write: bool) -> None:
    with pytest.raises(errors.TokenRefused) as caught:
        understand(401, body("InvalidAuthenticationToken"), write=write, www_authenticate=CHALLENGE)
    assert isinstance(caught.value, errors.Unauthenticated)
    assert answers.claims({"www-authenticate": CHALLENGE}) == "eyJhIjoxfQ=="


@pytest.mark.parametrize("header", ["", "Bearer realm", 'Basic claims="eyJhIjoxfQ=="'])
def test_without_a_challenge_no_other_token_is_asked_for(header: str) -> None:
    with pytest.raises(errors.Unauthenticated) as caught:
        understand(401, www_authenticate=header)
    assert type(caught.value) is errors.Unauthenticated
