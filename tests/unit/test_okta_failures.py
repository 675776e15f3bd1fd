"""Status and errorCode decide what an answer means."""

from __future__ import annotations

import json

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from connectors import errors
from connectors.okta.failures import failure, token_failure

NOW = "Sun, 22 Nov 2026 08:00:00 GMT"
NOW_EPOCH = 1795334400


def headers(*pairs: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(pairs))


def body(code: str) -> str:
    return json.dumps({"errorCode": code, "errorSummary": "Nora Lind may not", "errorCauses": []})


def judged(
    status: int,
    text: str = "",
    *pairs: tuple[str, str],
    write: bool = True,
    lifecycle: bool = False,
) -> errors.ConnectorError:
    return failure(status, headers(*pairs), text, write=write, lifecycle=lifecycle)


@pytest.mark.parametrize(
    ("status", "code", "lifecycle", "kind"),
    [
        (400, "E0000001", True, errors.Conflict),
        (400, "E0000001", False, errors.Invalid),
        (400, "E0000003", True, errors.Invalid),
        (401, "E0000011", False, errors.Unauthenticated),
        (401, "E0000004", False, errors.Unauthenticated),
        (401, "E0000015", False, errors.Forbidden),
        (403, "E0000006", True, errors.Forbidden),
        (403, "E0000038", True, errors.Conflict),
        (403, "E0000032", True, errors.Conflict),
        (404, "E0000007", False, errors.NotFound),
        (405, "E0000022", False, errors.Invalid),
        (409, "E0000001", False, errors.Conflict),
        (429, "E0000047", False, errors.Throttled),
        (500, "E0000009", False, errors.UnknownOutcome),
        (503, "E0000010", False, errors.Unavailable),
    ],
)
def test_each_code_has_its_meaning(
    status: int, code: str, lifecycle: bool, kind: type[errors.ConnectorError]
) -> None:
    error = judged(status, body(code), lifecycle=lifecycle)
    assert type(error) is kind
    assert (error.status, error.code) == (status, code)
    assert "Nora" not in f"{error} {error!r} {error.detail} {error.remedy}"


@pytest.mark.parametrize("text", ["", "<html>502</html>", "null", "[]", '"E0000006"', '{"a": 1}'])
@pytest.mark.parametrize(
    ("status", "write", "kind"),
    [
        (401, True, errors.Unauthenticated),
        (403, True, errors.Forbidden),
        (404, True, errors.NotFound),
        (500, True, errors.UnknownOutcome),
        (502, True, errors.UnknownOutcome),
        (504, True, errors.UnknownOutcome),
        (520, True, errors.UnknownOutcome),
        (408, True, errors.UnknownOutcome),
        (500, False, errors.Unavailable),
        (502, False, errors.Unavailable),
        (504, False, errors.Unavailable),
        (503, True, errors.Unavailable),
        (429, False, errors.Throttled),
        (301, True, errors.Refused),
        (302, False, errors.Refused),
        (304, False, errors.Refused),
    ],
)
def test_a_body_that_says_nothing_does_not_hide_the_failure(
    status: int, write: bool, kind: type[errors.ConnectorError], text: str
) -> None:
    error = judged(status, text, write=write)
    assert type(error) is kind
    assert error.code is None


@pytest.mark.parametrize(
    ("pairs", "wait"),
    [
        ([("X-Rate-Limit-Reset", str(NOW_EPOCH + 7)), ("Date", NOW)], 8),
        ([("x-rate-limit-reset", str(NOW_EPOCH + 7)), ("date", NOW)], 8),
        ([("X-Rate-Limit-Reset", str(NOW_EPOCH)), ("Date", NOW)], 1),
        (
            [
                ("X-Rate-Limit-Reset", str(NOW_EPOCH + 30)),
                ("X-Rate-Limit-Reset", str(NOW_EPOCH + 5)),
                ("Date", NOW),
            ],
            6,
        ),
        ([("Retry-After", "4"), ("Date", NOW)], 4),
        ([("X-Rate-Limit-Reset", str(NOW_EPOCH - 60)), ("Date", NOW)], None),
        ([("X-Rate-Limit-Reset", str(NOW_EPOCH + 90000)), ("Date", NOW)], None),
        ([("X-Rate-Limit-Reset", str(NOW_EPOCH + 7))], None),
        ([("X-Rate-Limit-Reset", "soon"), ("Retry-After", "later"), ("Date", "today")], None),
        ([], None),
    ],
)
def test_the_wait_is_told_by_oktas_own_clock(
    pairs: list[tuple[str, str]], wait: float | None
) -> None:
    assert judged(429, body("E0000047"), *pairs).retry_after_s == wait


def test_the_request_id_is_kept_if_it_is_one() -> None:
    good = judged(403, body("E0000006"), ("x-okta-request-id", "aRi2-Xyz_9"))
    assert good.request_id == "aRi2-Xyz_9"
    assert judged(403, "", ("X-Okta-Request-Id", "two words")).request_id is None


def test_a_code_that_is_a_sentence_is_not_repeated() -> None:
    assert judged(403, body("Nora Lind is an admin")).code is None


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, "invalid_client", errors.Unauthenticated),
        (400, "invalid_client", errors.Unauthenticated),
        (400, "invalid_scope", errors.Forbidden),
        (403, "access_denied", errors.Forbidden),
        (400, None, errors.Unauthenticated),
        (429, "too_many", errors.Throttled),
        (500, None, errors.Unavailable),
        (504, None, errors.Unavailable),
        (302, None, errors.Refused),
    ],
)
def test_a_refused_token_changes_nothing(
    status: int, error: str | None, kind: type[errors.ConnectorError]
) -> None:
    text = json.dumps({"error": error, "error_description": "no"}) if error else ""
    judged_token = token_failure(status, headers(), text)
    assert type(judged_token) is kind
    assert judged_token.code == error
