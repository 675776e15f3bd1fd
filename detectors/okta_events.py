"""What Okta's event types mean for a containment: whom they concern, and whether one may follow.

Vendor documentation: developer.okta.com, "Event types" and "Identity Threat Protection event
types"; help.okta.com, "Detections" (Okta logs a user out by itself only where the risk is high, and
takes a changed session context alone for too little).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from pydantic import JsonValue

from detectors import fields
from detectors.alert import Signal


class Concern(Enum):
    """Who of an event's persons is the one in trouble."""

    ACTOR = "actor"  # she herself, or somebody with what is hers
    TARGET = "target"  # the user the system speaks of
    NOBODY = "nobody"  # a change by an administrator or by us: a record of the account changed


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event type says.

    ``is_finding``: the system has judged, not only recorded. ``of_others``: whoever acted is an
    administrator or the system, and never the one in trouble.
    """

    concern: Concern
    is_finding: bool = False
    signal: Signal = Signal.OTHER
    of_others: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a containment may follow an event, why or why not, and what it is a sign of."""

    actionable: bool
    why: str
    signal: Signal
    attack: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Risk:
    """The assessment in ``debugData.risk``: text of the form ``{level=HIGH, reasons=A, B}``."""

    level: str = ""
    previous_level: str = ""
    detection: str = ""
    reasons: str = ""

    @classmethod
    def read(cls, value: JsonValue) -> Risk:
        """Read the text, or an object with the same keys; anything else is no assessment."""
        if isinstance(value, str):
            # Reasons hold commas of their own: only a comma before "key=" ends a value.
            inner = value.strip()[:4000].removeprefix("{").removesuffix("}")
            parts = re.split(r",\s*(?=[A-Za-z]{1,40}=)", inner)
            pairs = [part.partition("=") for part in parts]
            value = {key.strip(): found.strip() for key, mark, found in pairs if mark}
        read = fields.Fields(value)
        return cls(
            level=read.text("level", limit=20).upper(),
            previous_level=read.text("previousLevel", limit=20).upper(),
            detection=read.text("detectionName", limit=120),
            reasons=read.text("reasons"),
        )

    @property
    def hijacked(self) -> bool:
        """Whether the session itself is suspected to be in somebody else's hands."""
        return "suspected to be hijacked" in self.reasons.lower()


_REUSE = Meaning(Concern.TARGET, is_finding=True, signal=Signal.TOKEN_THEFT)
_RISK = Meaning(Concern.TARGET, is_finding=True, signal=Signal.RISK)
_RISK_OF = Meaning(Concern.TARGET, is_finding=True, signal=Signal.RISK, of_others=True)
_MEANINGS = {
    "app.oauth2.token.detect_reuse": _REUSE,
    "app.oauth2.as.token.detect_reuse": _REUSE,
    "user.risk.detect": _RISK_OF,
    "user.risk.change": _RISK_OF,
    "user.session.context.change": Meaning(
        Concern.TARGET, is_finding=True, signal=Signal.SESSION_THEFT
    ),
    "policy.auth_reevaluate.fail": _RISK,
    "policy.entity_risk.evaluate": _RISK_OF,
    "security.breached_credential.detected": Meaning(
        Concern.ACTOR, is_finding=True, signal=Signal.CREDENTIAL
    ),
    "user.account.report_suspicious_activity_by_enduser": Meaning(
        Concern.ACTOR, is_finding=True, signal=Signal.CREDENTIAL
    ),
    "security.session.detect_client_roaming": Meaning(
        Concern.ACTOR, is_finding=True, signal=Signal.SESSION_THEFT
    ),
    "security.threat.detected": Meaning(Concern.ACTOR, is_finding=True, signal=Signal.CREDENTIAL),
    "user.session.start": Meaning(Concern.ACTOR),
    "user.session.access_admin_app": Meaning(Concern.ACTOR),
    "policy.evaluate_sign_on": Meaning(Concern.ACTOR),
    "user.account.lock": Meaning(Concern.TARGET, signal=Signal.CREDENTIAL),
    "user.mfa.okta_verify.deny_push": Meaning(Concern.ACTOR, signal=Signal.MFA),
    "user.mfa.attempt_bypass": Meaning(Concern.ACTOR, signal=Signal.MFA),
}
#: Those that a containment may follow, whatever the event says beside; of the others none ever does.
MAY_BE_ACTED_UPON = (
    "app.oauth2.token.detect_reuse",
    "app.oauth2.as.token.detect_reuse",
    "user.risk.detect",
    "user.risk.change",
    "user.session.context.change",
    "policy.auth_reevaluate.fail",
    "policy.entity_risk.evaluate",
    "security.breached_credential.detected",
    "user.account.report_suspicious_activity_by_enduser",
)
_RECORD = Meaning(Concern.NOBODY)
#: What records are a sign of where they are part of an attack; ordinary all the same.
_RECORDS = (
    (r"user\.mfa\.factor\.(deactivate|reset_all|suspend)", Signal.MFA),
    (r"system\.mfa\.factor\.deactivate|policy\.lifecycle\.(deactivate|delete)", Signal.MFA),
    (r"user\.account\.(reset_password|update_password|expire_password|unlock)", Signal.CREDENTIAL),
    (r"application\.user_membership\.show_password", Signal.CREDENTIAL),
    (r"user\.session\.impersonation\.\w+|system\.idp\.lifecycle\.\w+", Signal.CREDENTIAL),
    (r"system\.(api_token|agent\.ad)\.\w+", Signal.CREDENTIAL),
    (
        r"app\.oauth2\.(as\.|admin\.)?consent\.grant\w*|app\.oauth2\.client\.lifecycle\.create",
        Signal.CONSENT,
    ),
)
_SIGN_IN = Meaning(Concern.ACTOR)
_LOGOUTS = ("user.authentication.universal_logout", "user.authentication.slo")


