"""Exact command lines for people, safe whatever a name contains."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

# PowerShell ends a single-quoted string at any of these, and takes a doubled one literally.
_QUOTES = "'\u2018\u2019\u201a\u201b"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._-+#")


def printable(text: str) -> bool:
    """Whether ``text`` may stand in a command line as it is."""
    return bool(text) and text.isprintable()


def quoted(text: str) -> str:
    """Quote ``text`` for PowerShell: nothing in it is expanded or ends the string."""
    return "'" + "".join(char * 2 if char in _QUOTES else char for char in text) + "'"


def graph(method: str, path: str, body: Mapping[str, object] | None = None) -> str:
    """The line that sends one request to Graph v1.0; ``path`` begins behind the version."""
    line = f"Invoke-MgGraphRequest -Method {method} -Uri {quoted('/v1.0' + path)}"
    return line if body is None else f"{line} -Body {quoted(json.dumps(body))}"


def ad_account(sam_account_name: str | None, user_principal_name: str) -> str:
    """The expression that finds the account on premises.

    By its sign-in name there, where Graph told it; else by user principal name, with every unusual
    character escaped as an LDAP filter has it (RFC 4515).
    """
    if sam_account_name and printable(sam_account_name):
        return f"Get-ADUser -Identity {quoted(sam_account_name)}"
    value = "".join(
        char if char in _PLAIN else "".join(f"\\{byte:02x}" for byte in char.encode())
        for char in user_principal_name
    )
    return f"Get-ADUser -LDAPFilter '(userPrincipalName={value})'"


def inbox_rules(verb: str, user_principal_name: str, items: Iterable[Mapping[str, Any]]) -> str:
    """One line per rule (``name``, ``sequence``) that disables or removes it (``verb``).

    A rule whose name cannot stand in a command line is named by its priority.
    """
    mailbox = quoted(user_principal_name)
    lines = []
    for item in items:
        if printable(item["name"]):
            lines.append(f"{verb}-InboxRule -Mailbox {mailbox} -Identity {quoted(item['name'])}")
        else:
            lines.append(
                f"Get-InboxRule -Mailbox {mailbox} | Where-Object Priority -eq "
                f"{int(item['sequence'] or 0)} | {verb}-InboxRule"
            )
    return "\n".join(lines)
