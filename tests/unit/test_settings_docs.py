"""The reference of all settings names every key there is, and none that is not."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from config import schema
from config.load import load

TEXT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
ROWS = dict(re.findall(r"^\| `([a-z_]+[.A-Za-z0-9_]*)` \| (.*)$", TEXT, re.MULTILINE))


def written(key: tuple[str | int, ...]) -> str:
    text = ".".join("N" if part == 0 else str(part) for part in key)
    return text.replace("mapping.NAME", "mapping.FIELD")


KEYS = {written(key): spot for key, spot in schema.every_key()}


def test_the_reference_has_every_key_and_no_other() -> None:
    assert {key for key in ROWS if key.split(".")[0] in schema.ROOT.keys} - {"signal"} == set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_the_reference_says_what_is_secret_and_what_the_default_is(key: str) -> None:
    spot, row = KEYS[key], ROWS[key]
    assert ("secret |" in row) == spot.is_secret
    default = spot.field.default if spot.field else None
    if isinstance(default, bool):
        assert f"`{str(default).lower()}`" in row
    elif isinstance(default, int | float):
        assert f"`{default}`" in row
    elif spot.field is not None and spot.field.is_required():
        assert "| required |" in row


def test_the_examples_of_the_reference_can_be_used(tmp_path: Path) -> None:
    for name, secret in (
        ("sentinel-hook", "correct-horse-battery"),
        ("edr-hook", "correct-horse-battery-staple"),
        ("okta.jwk", "{}"),
        ("chat-soc", "slack://a/b/c"),
        ("rescind.pem", "-"),
        ("signals.pem", "-"),
        ("payroll", "Bearer correct-horse"),
    ):
        (tmp_path / "secrets").mkdir(exist_ok=True)
        (tmp_path / "secrets" / name).write_text(secret)
    examples = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert len(examples) == 3
    path = tmp_path / "rescind.toml"
    path.write_text("\n".join(examples))
    loaded = load(path, {})
    assert set(loaded.settings.sources) == set(tomllib.loads(path.read_text())["sources"])
    assert loaded.settings.tenants["contoso"].domains == ("contoso.com",)
