"""Whatever form logs come in becomes JSON values, or is told; a hook stays as strict as it was."""

from __future__ import annotations

import gzip
import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import Source
from detectors import decoding, lines, registry
from detectors.alert import Alert, NotUnderstood
from detectors.decoding import decode_any
from detectors.detector import Detector
from tests.depth import cases

CEF = (
    "<134>Nov 22 03:05:00 host CEF:0|Contoso|Vault\\|9|12.1|361|Token used|8|suser=ada@contoso.com "
    "src=203.0.113.7 cs1=two words cs1Label=Rule Name msg=a\\=b c"
)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        (b'{"a": 1},\n{"a": 2}', [{"a": 1}, {"a": 2}]),
        (b'{\n"a": 1\n}\n{\n"a": 2\n}', [{"a": 1}, {"a": 2}]),
        (b"user,ip\nada,1.2.3.4\nben,\n", [{"user": "ada", "ip": "1.2.3.4"}, {"user": "ben", "ip": ""}]),
        (b'user;risk\n"ada; x";"{""level"": 1}"\n', [{"user": "ada; x", "risk": {"level": 1}}]),
        (gzip.compress(b'{"a": 1}\n{"a": 2}', mtime=0), [{"a": 1}, {"a": 2}]),
        ('{"a": "é"}'.encode("utf-16"), {"a": "é"}),
        (b'Nov 22 03:05:00 host app[1]: {"a": {"b": 2}}', [{"a": {"b": 2}}]),
        (
            b'2026-11-22T03:05:00Z event="SSO" subject="ada" ip=203.0.113.7',
            [{"_format": "key_value", "_head": "2026-11-22T03:05:00Z", "event": "SSO",
              "subject": "ada", "ip": "203.0.113.7"}],
        ),
        (
            b"head (task-1) type=LOGIN, realmId=test, userId=u1, username=ada",
            [{"_format": "key_value", "_head": "head (task-1)", "type": "LOGIN",
              "realmId": "test", "userId": "u1", "username": "ada"}],
        ),
        (b"1, ada, LOGIN, 203.0.113.7", [{"_format": "columns", "columns": ["1", "ada", "LOGIN", "203.0.113.7"]}]),
        # one line that is ambiguous keeps no other back
        (
            b'{"a": 1}\n{"a": 1, "a": 2}',
            [{"a": 1}, {"_format": "text", "text": '{"a": 1, "a": 2}'}],
        ),
        (b"something happened", [{"_format": "text", "text": "something happened"}]),
    ],
)  # fmt: skip
def test_every_form_is_read(body: bytes, value: Any) -> None:
    assert decode_any(body) == value


def test_cef_is_taken_apart_with_its_labels_and_escapes() -> None:
    (record,) = decode_any(CEF.encode())  # type: ignore[misc]
    assert isinstance(record, dict)
    assert {key: record[key] for key in ("deviceVendor", "deviceProduct", "signatureId", "severity")} == {
        "deviceVendor": "Contoso", "deviceProduct": "Vault|9", "signatureId": "361", "severity": "8",
    }  # fmt: skip
    assert record["extension"] == {
        "suser": "ada@contoso.com", "src": "203.0.113.7", "cs1": "two words",
        "cs1Label": "Rule Name", "Rule Name": "two words", "msg": "a=b c",
    }  # fmt: skip
    cut = CEF[CEF.index("CEF:") + 4 :]
    (bare,) = decode_any(cut.encode())  # type: ignore[misc]
    assert isinstance(bare, dict)
    assert bare["extension"] == record["extension"]


@pytest.mark.parametrize(
    "line",
    [
        "LEEF:1.0|Contoso|Gate|1|LOGIN|usrName=ada\tsrc=203.0.113.7",
        "Nov 22 host LEEF:2.0|Contoso|Gate|1|LOGIN|^|usrName=ada^src=203.0.113.7",
        "LEEF:2.0|Contoso|Gate|1|LOGIN|x5E|usrName=ada^src=203.0.113.7",
    ],
)
def test_leef_is_taken_apart_in_both_versions(line: str) -> None:
    record = lines.read(line)
    assert isinstance(record, dict)
    assert (record["vendor"], record["eventId"]) == ("Contoso", "LOGIN")
    assert record["attributes"] == {"usrName": "ada", "src": "203.0.113.7"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": "unfinished', "not JSON"),
        (b"[" * 10_000, "deeper"),
        (b"\x1f\x8bnot really", "gzip"),
        (gzip.compress(b"a" * (decoding.MAX_BYTES + 1), mtime=0), "larger"),
        (b'{"a": 1}\n' * (decoding.MAX_RECORDS + 1), "more than"),
        (b"a b\n" * (decoding.MAX_RECORDS + 1), "more than"),
    ],
)
def test_what_cannot_be_read_is_told(body: bytes, reason: str) -> None:
    with pytest.raises(NotUnderstood, match=reason):
        decode_any(body)


