"""Whatever would only fail later is told before anything starts: which key, what is wrong, what is right."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from cli import main as command
from cli.checks import CHECKS
from config.load import Problem, SettingsError, load

SECRET = "correct-horse-battery"
GUID = "6f9d5c1e-0d5a-4c7e-9c53-0a3f6b2f7d11"
OKTA_ID = "00u1a2b3c4D5e6F7g8h9"
OKTA = {"org_url": "https://contoso.okta.com"}
APP = OKTA | {"client_id": "0oa1example2Client3d7"}
ENTRA = {"tenant_id": "contoso.com", "client_id": "11111111-2222-3333-4444-555555555555"}
PLAIN, LOCKED = serialization.NoEncryption(), serialization.BestAvailableEncryption(SECRET.encode())


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def accept(tree: dict[str, Any]) -> None:
    load(None, {}, overrides=tree, checks=CHECKS)


def refuse(tree: dict[str, Any]) -> Problem:
    """Return the one problem of ``tree``."""
    with pytest.raises(SettingsError) as refusal:
        accept(tree)
    assert SECRET not in str(refusal.value)
    (problem,) = refusal.value.problems
    assert problem.right
    return problem


def name(problem: Problem) -> str:
    return ".".join(map(str, problem.key))


# --- the database and the broker ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("nonsense", "no connection URL"),
        (SECRET, "no connection URL"),
        ("mysql://root:" + SECRET + "@db.example.com/rescind", "not a database"),
        ("postgres://db.example.com/rescind", "not a database"),
        ("SQLITE:///rescind.db", "not a database"),
        ("postgresql+psycopg2://db.example.com/rescind", "not a database"),
        ("sqlite://", "in memory"),
        ("sqlite:///", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:///rescind.db?mode=memory", "in memory"),
        ("sqlite:///file::memory:?uri=true", "in memory"),
        ("sqlite://rescind.db", "two slashes"),
        (f"postgresql+psycopg://a:{SECRET}@db.example.com:port/rescind", "cannot be read"),
        (f"postgresql+psycopg://a@db.example.com/rescind?sslmod={SECRET}", "cannot be read"),
    ],
)
def test_a_database_that_cannot_be_one_is_told(url: str, what: str) -> None:
    problem = refuse({"database": {"url": url}})
    assert name(problem) == "database.url"
    assert what in problem.what
    assert "sqlite:///" in problem.right
    assert "postgresql+psycopg://" in problem.right


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///rescind.db",
        "sqlite+pysqlite:///deeper/down/rescind.db?timeout=3",
        f"postgresql+psycopg://a:{SECRET}/%40@db.example.com:5432/rescind?sslmode=verify-full",
        "postgresql+psycopg://@/rescind?host=/run/postgresql",
        "postgresql+psycopg://a@/rescind?host=one.example.com&host=two.example.com",
        "postgresql+psycopg://a@db.example.com/rescind?prepare_threshold=0",
    ],
)
def test_a_database_that_may_be_there_is_not_asked(url: str) -> None:
    accept({"database": {"url": url}})


def test_a_database_file_where_none_can_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    below = refuse({"database": {"url": f"sqlite:///{tmp_path}/file/rescind.db"}})
    itself = refuse({"database": {"url": f"sqlite:///{tmp_path}/folder"}})
    assert "cannot be written" in below.what
    assert "is a folder" in itself.what


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("kafka://broker.example.com", "not a broker"),
        ("valkey://broker.example.com/0", "not a broker"),
        ("filesystem://", "not a broker"),
        ("sqs://" + SECRET, "not a broker"),
        ("memoryx://", "not a broker"),
        ("REDIS://broker.example.com/0", "not a broker"),
        ("redis:/typo", "no connection URL"),
        ("broker.example.com", "no connection URL"),
        (SECRET, "no connection URL"),
        ("redis://", "no host"),
        ("redis:///0", "no host"),
        ("amqp://rescind@//", "no host"),
        ("redis+socket://", "no path"),
        (f"redis://:{SECRET}/x@broker.example.com/0", "port"),
        ("redis://broker.example.com:port/0", "port"),
        ("amqp://[broker.example.com//", "cannot be read"),
        ("redis://broker.example.com/zero", "number"),
        ("redis://one.example.com/0;redis://two.example.com/x", "number"),
        ("rediss://broker.example.com/0?ssl_cert_reqs=perhaps", "cannot be read"),
        (f"amqp://broker.example.com//?token={SECRET}", "cannot be read"),
    ],
)
def test_a_broker_that_cannot_be_one_is_told(url: str, what: str) -> None:
    problem = refuse({"broker": {"url": url}})
    assert name(problem) == "broker.url"
    assert what in problem.what
    assert "redis://" in problem.right


@pytest.mark.parametrize(
    "url",
    [
        "memory://",
        "memory://localhost/",
        "redis://broker.example.com",
        f"redis://:{SECRET}@broker.example.com:6379/0",
        f"rediss://me:{SECRET}@broker.example.com/1?ssl_cert_reqs=required",
        "redis+socket:///run/redis.sock",
        "redis://one.example.com/0;redis://two.example.com/0",
        f"amqp://me:{SECRET}@broker.example.com//",
        "amqps://broker.example.com/rescind",
        "pyamqp://broker.example.com//",
    ],
)
def test_a_broker_that_may_be_there_is_not_asked(url: str) -> None:
    accept({"broker": {"url": url}})


# --- chat --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("slack://x", "slack://{token_a}/{token_b}/{token_c}"),
        (f"slack://{SECRET}", "slack://"),
        ("discord://", "discord://{webhook_id}/{webhook_token}"),
        ("json://", "json://{host}"),
    ],
)
def test_an_address_apprise_cannot_use_is_told_with_the_form_it_has(url: str, right: str) -> None:
    problem = refuse({"chat": {"urls": {"oncall": url, "soc": "slack://a/b/c"}}})
    assert name(problem) == "chat.urls.oncall"
    assert "apprise does not understand" in problem.what
    assert right in problem.right


def test_a_schema_apprise_does_not_have_is_told() -> None:
    chat = {"urls": {"oncall": "pigeon://coop"}, "schemas": ["pigeon"]}
    problem = refuse({"chat": chat})
    assert "apprise has no pigeon://" in problem.what


def test_what_may_not_be_used_is_told_once() -> None:
    problem = refuse({"chat": {"urls": {"oncall": "syslog://localhost"}}})
    assert "not among chat.schemas" in problem.what


# --- credentials -------------------------------------------------------------------------------


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def private(key: Any, encryption: Any = PLAIN) -> bytes:
    kind = serialization.PrivateFormat.PKCS8
    pem: bytes = key.private_bytes(serialization.Encoding.PEM, kind, encryption)
    return pem


def public(key: Any) -> bytes:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    pem: bytes = key.public_key().public_bytes(serialization.Encoding.PEM, kind)
    return pem


def certificate(key: Any) -> bytes:
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rescind.example.com")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(who, who, key.public_key(), 1, now, now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def okta_keys() -> Iterator[Any]:
    yield pytest.param(lambda: SECRET, id="garbage")
    yield pytest.param(lambda: "{}", id="empty JWK")
    yield pytest.param(lambda: '{"kty": "RSA", "n": "' + SECRET, id="half a JWK")
    yield pytest.param(lambda: public(rsa_key()).decode(), id="the public key")
    yield pytest.param(lambda: private(ec_key()).decode(), id="no RSA key")
    yield pytest.param(lambda: private(rsa_key(), LOCKED).decode(), id="encrypted")


@pytest.mark.parametrize("key", [*okta_keys()])
def test_an_okta_key_that_cannot_be_used_is_told(key: Any) -> None:
    problem = refuse({"tenants": {"contoso": {"okta": APP | {"private_key": key()}}}})
    assert name(problem) == "tenants.contoso.okta.private_key"
    assert "RSA private key" in problem.what
    assert "PEM or JWK" in problem.right


def test_an_okta_key_that_can_be_used_is_taken() -> None:
    key = private(rsa_key()).decode()
    accept({"tenants": {"contoso": {"okta": APP | {"private_key": key}}}})


def certificates() -> Iterator[Any]:
    yield pytest.param(SECRET.encode, None, id="garbage")
    yield pytest.param(lambda: b"", None, id="empty")
    yield pytest.param(lambda: bytes(range(256)), None, id="binary")
    yield pytest.param(lambda: certificate(rsa_key()), None, id="no key")
    yield pytest.param(lambda: private(rsa_key()), None, id="no certificate")
    yield pytest.param(lambda: private(ec_key()) + certificate(ec_key()), None, id="no RSA key")
    locked = lambda: private(rsa_key(), LOCKED) + certificate(rsa_key())  # noqa: E731
    yield pytest.param(locked, None, id="encrypted, and no password")
    yield pytest.param(locked, "another-" + SECRET, id="the wrong password")
    plain = lambda: private(rsa_key()) + certificate(rsa_key())  # noqa: E731
    yield pytest.param(plain, SECRET, id="a password for nothing")


@pytest.mark.parametrize(("content", "password"), [*certificates()])
def test_a_certificate_that_cannot_be_used_is_told(
    tmp_path: Path, content: Any, password: str | None
) -> None:
    path = tmp_path / "rescind.pem"
    path.write_bytes(content())
    entra = ENTRA | {"certificate_path": str(path), "certificate_password": password}
    problem = refuse({"tenants": {"contoso": {"entra": entra}}})
    assert name(problem) == "tenants.contoso.entra.certificate_path"
    assert "RSA" in problem.what
    assert "PEM or PKCS#12" in problem.right
    assert "certificate_password" in problem.right


@pytest.mark.parametrize("path", ["nowhere.pem", "file/below.pem", ".", "nul\0.pem"])
def test_a_certificate_that_cannot_be_read_is_told(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()
    entra = ENTRA | {"certificate_path": path}
    problem = refuse({"tenants": {"contoso": {"entra": entra}}})
    assert name(problem) == "tenants.contoso.entra.certificate_path"
    assert "cannot be read" in problem.what


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_certificate_we_may_not_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "rescind.pem").touch()
    (tmp_path / "closed").chmod(0)
    entra = ENTRA | {"certificate_path": str(tmp_path / "closed" / "rescind.pem")}
    problem = refuse({"tenants": {"contoso": {"entra": entra}}})
    assert "Permission denied" in problem.what


@pytest.mark.parametrize("password", [None, SECRET])
def test_a_certificate_that_can_be_used_is_taken(tmp_path: Path, password: str | None) -> None:
    path = tmp_path / "rescind.pem"
    path.write_bytes(
        private(rsa_key(), LOCKED if password else PLAIN) + certificate(rsa_key()),
    )
    entra = ENTRA | {"certificate_path": str(path), "certificate_password": password}
    accept({"tenants": {"contoso": {"entra": entra}}})


# --- playbooks ---------------------------------------------------------------------------------


def test_a_playbook_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(b"id: \xe9")
    origin = {"proof": "shared_secret", "secret": SECRET}
    source = {"kind": "sentinel", "playbook": "mine", "origin": origin}
    problem = refuse({"sources": {"s": source}, "playbooks": {"folder": str(tmp_path)}})
    assert name(problem) == "sources.s.playbook"
    assert "cannot be read" in problem.what


def test_a_file_is_no_folder_of_playbooks(tmp_path: Path) -> None:
    (tmp_path / "mine").touch(0o755)
    assert "no folder" in refuse({"playbooks": {"folder": str(tmp_path / "mine")}}).what


# --- protected people --------------------------------------------------------------------------


def protected(*ids: str) -> dict[str, Any]:
    return {"guardrails": {"protected": [{"id": one, "reason": "runs the plant"} for one in ids]}}


@pytest.mark.parametrize(
    "wrong", ["ceo@contoso.com", "ceo", GUID[:-1], "{" + GUID + "}", OKTA_ID[:-1], "00g" + OKTA_ID[3:]]
)  # fmt: skip
def test_an_id_nobody_can_have_protects_nobody_and_is_told(wrong: str) -> None:
    problem = refuse(protected(GUID, wrong))
    assert name(problem) == "guardrails.protected.1.id"
    assert "would protect nobody" in problem.what
    assert "Entra" in problem.right
    assert "Okta" in problem.right
    assert "admin" in problem.right


def test_ids_are_taken_as_the_vendors_write_them() -> None:
    accept(protected(GUID, GUID.upper(), OKTA_ID))


def test_an_id_of_a_system_no_tenant_has_protects_nobody_and_is_told() -> None:
    tree = {"tenants": {"contoso": {"okta": OKTA | {"api_token": SECRET}}}}
    problem = refuse(tree | protected(OKTA_ID, GUID))
    assert name(problem) == "guardrails.protected.1.id"
    assert "no tenant has entra" in problem.what


# --- whatever is started -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "verb",
    [["config", "check"], ["serve"], ["web"], ["worker"], ["contain", "nora.lind@contoso.com"]],
    ids=lambda verb: verb[0],
)
def test_nothing_starts_with_a_wrong_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: list[str]
) -> None:
    config = tmp_path / "rescind.toml"
    config.write_text(
        "database.url = 'nonsense'\nbroker.url = 'kafka://x'\nchat.urls.oncall = 'slack://x'\n"
        f"web.host = '0.0.0.0'\ntenants.a.okta.org_url = 'https://contoso.okta.com'\n"
        f"tenants.a.okta.client_id = '0oa1example2Client3d7'\n"
        f"tenants.a.okta.private_key = '{SECRET}'\n"
    )
    with pytest.raises(SystemExit) as ended:
        command.main([*verb, "--config", str(config)])
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("5 problems in the settings:")
    for line, key in enumerate(("database.url", "broker.url", "chat.urls.oncall"), start=1):
        assert f"{key}  (rescind.toml:{line})" in told.err
    assert "web.public_url" in told.err
    assert "tenants.a.okta.private_key  (rescind.toml:7)" in told.err
    assert told.err.count("right would be:") == 5
    assert SECRET not in told.err
    assert list(tmp_path.iterdir()) == [config]


def test_a_value_that_is_no_choice_of_a_parameter_is_told_with_the_choices() -> None:
    given = {"okta_containment": "Suspend"}
    problem = refuse({"playbooks": {"parameters": {"cm0080": given}}})
    assert name(problem) == "playbooks.parameters.cm0080.okta_containment"
    assert "suspend" in problem.right
    assert "reset" in problem.right
    accept({"playbooks": {"parameters": {"cm0080": {"okta_containment": "reset"}}}})
