"""Which credentials of apps to remove, which to leave to a person, and what nobody can tell yet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors import errors
from connectors.action import Exposure
from connectors.clock import instant
from connectors.entra import age, app_keys, powershell, residue
from connectors.entra.age import Age
from connectors.entra.app_dating import Told
from connectors.entra.app_keys import CERTIFICATE, FEDERATION, Held

Json = dict[str, Any]


@dataclass(slots=True)
class Choice:
    """The credentials divided: ``remove``, and ``left`` for a person, each with ``why``."""

    remove: list[Json] = field(default_factory=list)
    left: list[Json] = field(default_factory=list)


def choose(apps: Iterable[Held], told: Told, *, own: str | None) -> Choice:
    """Divide the credentials of ``apps``.

    Args:
        apps: those the person owns or has changed.
        told: what the audit log tells of her.
        own: the client id of Rescind's own application, which is not cut off from here.
    """
    choice = Choice()
    for app in apps:
        recent: list[Json] = []
        for what, name, credential in app.all():
            dated = told.age(app, what, name, credential)
            item = _described(app, what, name, credential, dated.why)
            if dated.age is Age.UNDATABLE:
                choice.left.append(item)
            elif dated.age is Age.RECENT:
                recent.append(item)
        for item in recent:
            why = _why_left(app, item, recent, own)
            if why:
                choice.left.append({**item, "why": f"{item['why']}; left, because {why}"})
            else:
                choice.remove.append(item)
    return choice


def certificates_without(app: Held, going: Sequence[str]) -> list[Json]:
    """The certificates that stay, complete enough to be sent back.

    Raises:
        errors.Conflict: Graph does not give the bytes of one of them; sent back without, it is lost.
    """
    stay = [one for one in app.certificates if str(one.get("keyId")).lower() not in going]
    if any(not one.get("key") for one in stay):
        raise errors.Conflict(
            "the bytes of a certificate that stays cannot be read",
            remedy="Remove the credential in the Entra admin center.",
        )
    return stay


def exposure(snapshot: Mapping[str, Any]) -> Iterator[Exposure]:
    """What stays usable: tokens issued to the apps, what was left, and what cannot be told yet."""
    if snapshot["remove"]:
        yield Exposure(
            "entra",
            "tokens the apps were issued with a removed credential",
            residue.UNKNOWN,
            "An issued access token cannot be recalled; it lives 60 to 90 minutes, or up to 24 hours "
            "where the app negotiates continuous access evaluation.",
        )
    for item in snapshot["left"]:
        yield Exposure("entra", f"a {item['what']} of {item['app']}", residue.UNKNOWN, item["why"])
    told_until = instant(snapshot.get("told_until"))
    if told_until is not None:
        yield age.untold(told_until, "credentials of apps")


def by_hand(left: Iterable[Mapping[str, Any]]) -> str:
    """The exact lines that remove what was left."""
    return "\n".join(
        f"# {json.dumps(item['app'])}, {item['what']} {json.dumps(item['label'])}: {item['why']}\n"
        f"{_line(item)}"
        for item in left
    )


def portal(owned: Iterable[tuple[str, str]]) -> str:
    """Where a person finds the credentials of the apps: kind and object id of each."""
    return "\n".join(
        powershell.graph(
            "GET", f"/{kind}/{name}?$select=displayName,passwordCredentials,keyCredentials"
        )
        for kind, name in owned
    )


def _line(item: Mapping[str, Any]) -> str:
    path = f"/{item['kind']}/{item['object']}"
    if item["what"] == FEDERATION:
        return powershell.graph(
            "DELETE", f"{path}/federatedIdentityCredentials/{item['credential']}"
        )
    if item["what"] == CERTIFICATE:
        noun = "App" if item["kind"] == app_keys.APPLICATIONS else "Sp"
        names = (powershell.quoted(item[part]) for part in ("object", "credential"))
        return "Remove-AzAD{}Credential -ObjectId {} -KeyId {}".format(noun, *names)
    return powershell.graph("POST", f"{path}/removePassword", {"keyId": item["credential"]})


def _why_left(app: Held, item: Json, recent: Sequence[Json], own: str | None) -> str:
    if own is not None and app.app_id == own:
        return "it is on Rescind's own application"
    if item["what"] == CERTIFICATE:
        try:
            certificates_without(app, [one["credential"] for one in recent])
        except errors.Conflict:
            return "the bytes of another certificate cannot be read, and it would be lost"
    return ""


def _described(app: Held, what: str, name: str, credential: Mapping[str, Any], why: str) -> Json:
    item: Json = {
        "kind": app.kind,
        "object": app.id,
        "app": app.name,
        "what": what,
        "credential": name,
        "label": str(credential.get("displayName") or credential.get("name") or ""),
        "why": why,
    }
    if credential.get("type") == app_keys.PUBLIC:
        # A certificate is public, and whoever has to put it back needs its bytes.
        item["certificate"] = {**app_keys.clean(credential), "key": credential.get("key")}
    return item