def meaning(event_type: str) -> Meaning:
    """Return what ``event_type`` says; an unknown one is taken for a record of a change."""
    known = _MEANINGS.get(event_type)
    if known is not None:
        return known
    if event_type.startswith("user.authentication.") and not event_type.startswith(_LOGOUTS):
        return _SIGN_IN
    for pattern, signal in _RECORDS:
        if re.fullmatch(pattern, event_type):
            return Meaning(Concern.NOBODY, signal=signal)
    return _RECORD


def judge(event_type: str, said: Meaning, risk: Risk, result: str, reason: str) -> Judgement:
    """Decide whether a containment may follow an event.

    Args:
        event_type: Okta's name of the event.
        said: its ``meaning``.
        risk: Okta's assessment, where the event carries one.
        result: the event's outcome (SUCCESS, FAILURE, DENY ...).
        reason: why it ended so.
    """
    if said.signal is Signal.TOKEN_THEFT and said.is_finding:
        return Judgement(
            True, "A one-time refresh token was used twice: somebody else holds it.",
            said.signal, ("T1528",),
        )  # fmt: skip
    if event_type == "security.breached_credential.detected":
        return Judgement(True, "The password in use is known from a breach.", said.signal)
    if event_type == "user.account.report_suspicious_activity_by_enduser":
        return Judgement(True, "The user says that it was somebody else.", said.signal)
    if said.is_finding and said.concern is Concern.TARGET:
        return _by_risk(event_type, said, risk)
    return _not_enough(event_type, said, result, reason)


def _by_risk(event_type: str, said: Meaning, risk: Risk) -> Judgement:
    if risk.hijacked:
        return Judgement(
            True, "Okta suspects that the session is in somebody else's hands.",
            Signal.SESSION_THEFT, ("T1539", "T1185"),
        )  # fmt: skip
    if risk.level == "HIGH":
        return Judgement(True, "Okta rates the user's risk as high.", said.signal)
    rated = f" Okta rates the risk as {risk.level.lower()}." if risk.level else ""
    if event_type == "user.session.context.change":
        return Judgement(
            False, "A changed network or device alone is too little to contain somebody: people "
            "travel and switch networks." + rated, said.signal,
        )  # fmt: skip
    if event_type == "policy.auth_reevaluate.fail":
        return Judgement(
            False, "A session no longer meets its policy; that does not say who holds it." + rated,
            said.signal,
        )  # fmt: skip
    return Judgement(False, "The risk is not high." + rated, said.signal)


def _not_enough(event_type: str, said: Meaning, result: str, reason: str) -> Judgement:
    if event_type == "security.session.detect_client_roaming":
        why = "A session came from another network; a VPN does the same."
        return Judgement(False, why, said.signal)
    if event_type == "security.threat.detected":
        why = "An address is known for attacks; that says nothing about whose account is lost."
        return Judgement(False, why, said.signal)
    if "declined phishing" in reason.lower():
        why = "FastPass recognised a phishing site and stopped the sign-in; nothing was lost."
        return Judgement(False, why, Signal.SESSION_THEFT, ("T1557",))
    if said.concern is Concern.ACTOR:
        ended = f" It ended with {fields.text(result, 20)}." if result else ""
        return Judgement(False, "A sign-in alone is no finding." + ended, said.signal)
    if said.concern is Concern.TARGET:
        return Judgement(False, "The account protects itself; nothing was lost.", said.signal)
    return Judgement(
        False, "A record of a change, made by a person or a system, and no finding.", said.signal
    )
