"""Push Security's webhook events: the browser saw a sign-in, an account, a phishing page, a stolen session.

``object`` names what the event is about; ``new`` holds it, ``old`` how it was before. A person stands
in ``new.employee`` or as ``new.email`` (the account's address); an event about an app names nobody.

Vendor documentation: pushsecurity.com, help centre, "Webhooks" (v1: object, type, new, old, timestamp);
"Detections".
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from detectors import paths
from detectors.alert import Signal
from detectors.compose import Verdict, record
from detectors.product import Product, detector_of, person
from detectors.recognition import Shape

_TAKEN = re.compile(r".*(STOLEN_SESSION|SESSION_(TOKEN|HIJACK|THEFT)|SESSION_COOKIE).*")
#: Codes that are sent to the person, who can be asked for them.
_RELAYED = {"SMS", "EMAIL_OTP", "EMAIL", "PHONE_CALL", "PHONE", "VOICE"}
_PHISHED = re.compile(r".*(PHISHING|PHISHED|AITM|CLONED_LOGIN).*")


def _judge(event: JsonValue, action: str, severity: str) -> Verdict:  # noqa: ARG001 - a Judge
    kind = f"{action} {paths.text(event, 'new.detectionType|new.type', 80)}".upper()
    if _TAKEN.fullmatch(kind):
        return Verdict(
            True, "Push saw a session token used outside the browser that it was given to.",
            Signal.SESSION_THEFT, ("T1539",),
        )  # fmt: skip
    if _PHISHED.fullmatch(kind):
        return _phishing(event, entered="PASSWORD" in kind)
    if action == "ACCOUNT":
        return _account(event)
    if action == "LOGIN" and paths.value(event, "new.leakedPassword") is True:
        return record(
            "A sign-in with a password that is known from a leak; Push does not say by whom.",
            Signal.CREDENTIAL,
        )
    if action == "FINDING" and "PASSWORD" in kind:
        return record("A weakness of a password, and nothing that somebody did.", Signal.CREDENTIAL)
    return record()


def _phishing(event: JsonValue, *, entered: bool) -> Verdict:
    attack = ("T1557",)
    mode, action, response = (
        paths.text(event, f"new.{key}", 40).upper() for key in ("mode", "action", "response")
    )
    said = f"{mode} {action} {response}"
    if "IGNORED" in said:
        return Verdict(
            True, "The person went on to a phishing page in spite of a warning.",
            Signal.SESSION_THEFT, attack,
        )  # fmt: skip
    if "BLOCK" in said:
        return Verdict(
            False, "Push stopped a phishing page before the password was sent.",
            Signal.SESSION_THEFT, attack,
        )  # fmt: skip
    if "WARN" in said and not entered:
        return Verdict(
            False, "Push warned of a phishing page; nothing says that the person went on.",
            Signal.SESSION_THEFT, attack,
        )  # fmt: skip
    did = "entered a password on" if entered else "was on"
    return Verdict(
        True, f"The person {did} a phishing page, and nothing stopped it.",
        Signal.SESSION_THEFT, attack,
    )  # fmt: skip


def _account(event: JsonValue) -> Verdict:
    before, after = (_methods(event, side) for side in ("old", "new"))
    if before is not None and before != after:
        return record("The account's MFA methods changed.", Signal.MFA)
    if after and after <= _RELAYED:
        return record(
            "The account has only MFA methods that a phishing page can relay.", Signal.MFA
        )
    return record()


def _methods(event: JsonValue, side: str) -> set[str] | None:
    if not isinstance(paths.value(event, side), dict):
        return None
    return {str(each) for each in paths.values(event, f"{side}.mfaMethods")}


DETECTOR = detector_of(
    Product(
        kind="push_security",
        title="Push Security",
        documentation=(
            "https://pushsecurity.com/help/webhooks",
            "https://pushsecurity.com/help/detections",
        ),
        shapes=(
            Shape(
                needs=("id", "new|old"),  # what was removed has only "old"
                values={
                    "object": r"[A-Z][A-Z_]{2,60}",
                },
                also=(
                    "version",
                    "timestamp",
                    "category",
                    "new.employeeId|new.employee",
                    "new.appType",
                ),
                never=("eventType", "detail"),
            ),
        ),
        targets=(
            person(
                email="new.employee.email|new.email|new.account.email|old.employee.email|old.email",
                user_id="new.employee.id|new.employeeId|old.employee.id|old.employeeId",
                name="new.employee.lastName",
            ),
        ),
        actors=(person(email="actor.email"),),
        action="object",
        rule="new.detectionType|new.type|object",
        headline="new.title|new.detectionType|new.type|object",
        severity="new.severity",
        occurred_at="timestamp|new.creationTimestamp",
        ips=("new.sourceIpAddress|actor.sourceIpAddress",),
        agents="new.userAgent|actor.userAgent",
        apps=("new.appId", "new.appType"),
        judge=_judge,
    )
)
