"""When another product's finding or audit record is a reason to contain somebody.

Findings: what speaks of a stolen token or session is, unless the vendor itself thinks little of it;
other trouble with an identity (its password, MFA, mailbox rules, consents, risk) is where the vendor
rates it as high. Malware on a device, a scan or a leaked file is nobody's session. What is closed,
judged harmless or a sample is never acted upon.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import JsonValue

from detectors import notices, paths
from detectors.alert import Signal
from detectors.compose import Verdict, record
from detectors.signals import is_technique, signal_of

_THEFT = (Signal.TOKEN_THEFT, Signal.SESSION_THEFT)
_OVER = re.compile(
    r"(auto[- _]?)?(resolved|closed|dismissed|archived|suppressed|mitigated|remediated|benign|ignored"
    r"|acknowledged|deleted|cleared|expired|fixed|hidden|filtered|blocked|prevented)(?![a-z]).*"
    r"|(false|benign)[ _-]?positive.*|not[ _]?malicious.*|did[ _]not[ _]run"
    r"|status_\d+_resolved.*",
    re.IGNORECASE,
)
_MADE = r"(?:creat|generat|add|revok|delet|remov)(?:e[sd]?|s|ed|ing|ion)?"
#: What says no more than that a token came to be or was taken back, as when an administrator makes one.
_KEPT = re.compile(
    rf"(?:.*\s)?(?:{_MADE}|creation of) (?:an? |the |new )?(?:[\w-]+ ){{0,3}}tokens?\.?"
    rf"|(?:[\w-]+ ){{0,4}}tokens? (?:(?:was|were|has been) )?{_MADE}\.?",
    re.IGNORECASE,
)
_STOLEN = re.compile(
    r"stolen|theft|steal|hijack|suspicious|unusual|anomal|malicious", re.IGNORECASE
)
_CHANGES: tuple[tuple[re.Pattern[str], Signal], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), signal)
    for pattern, signal in (
        (r"\bmfa|2fa|two[-_ .]?factor|multi[-_ .]?factor|two[-_ ]?step|authenticator|passkey", Signal.MFA),
        (r"forward(ing)?[-_ .]?(rule|address)|inbox[-_ .]?rule|mail[-_ .]?rule", Signal.MAIL_RULE),
        (r"consent|oauth|integration_installation|app[-_ .]?(installed|link|approved|authori[sz])"
         r"|connected[-_ .]?app", Signal.CONSENT),
        (r"passw(or)?d|credential|login[-_ .]?as|logged_in_as|sign[-_]in[-_]as|impersonat", Signal.CREDENTIAL),
    )
)  # fmt: skip
#: A second factor that is asked for from now on is no trouble.
_STRICTER = re.compile(
    r"(enabled?[-_ .:]+.*(two|2fa|mfa|multi))|((two|2fa|mfa|multi).*(enabled|from off to on))",
    re.IGNORECASE,
)
#: How the reason begins where the product itself has ended its finding.
ENDED = "It stands as "
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def finding(
    title: str,
    severity: str = "unknown",
    techniques: Iterable[str] = (),
    *,
    state: str = "",
    sample: bool = False,
) -> Verdict:
    """Judge a product's finding.

    Args:
        title: the vendor's own words: rule, category, title.
        severity: as ``compose.severity_of`` gives it.
        techniques: ATT&CK ids; whatever else is among them is passed over.
        state: where the finding stands at the vendor (``resolved``, ``false positive``).
        sample: whether the vendor says that it is a test.
    """
    attack = tuple(known for each in techniques if is_technique(known := each.strip().upper()))
    signal = signal_of(title, attack)
    if idle := notices.idle(title):
        return Verdict(False, idle, signal, attack)
    if sample:
        return Verdict(False, "A sample that the vendor made for a test.", signal, attack)
    if _OVER.fullmatch(state.strip()):
        return Verdict(False, f"{ENDED}{state.strip().lower()} already.", signal, attack)
    if signal is Signal.OTHER:
        return Verdict(False, "A finding that is not about an account's session.", signal, attack)
    kept = _KEPT.fullmatch(title.strip()) and not _STOLEN.search(title)
    if signal is Signal.TOKEN_THEFT and kept and signal_of("", attack) not in _THEFT:
        spoken = False
    else:
        spoken = signal in _THEFT
    if spoken and severity not in {"informational", "low"}:
        return Verdict(True, "The vendor speaks of a stolen token or session.", signal, attack)
    if severity in {"high", "critical"}:
        return Verdict(
            True, f"The vendor rates the trouble with this identity as {severity}.", signal, attack
        )
    return Verdict(False, f"The vendor does not rate it as high ({severity}).", signal, attack)


def standing(event: JsonValue, *places: str) -> str:
    """Return where a finding stands, for ``state``: what ends it at any of the places, else the first text.

    Vendors keep apart whether somebody works on it, what was found and what the product did at once, and each
    of them can say that it is over.
    """
    said = [text for place in places if (text := paths.text(event, place, 60).strip())]
    return next((text for text in said if _OVER.fullmatch(text)), next(iter(said), ""))


def device(title: str, techniques: Iterable[str] = (), *, state: str = "") -> Verdict:
    """Judge a finding about a device: whoever was logged on lost no session by it, for all it says.

    Args:
        title: as for ``finding``.
        techniques: as for ``finding``.
        state: as for ``finding``; where what was tried was blocked, that stands here, too.
    """
    attack = tuple(known for each in techniques if is_technique(known := each.strip().upper()))
    # Of titles only what speaks of sessions: a token of Windows is none of the tenant's.
    spoken = signal_of(title)
    signal = spoken if spoken is Signal.SESSION_THEFT else signal_of("", attack)
    if signal in _THEFT and _OVER.fullmatch(state.strip()):
        return Verdict(False, f"{ENDED}{state.strip().lower()} already.", signal, attack)
    if signal in _THEFT:
        return Verdict(True, "Cookies or tokens were taken from this device.", signal, attack)
    return Verdict(False, "A finding about a device, and not about an account.", signal, attack)


def change(action: str) -> Verdict:
    """Give the verdict on an entry of an audit log: what it is about, and that nothing follows."""
    return record("A record of what was done, and no finding.", change_signal(action))


def change_signal(action: str) -> Signal:
    """Tell what a recorded change is about, by its name; ``OTHER`` where it is neither."""
    if _STRICTER.search(action):
        return Signal.OTHER
    for candidate in (action, _CAMEL.sub(" ", action)):
        for pattern, signal in _CHANGES:
            if pattern.search(candidate):
                return signal
    return Signal.OTHER
