"""Settings are read from every place in its order, and each problem is told with its place."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.load import Loaded, Problem, SettingsError, load
from config.origins import StandardWebhook
from config.settings import Settings, SourceKind
from config.toml_lines import key_lines

HIDDEN = "correct-horse-battery"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory without a rescind.toml."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def write(folder: Path, text: str, name: str = "rescind.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def source_of(loaded: Loaded, name: str) -> str:
    return next(leaf.source for leaf in loaded.leaves if leaf.name == name)


def problems(
    path: Path | None = None, environ: Mapping[str, str] | None = None, **more: Any
) -> dict[str, Problem]:
    with pytest.raises(SettingsError) as refusal:
        load(path, environ or {}, **more)
    assert HIDDEN not in str(refusal.value)
    return {".".join(map(str, problem.key)): problem for problem in refusal.value.problems}


def test_without_anything_the_defaults_hold() -> None:
    loaded = load(None, {})
    assert loaded.settings == Settings()
    assert loaded.path is None
    assert {leaf.source for leaf in loaded.leaves} == {"default"}


def test_later_places_win(tmp_path: Path) -> None:
    path = write(tmp_path, "[web]\nport = 1001\nhost = 'a'\n[engine]\nconcurrency = 4\n")
    secrets = tmp_path / "secrets"
    write(secrets, "1002\n", "web__port")
    write(secrets, "c", "web__host")
    environ = {"RESCIND_SECRETS_DIR": str(secrets), "RESCIND_WEB__PORT": "1003"}

    loaded = load(path, environ)
    assert loaded.settings.web.port == 1003
    assert loaded.settings.web.host == "c"
    assert loaded.settings.engine.concurrency == 4
    assert source_of(loaded, "web.port") == "env RESCIND_WEB__PORT"
    assert source_of(loaded, "web.host") == "secrets web__host"
    assert source_of(loaded, "engine.concurrency") == "rescind.toml:5"
    assert source_of(loaded, "engine.lease_s") == "default"

    overridden = load(path, environ, overrides={"web.port": 1004})
    assert overridden.settings.web.port == 1004
    assert source_of(overridden, "web.port") == "command line"


def test_the_file_is_named_by_argument_environment_or_working_directory(tmp_path: Path) -> None:
    one = write(tmp_path, "instance = 'one'", "one.toml")
    two = write(tmp_path, "instance = 'two'", "two.toml")
    environ = {"RESCIND_CONFIG": str(two)}
    assert load(one, environ).settings.instance == "one"
    assert load(None, environ).settings.instance == "two"
    write(tmp_path / "work", "instance = 'three'")
    assert load(None, {}).settings.instance == "three"


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("RESCIND_CHAT__SCHEMAS", '["slack"]', lambda s: s.chat.schemas == ("slack",)),
        ("rescind_web__host", "h", lambda s: s.web.host == "h"),
        ("RESCIND_WEB", '{"host": "h"}', lambda s: s.web.host == "h"),
        ("RESCIND_GUARDRAILS__PROTECTED", '[{"id": "a", "reason": "b"}]',
         lambda s: s.guardrails.protected[0].id == "a"),
        ("RESCIND_TENANTS__CONTOSO__OKTA", '{"org_url": "https://x.okta.com", "api_token": "1"}',
         lambda s: s.tenants["contoso"].okta.api_token.get_secret_value() == "1"),
        ("RESCIND_PLAYBOOKS__PARAMETERS__CM0080__DISABLE", "true",
         lambda s: s.playbooks.parameters["cm0080"]["disable"] is True),
        ("RESCIND_PLAYBOOKS__PARAMETERS__CM0080__MINUTES", "90",
         lambda s: s.playbooks.parameters["cm0080"]["minutes"] == 90),
        ("RESCIND_PLAYBOOKS__PARAMETERS__CM0080__NOTE", "yes",
         lambda s: s.playbooks.parameters["cm0080"]["note"] == "yes"),
        ("RESCIND_APPROVALS__DENY_REASON_REQUIRED", "false",
         lambda s: s.approvals.deny_reason_required is False),
        ("RESCIND_DATABASE__URL", "", lambda s: s == Settings()),
        ("RESCIND_PORT", "tcp://10.0.0.1:8480", lambda s: s == Settings()),
        ("RESCIND_PORT_8480_TCP_ADDR", "10.0.0.1", lambda s: s == Settings()),
        ("RESCIND_TEST_SERVICES", "required", lambda s: s == Settings()),
        ("RESCIND_VENDOR_SPECS", "/srv/specs", lambda s: s == Settings()),
        ("RESCIND_SERVICE_PORT_HTTP", "8480", lambda s: s == Settings()),
        ("OTHER_WEB__PORT", "x", lambda s: s == Settings()),
    ],
)  # fmt: skip
def test_variables_are_read_by_the_type_of_their_key(name: str, value: str, read: Any) -> None:
    assert read(load(None, {name: value}).settings)


def test_variables_join_what_the_file_says(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "[tenants.contoso]\ndomains = ['contoso.com']\n"
        "[tenants.contoso.okta]\norg_url = 'https://contoso.okta.com'\n",
    )
    loaded = load(path, {"RESCIND_TENANTS__CONTOSO__OKTA__API_TOKEN": HIDDEN})
    okta = loaded.settings.tenants["contoso"].okta
    assert okta is not None
    assert okta.api_token is not None
    assert okta.api_token.get_secret_value() == HIDDEN
    assert source_of(loaded, "tenants.contoso.domains") == "rescind.toml:2"


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, f"\n{HIDDEN}\n\n", "keys/okta")
    path = write(
        tmp_path,
        "[chat.urls]\nsoc_file = 'keys/chat'\n"
        "[tenants.contoso.okta]\norg_url = 'https://contoso.okta.com'\napi_token_file = 'keys/okta'\n",
    )
    write(tmp_path, "slack://a/b/c", "keys/chat")
    loaded = load(path, {})
    okta = loaded.settings.tenants["contoso"].okta
    assert okta is not None
    assert okta.api_token is not None
    assert okta.api_token.get_secret_value() == HIDDEN
    assert set(loaded.settings.chat.urls) == {"soc"}
    name = "tenants.contoso.okta.api_token"
    assert source_of(loaded, name) == "rescind.toml:5 (file keys/okta)"
    environ = {"RESCIND_TENANTS__CONTOSO__OKTA__API_TOKEN": "another"}
    assert source_of(load(path, environ), name) == "env " + next(iter(environ))


def test_paths_start_where_the_file_stands(tmp_path: Path) -> None:
    path = write(tmp_path, "[playbooks]\nfolder = 'mine'\n")
    (tmp_path / "mine").mkdir()
    assert load(path, {}).settings.playbooks.folder == tmp_path / "mine"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "cannot be read"),
        (b" \n", "empty"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"x" * 70_000, "larger than"),
    ],
)
def test_a_secrets_file_that_holds_none_is_told(
    tmp_path: Path, content: bytes | None, what: str
) -> None:
    path = write(tmp_path, "[database]\nurl_file = 'key'\n")
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    problem = problems(path)["database.url_file"]
    assert what in problem.what
    assert problem.where == "rescind.toml:2"


def test_where_a_secrets_file_is_looked_for_is_told_and_not_what_may_be_the_secret(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, f"[database]\nurl_file = '{HIDDEN}'\n")
    problem = problems(path)["database.url_file"]
    assert problem.right.endswith(f"a relative path starts at {tmp_path}")
    assert HIDDEN not in str(problem)


@pytest.mark.parametrize("path", [".", "nul\\u0000", "rescind.toml/below", "/dev/zero"])
def test_a_secrets_file_that_is_none_is_told(tmp_path: Path, path: str) -> None:
    settings = write(tmp_path, f'[database]\nurl_file = "{path}"\n')
    assert problems(settings)["database.url_file"].where == "rescind.toml:2"


def test_a_secrets_file_may_be_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    sender = threading.Thread(target=path.write_text, args=("sqlite:////var/lib/mine.db",))
    sender.start()
    url = load(write(tmp_path, "[database]\nurl_file = 'pipe'\n"), {}).settings.database.url
    sender.join()
    assert url.get_secret_value() == "sqlite:////var/lib/mine.db"


def test_a_secret_and_its_file_in_one_place_are_one_too_many(tmp_path: Path) -> None:
    write(tmp_path, HIDDEN, "key")
    path = write(tmp_path, f"[database]\nurl = '{HIDDEN}'\nurl_file = 'key'\n")
    assert "both given" in problems(path)["database.url_file"].what


def test_a_folder_of_secrets_leaves_hidden_files_alone_and_tells_the_others(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    write(secrets, HIDDEN, "..data/x")
    write(secrets, HIDDEN, ".swp")
    write(secrets, HIDDEN, "databse__url")
    write(secrets, "", "broker__url")
    found = problems(None, {"RESCIND_SECRETS_DIR": str(secrets)})
    assert set(found) == {"databse.url", "broker.url"}
    assert "database" in found["databse.url"].right
    assert found["broker.url"].where == "secrets broker__url"
    missing = problems(None, {"RESCIND_SECRETS_DIR": str(tmp_path / "nowhere")})
    assert "cannot be read" in missing[""].what


ORIGIN = f"origin.secret = '{HIDDEN}'\norigin.proof = 'shared_secret'"


@pytest.mark.parametrize(
    ("text", "key", "line", "what", "right"),
    [
        ("[web]\nprot = 1", "web.prot", 2, "no such key", "did you mean port?"),
        ("[tenant.x]\na = 1", "tenant", 1, "no such key", "did you mean tenants?"),
        ("zzz = 1", "zzz", 1, "no such key", "one of instance, database"),
        ("[web]\n\nport = 70000", "web.port", 3, "too large", "0 to 65535"),
        ("[web]\nport = 'x'", "web.port", 2, "not a whole number", "0 to 65535"),
        ("[guardrails]\npeople_per_hour = 0", "guardrails.people_per_hour", 2, "too small",
         "at least 1"),
        ("[web]\nhost = 7", "web.host", 2, "is not text", "listen"),
        ("web = 7", "web", 1, "is not a table", "a table"),
        ("[chat]\nschemas = 'slack'", "chat.schemas", 2, "is not a list", "apprise"),
        ("[approvals]\ndeny_reason_required = 'perhaps'", "approvals.deny_reason_required", 2,
         "true or false", "true or false"),
        ("[web]\npublic_url = 'rescind'", "web.public_url", 2, "is not an address", "http"),
        ("[web]\npublic_url = 'https://a.example.com/x'", "web.public_url", 2,
         "scheme, host and port only", "browsers"),
        ("instance = 'two words'", "instance", 1, "form", "audit log"),
        (f"[sources.a]\nkind = 'sentinel'\nmode = 'autoo'\n{ORIGIN}", "sources.a.mode", 3,
         "not one of the allowed", "'observe', 'approve' or 'auto'"),
        ("[sources.a]\nkind = 'sentinel'", "sources.a.origin", 1, "is missing", "proves"),
        (f"[sources.a]\n{ORIGIN}", "sources.a.kind", 1, "is missing", "okta_event_hook"),
        (f"[sources.a]\nkind = 'sentinel'\n[sources.a.origin]\nsecret = '{HIDDEN}'",
         "sources.a.origin.proof", 3, "is missing", "'standard_webhooks'"),
        (f"[sources.a]\nkind = 'sentinel'\norigin = {{proof = 'x', secret = '{HIDDEN}'}}",
         "sources.a.origin.proof", 3, "not one of the allowed", "'shared_secret'"),
        ("[sources.a]\nkind = 'sentinel'\n[sources.a.origin]\nproof = 'shared_secret'\n"
         "secret = 'short'", "sources.a.origin.secret", 5, "too short", "at least 16 characters"),
        (f"[sources.a]\nkind = 'sentinel'\n[sources.a.origin]\nproof = 'shared_secret'\n"
         f"secret = '{HIDDEN}'\nheadr = 'X'", "sources.a.origin.headr", 6, "no such key", "header"),
        (f"[sources.a]\nkind = 'sentinel'\n[sources.a.origin]\nproof = 'shared_secret'\n"
         f"secrett = '{HIDDEN}'", "sources.a.origin.secrett", 5, "no such key", "secret"),
        ("[sources.a]\nkind = 'sentinel'\n[sources.a.origin]\nproof = 'standard_webhooks'\n"
         "secret = 'whsec_!!!!!!!!!!!!!!!!!!!!!!'", "sources.a.origin.secret", 5, "not base64", ""),
        ("[tenants.Contoso]\ndomains = []", "tenants.Contoso", 1, "name cannot be used", "small"),
        ("[[guardrails.protected]]\nid = 'a'\nreason = 'b'\n\n[[guardrails.protected]]\nid = ''\n"
         "reason = 'c'", "guardrails.protected.1.id", 6, "empty", "at least 1 character;"),
        ("[playbooks.parameters.cm0080]\nx = [1]", "playbooks.parameters.cm0080.x", 2,
         "is not text or a whole number", "true or false"),
        ("[tenants.a.okta]\norg_url = 'https://a.okta.com'\nkey_id_file = 'x'",
         "tenants.a.okta.key_id_file", 3, "no such key", "only secrets"),
        ("[tenants.a.auth0]\ndomain = 'https://a.eu.auth0.com'", "tenants.a.auth0.domain", 2, "form",
         "contoso.eu.auth0.com"),
        ("[tenants.a.auth0]\nclient_id = 'x'", "tenants.a.auth0.domain", 1, "is missing",
         "not a custom domain"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_file_is_told_with_line_and_remedy(
    tmp_path: Path, text: str, key: str, line: int, what: str, right: str
) -> None:
    problem = problems(write(tmp_path, text))[key]
    assert what in problem.what
    assert right in problem.right
    assert problem.where == f"rescind.toml:{line}"


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("guardrails.people_per_hour", "true", "is not a whole number"),
        ("guardrails.people_per_hour", "false", "is not a whole number"),
        ("guardrails.fold_window_minutes", "5.0", "is not a whole number"),
        ("guardrails.fold_window_minutes", "'60'", "is not a whole number"),
        ("web.port", "2026-03-01", "is not a whole number"),
        ("web.port", "[8480]", "is not a whole number"),
        ("approvals.deny_reason_required", "0", "is not true or false"),
        ("approvals.deny_reason_required", "'false'", "is not true or false"),
        ("engine.lease_s", "'30'", "is not a number"),
        ("engine.lease_s", "true", "is not a number"),
        ("engine.lease_s", "nan", "is not a number"),
        ("playbooks.parameters.cm0080.minutes", "5.0", "is not text or a whole number"),
    ],
)
def test_a_value_of_another_type_is_told_and_not_converted(
    tmp_path: Path, key: str, value: str, what: str
) -> None:
    found = problems(write(tmp_path, f"{key} = {value}\n"))
    assert list(found) == [key]
    assert what in found[key].what
    assert found[key].right.startswith(what.removeprefix("is not "))
    assert found[key].where == "rescind.toml:1"


def test_a_whole_number_is_a_number(tmp_path: Path) -> None:
    assert load(write(tmp_path, "engine.lease_s = 30\n"), {}).settings.engine.lease_s == 30.0


def test_what_has_a_type_in_json_keeps_it() -> None:
    assert list(problems(None, {"RESCIND_WEB": '{"port": true}'})) == ["web.port"]
    assert list(problems(None, {"RESCIND_ENGINE__LEASE_S": "nan"})) == ["engine.lease_s"]
    assert load(None, {"RESCIND_WEB": '{"port": 1}'}).settings.web.port == 1


def test_text_of_files_and_variables_is_converted(tmp_path: Path) -> None:
    write(tmp_path / "secrets", "60\n", "guardrails__fold_window_minutes")
    environ = {
        "RESCIND_SECRETS_DIR": str(tmp_path / "secrets"),
        "RESCIND_WEB__PORT": "1",
        "RESCIND_ENGINE__LEASE_S": "3.5",
        "RESCIND_APPROVALS__DENY_REASON_REQUIRED": "0",
    }
    settings = load(None, environ).settings
    assert settings.guardrails.fold_window_minutes == 60
    assert (settings.web.port, settings.engine.lease_s) == (1, 3.5)
    assert settings.approvals.deny_reason_required is False


@pytest.mark.parametrize(
    ("environ", "key", "what", "right"),
    [
        ({"RESCIND_WEB__PORT": "x"}, "web.port", "not a whole number", "0 to 65535"),
        ({"RESCIND_TENANT__A": HIDDEN}, "tenant.a", "no such key", "tenants"),
        ({"RESCIND_WEB__TOKEN": HIDDEN}, "web.token", "no such key", "one of host, port"),
        ({"RESCIND_CHAT__SCHEMAS": "slack"}, "chat.schemas", "not JSON", "one"),
        ({"RESCIND_WEB": "x"}, "web", "not JSON", "__"),
        ({"RESCIND_DATABASE__URL_FILE": "/nowhere"}, "database.url_file", "cannot be read", "file"),
    ],
)
def test_what_is_wrong_in_the_environment_is_told_with_the_variables_name(
    environ: dict[str, str], key: str, what: str, right: str
) -> None:
    problem = problems(None, environ)[key]
    assert what in problem.what
    assert right in problem.right
    assert problem.where == f"env {next(iter(environ))}"


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "[web]\nport = -1\nhots = 'x'\n[engine]\nlease_s = 0\n")
    found = problems(path, {"RESCIND_RETRIES__ATTEMPTS": "0", "RESCIND_NOPE": "1"})
    assert set(found) == {"web.port", "web.hots", "engine.lease_s", "retries.attempts", "nope"}


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("[web]\nport = \n", "rescind.toml:2", "column 8"),
        ("[web\n", "rescind.toml:1", "column 5"),
        ("[web]\nhost = 'a'\nhost", "rescind.toml:3", "at its end"),
        (f"secret = {HIDDEN}", "rescind.toml:1", "column 10"),
    ],
)
def test_what_is_not_toml_is_told_with_line_and_column(
    tmp_path: Path, text: str, place: str, what: str
) -> None:
    problem = problems(write(tmp_path, text))[""]
    assert problem.where == place
    assert what in problem.what
    assert str(tmp_path) in problem.what


@pytest.mark.parametrize(
    ("text", "key", "first", "second"),
    [
        ("[web]\nhost = 'a'\nhost = 'b'\n", "web.host", 2, 3),
        ("[web]\nhost = 'a'\n\n'host' = 'b'", "web.host", 2, 4),
        ("[web]\r\nhost = 'a'\r\nhost = 'b'", "web.host", 2, 3),
        ("instance = 'a'\ninstance = '''\nb'''", "instance", 1, 2),
        ("[web]\nport = 1\n[engine]\n[web]\nhost = 'a'\n", "web", 1, 4),
        ("[[guardrails.protected]]\nid = 'a'\n[[guardrails.protected]]\nid = 'a'\nid = 'b'",
         "guardrails.protected.1.id", 4, 5),
    ],
)  # fmt: skip
def test_a_key_that_stands_twice_is_named_with_both_lines(
    tmp_path: Path, text: str, key: str, first: int, second: int
) -> None:
    path = tmp_path / "rescind.toml"
    path.write_bytes(text.encode())
    problem = problems(path)[key]
    assert problem.what.endswith(f": in line {first} and in line {second}")
    assert problem.where == f"rescind.toml:{second}"


@pytest.mark.parametrize(
    "text",
    ["a.b = 1\n[a]\n", "urls = {}\nurls.a = 1", "a = { b = 1, b = 2 }", "[a]\nb.c = 1\n[a.b]"],
)
def test_what_else_cannot_stand_together_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    assert problems(write(tmp_path, text))[""].where.startswith("rescind.toml:")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "cannot be read" in problems(tmp_path / "none.toml")[""].what
    with pytest.raises(SettingsError, match="More may follow"):
        load(tmp_path / "none.toml", {})
    (tmp_path / "latin.toml").write_bytes(b"instance = '\xe9'")
    assert "UTF-8" in problems(tmp_path / "latin.toml")[""].what


def test_checks_of_other_rooms_are_run_and_told_with_their_place(tmp_path: Path) -> None:
    path = write(tmp_path, "instance = 'contoso'\n")

    def no_contoso(settings: Settings) -> list[Problem]:
        return [Problem(("instance",), f"is {settings.instance}", "another")]

    problem = problems(path, {}, checks=[no_contoso])["instance"]
    assert (problem.what, problem.where) == ("is contoso", "rescind.toml:1")


def test_an_installed_detectors_name_is_a_kind() -> None:
    environ = {
        "RESCIND_SOURCES__A__KIND": "own-detector",
        "RESCIND_SOURCES__B__KIND": "sentinel",
        "RESCIND_SOURCES__A__ORIGIN": json.dumps({"proof": "shared_secret", "secret": HIDDEN}),
        "RESCIND_SOURCES__B__ORIGIN": json.dumps({"proof": "shared_secret", "secret": HIDDEN}),
    }
    sources = load(None, environ).settings.sources
    assert sources["a"].kind == "own-detector"
    assert sources["b"].kind is SourceKind.SENTINEL


def test_a_refused_secret_stands_in_no_traceback() -> None:
    with pytest.raises(ValueError, match="secret") as refusal:
        StandardWebhook.model_validate({"secret": "hunter2", "previous_secret": "whsec_hunter2"})
    assert "hunter2" not in str(refusal.value)


TOML = """# a comment = 1
instance = "a" # [not.a.table]

