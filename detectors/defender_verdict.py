"""When an alert of Microsoft Defender is a reason to contain the account it names.

Defender raises alerts on anything from a blocked download to a stolen session. Acted upon are open
ones of which Defender itself says that a token or session is in other hands, that the account is
compromised, or, with high severity, that its credentials, consents, methods or mail rules are abused.

Vendor documentation: Microsoft Learn, Microsoft Graph resource type ``microsoft.graph.security.alert``
(``status``, ``classification``, ``determination``, ``severity``), "Investigate alerts in Microsoft
Defender XDR".
"""

from __future__ import annotations

from collections.abc import Iterable

from detectors import notices
from detectors.alert import Signal
from detectors.compose import Verdict, record, severity_of
from detectors.signals import signal_of

_OVER = {"resolved", "dismissed", "closed", "redirected", "inactive"}
_HARMLESS = {
    "falsepositive": "a false positive",
    "informationalexpectedactivity": "expected activity",
    "benignpositive": "a benign positive",
    "benign": "benign",
}
THEFT = (Signal.TOKEN_THEFT, Signal.SESSION_THEFT)
_SERIOUS = {"high", "critical"}
_ENOUGH = {*_SERIOUS, "medium", "unknown"}


def judge(
    text: str,
    *,
    severity: str = "",
    techniques: Iterable[str] = (),
    status: str = "",
    classification: str = "",
    compromised: bool = False,
) -> Verdict:
    """Judge an alert by what Defender says of it.

    Args:
        text: its title and category.
        severity: Defender's word.
        techniques: MITRE ATT&CK ids.
        status: whether it is still open.
        classification: what people have found it to be.
        compromised: whether its evidence has the account as compromised or malicious.
    """
    attack = tuple(techniques)
    signal = signal_of(text, attack)
    level = severity_of(severity)
    over = closed(status, classification) or notices.idle(text)
    if over:
        return Verdict(False, over, signal, attack)
    if signal in THEFT and level in _ENOUGH:
        why = f"Defender suspects a stolen token or session (severity {level})."
        return Verdict(True, why, signal, attack)
    if compromised and level in _ENOUGH:
        return Verdict(True, "Defender has the account as compromised.", signal, attack)
    if level in _SERIOUS and signal is not Signal.OTHER:
        why = f"Defender rates the attack on the account as {level}."
        return Verdict(True, why, signal, attack)
    if signal is Signal.OTHER:
        why = "It speaks of no token, session, credential or account that is in other hands."
        return Verdict(False, why, signal, attack)
    return Verdict(False, f"Defender rates it as {level} only.", signal, attack)


def closed(status: str, classification: str) -> str:
    """Say why an alert or incident is over for Defender; empty where it is open."""
    harmless = _HARMLESS.get(_plain(classification))
    if harmless:
        return f"People have classified it as {harmless}."
    return f"It is {_plain(status)} in Defender already." if _plain(status) in _OVER else ""


def telemetry(signal: Signal = Signal.OTHER) -> Verdict:
    """Return the verdict on a row of telemetry, which is no alert."""
    return record("A row of telemetry, and no finding.", signal)


def _plain(word: str) -> str:
    return word.replace(" ", "").replace("_", "").lower()