@pytest.mark.parametrize(
    "body", [b'{"a": 1}\n{"a": 2}', b"a=1 b=2", CEF.encode(), gzip.compress(b"{}", mtime=0)]
)
def test_a_hook_takes_lines_only_where_its_detector_does(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotUnderstood, match=r"body is (not|encoded)"):
        registry.parse("sentinel", body, "x", registry.bare_source("sentinel"))
    seen: list[Any] = []

    def keep(payload: Any, name: str, _: Source) -> list[Alert]:
        seen.append(payload)
        return [Alert(source=name, kind="k", event_id="1", title="t")]

    detector = Detector("lines", "Lines", (), keep, takes_lines=True)
    monkeypatch.setattr(registry, "detector", lambda _: detector)
    registry.parse("lines", body, "x", registry.bare_source("lines"))
    assert seen == [decode_any(body)]


@pytest.mark.fuzz
@settings(max_examples=cases(100), deadline=None)
@given(
    st.one_of(
        st.binary(max_size=120),
        st.text(max_size=120).map(str.encode),
        st.lists(st.sampled_from(['"', "=", "|", "CEF:0|", "LEEF:2.0|", "a", ",", "\n", "{", "}", "\\", " "]), max_size=60)
        .map(lambda parts: "".join(parts).encode()),
    )
)  # fmt: skip
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    with suppress(NotUnderstood):
        json.dumps(decode_any(body))


@pytest.mark.parametrize(
    "line",
    ['a="' * 40_000, "a=" * 60_000, "CEF:0|" + "a\\|" * 40_000, '"' * 120_000, "{" * 120_000],
)
def test_a_line_made_to_be_slow_is_not(line: str) -> None:
    started = time.perf_counter()
    lines.read(line)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("mark", ["\ufeff", "\u00ef\u00bb\u00bf"])
def test_a_mark_before_the_message_hides_no_cef(mark: str) -> None:
    line = CEF.replace("CEF:", f"{mark}CEF:")
    (record,) = decode_any(line.encode())  # type: ignore[misc]
    assert isinstance(record, dict)
    assert (record["deviceVendor"], record["signatureId"]) == ("Contoso", "361")
    assert lines.is_headed(line)
    assert lines.is_cef_or_leef(line)


@pytest.mark.parametrize("begin", ["|", "0|", "- 0|", "\ufeff0|"])
def test_cef_is_read_where_the_syslog_header_has_it_as_the_application(begin: str) -> None:
    line = (
        f"1 2026-11-22T03:05:00.5+00:00 DC1 CEF 6076 PassTheTicketSecurityAlert {begin}Contoso|Azure Watch|2.1|"
        "PassTheTicketSecurityAlert|Identity theft using Pass-the-Ticket attack|10|app=Kerberos suser=ada"
    )
    (record,) = decode_any(line.encode())  # type: ignore[misc]
    assert isinstance(record, dict)
    assert (record["deviceVendor"], record["severity"], record["cefVersion"]) == (
        "Contoso",
        "10",
        "0",
    )
    assert record["extension"] == {"app": "Kerberos", "suser": "ada"}


def test_what_merely_speaks_of_cef_is_text() -> None:
    (record,) = decode_any(b"read the CEF file of yesterday | and more")  # type: ignore[misc]
    assert isinstance(record, dict)
    assert record["_format"] == "text"


def test_a_column_that_is_there_twice_tells_what_both_say_or_nothing() -> None:
    names = ",".join(f"c{number}" for number in range(12))
    rows = ",".join("x" for _ in range(12))
    same, other = decode_any(f"{names},c0\n{rows},x\n{rows},y\n".encode())  # type: ignore[misc]
    assert isinstance(same, dict)
    assert isinstance(other, dict)
    assert (same["c0"], other["c0"], other["c1"]) == ("x", None, "x")