[database]
  url = '''
[web]
port = 1
'''
[chat]
schemas = [ # one a line
  "a = 1",
  "[b]",
]
timeout_s = 1.5
urls = { "soc" = "x", two = { y = 1 } }
[sources."with.dot".mapping]
"person.email" = "a"
b.c = "d"
[[guardrails.protected]]
id = "1"
[guardrails.protected.more]
x = 1
[[ guardrails . protected ]]
id = \"\"\"
2\"\"\"
[playbooks]
folder = "x"
"""


def test_the_line_of_each_key_is_known() -> None:
    assert key_lines(TOML) == {
        ("instance",): 2,
        ("database",): 4,
        ("database", "url"): 5,
        ("chat",): 9,
        ("chat", "schemas"): 10,
        ("chat", "timeout_s"): 14,
        ("chat", "urls"): 15,
        ("sources", "with.dot", "mapping"): 16,
        ("sources", "with.dot", "mapping", "person.email"): 17,
        ("sources", "with.dot", "mapping", "b", "c"): 18,
        ("guardrails", "protected", 0): 19,
        ("guardrails", "protected", 0, "id"): 20,
        ("guardrails", "protected", 0, "more"): 21,
        ("guardrails", "protected", 0, "more", "x"): 22,
        ("guardrails", "protected", 1): 23,
        ("guardrails", "protected", 1, "id"): 24,
        ("playbooks",): 26,
        ("playbooks", "folder"): 27,
    }


NAMES = st.from_regex(r"[A-Z]{1,6}(__[A-Z_]{1,6}){0,3}", fullmatch=True)
KNOWN = st.sampled_from(
    ["WEB__PORT", "WEB", "TENANTS__A__OKTA__API_TOKEN", "TENANTS__A", "CHAT__URLS__A", "SOURCES__A"]
)


@given(
    st.dictionaries(
        st.one_of(NAMES, KNOWN),
        st.one_of(st.text(max_size=8), st.sampled_from(['{"a": 1}', "[1]", "true", "1"])),
        max_size=4,
    )
)
def test_no_environment_raises_anything_else(environ: dict[str, str]) -> None:
    try:
        loaded = load(None, {f"RESCIND_{name}": value for name, value in environ.items()})
    except SettingsError as refusal:
        loaded = None
        assert refusal.problems  # noqa: PT017 - either way is right, and both are looked at
    assert loaded is None or loaded.leaves


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (None, "sqlite:///{folder}/rescind.db"),
        ("sqlite:///data/mine.db", "sqlite:///{folder}/data/mine.db"),
        ("sqlite+pysqlite:///mine.db?timeout=3", "sqlite+pysqlite:///{folder}/mine.db?timeout=3"),
        ("sqlite:////var/lib/mine.db", "sqlite:////var/lib/mine.db"),
        ("sqlite:///file:mine.db?uri=true", "sqlite:///file:mine.db?uri=true"),
        ("postgresql+psycopg://db.example.com/a", "postgresql+psycopg://db.example.com/a"),
    ],
)
def test_a_relative_database_starts_at_the_settings_file(
    tmp_path: Path, given: str | None, meant: str
) -> None:
    path = write(tmp_path / "here", f'[database]\nurl = "{given}"' if given else "")
    loaded = load(path, {})
    meant = meant.format(folder=path.parent)
    assert loaded.settings.database.url.get_secret_value() == meant
    assert source_of(loaded, "database.url") == ("rescind.toml:2" if given else "default")
    if given:
        environ = {
            "RESCIND_CONFIG": str(write(tmp_path / "here", "")),
            "RESCIND_DATABASE__URL": given,
        }
        assert load(None, environ).settings.database.url.get_secret_value() == meant


def test_without_a_settings_file_a_relative_database_stays_relative() -> None:
    environ = {"RESCIND_DATABASE__URL": "sqlite:///mine.db"}
    assert load(None, environ).settings.database.url.get_secret_value() == "sqlite:///mine.db"
