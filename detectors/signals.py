"""Which kind of trouble a title and its ATT&CK techniques speak of."""

from __future__ import annotations

import re
from collections.abc import Iterable

from detectors.alert import Signal

#: MITRE ATT&CK (Enterprise) techniques, the most telling first.
_TECHNIQUES: tuple[tuple[str, Signal], ...] = (
    ("T1539", Signal.SESSION_THEFT),  # Steal Web Session Cookie
    ("T1550.004", Signal.SESSION_THEFT),  # Use of a web session cookie
    ("T1557", Signal.SESSION_THEFT),  # Adversary-in-the-Middle
    ("T1185", Signal.SESSION_THEFT),  # Browser Session Hijacking
    ("T1528", Signal.TOKEN_THEFT),  # Steal Application Access Token
    ("T1550.001", Signal.TOKEN_THEFT),  # Use of an application access token
    ("T1114.003", Signal.MAIL_RULE),  # Email Forwarding Rule
    ("T1564.008", Signal.MAIL_RULE),  # Email Hiding Rules
    ("T1621", Signal.MFA),  # MFA Request Generation
    ("T1556.006", Signal.MFA),  # Modify Multi-Factor Authentication
    ("T1098.005", Signal.MFA),  # Device Registration
    ("T1110", Signal.CREDENTIAL),  # Brute Force
    ("T1589.001", Signal.CREDENTIAL),  # Credentials
)

# Read in this order: "stolen session cookie", then "token", and only then the general words.
_WORDS: tuple[tuple[re.Pattern[str], Signal], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), signal)
    for pattern, signal in (
        (
            r"session[ -]?(cookie|hijack|theft|replay|token)|\b(stolen|hijacked) session"
            r"|\baitm\b|adversary[- ]in[- ]the[- ]middle|\bcookies?\b|pass[- ]the[- ]cookie",
            Signal.SESSION_THEFT,
        ),
        (r"\bconsent|illicit (grant|app)|malicious (oauth|app)|\boauth app", Signal.CONSENT),
        (r"\btokens?\b|stsrefreshtoken|\bprt\b", Signal.TOKEN_THEFT),
        (
            r"(inbox|mail(box)?|forwarding|transport) (forwarding )?rule|inbox (manipulation|forwarding)"
            r"|mail forwarding",
            Signal.MAIL_RULE,
        ),
        (r"\bmfa\b|multi-?factor|authentication method|authenticator|push fatigue", Signal.MFA),
        (
            r"password|credential|brute[- ]?force|account (takeover|compromise|hijack)"
            r"|hijack(ed|ing)? (of )?.{0,40}account|compromised (account|user|identity)"
            r"|pass[- ]the[- ](hash|ticket|certificate)|identity theft|golden ticket|kerberoast",
            Signal.CREDENTIAL,
        ),
        (
            r"\brisk|impossible travel|atypical|unfamiliar|anonymous ip|anomalous|sign-?in",
            Signal.RISK,
        ),
    )
)

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?", re.ASCII)


def signal_of(text: str, techniques: Iterable[str] = ()) -> Signal:
    """Tell the kind of trouble: by what the text says, else by technique, else ``OTHER``."""
    split = _CAMEL.sub(" ", text.replace("_", " "))
    for candidate in (text, split):
        for pattern, signal in _WORDS[:3]:
            if pattern.search(candidate):
                return signal
    known = set(techniques)
    for technique, signal in _TECHNIQUES:
        if any(found == technique or found.startswith(technique + ".") for found in known):
            return signal
    return next((signal for pattern, signal in _WORDS if pattern.search(split)), Signal.OTHER)


def is_technique(value: str) -> bool:
    """Whether ``value`` is an ATT&CK technique id (T1539, T1550.004)."""
    return bool(_TECHNIQUE.fullmatch(value))
