"""The kinds of authentication methods: how Graph names them, and where each is deleted.

Source: Microsoft Graph v1.0, authenticationMethod and its derived types. There is no general
DELETE; every kind has its own address. A kind not listed here is reported, never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

PASSWORD = "password"  # noqa: S105 - a kind of method, not a secret
PASS = "temporaryAccessPass"  # noqa: S105 - the same
#: Kinds that prove nothing at a later sign-in: self-service reset only, or short-lived.
WEAK = frozenset({"email", PASS})

_PREFIX, _SUFFIX = "#microsoft.graph.", "AuthenticationMethod"
# What a method may carry that must not be kept, should Graph ever answer it.
_SECRETS = frozenset({"password", "secretKey", PASS})


@dataclass(frozen=True, slots=True)
class Kind:
    """Where methods of one kind are deleted: the path segment, and the SDK's builder for it."""

    segment: str
    at: Callable[[Any, str], Any]


KINDS: Mapping[str, Kind] = {
    "phone": Kind(
        "phoneMethods", lambda a, i: a.phone_methods.by_phone_authentication_method_id(i)
    ),
    "microsoftAuthenticator": Kind(
        "microsoftAuthenticatorMethods",
        lambda a, i: (
            a.microsoft_authenticator_methods.by_microsoft_authenticator_authentication_method_id(i)
        ),
    ),
    "fido2": Kind(
        "fido2Methods", lambda a, i: a.fido2_methods.by_fido2_authentication_method_id(i)
    ),
    "softwareOath": Kind(
        "softwareOathMethods",
        lambda a, i: a.software_oath_methods.by_software_oath_authentication_method_id(i),
    ),
    "windowsHelloForBusiness": Kind(
        "windowsHelloForBusinessMethods",
        lambda a, i: (
            a.windows_hello_for_business_methods.by_windows_hello_for_business_authentication_method_id(
                i
            )
        ),
    ),
    "email": Kind(
        "emailMethods", lambda a, i: a.email_methods.by_email_authentication_method_id(i)
    ),
    PASS: Kind(
        "temporaryAccessPassMethods",
        lambda a, i: (
            a.temporary_access_pass_methods.by_temporary_access_pass_authentication_method_id(i)
        ),
    ),
    "platformCredential": Kind(
        "platformCredentialMethods",
        lambda a, i: a.platform_credential_methods.by_platform_credential_authentication_method_id(
            i
        ),
    ),
    "external": Kind(
        "externalAuthenticationMethods",
        lambda a, i: a.external_authentication_methods.by_external_authentication_method_id(i),
    ),
}

# userPreferredMethodForSecondaryAuthentication, by kind; a phone's depends on its phoneType.
_PREFERENCE = {"microsoftAuthenticator": "push", "softwareOath": "oath"}
_PHONE_PREFERENCE = {
    "mobile": ("sms", "voiceMobile"),
    "alternateMobile": ("voiceAlternateMobile",),
    "office": ("voiceOffice",),
}


def kind_of(method: Mapping[str, Any]) -> str:
    """The kind a method says it is (``phone``, ``fido2``); empty where it says nothing."""
    name = str(method.get("@odata.type") or "")
    return name.removeprefix(_PREFIX).removesuffix(_SUFFIX)


def preferences_of(method: Mapping[str, Any]) -> tuple[str, ...]:
    """The names under which a method can be the account's default, the plainest first."""
    kind = kind_of(method)
    if kind == "phone":
        return _PHONE_PREFERENCE.get(str(method.get("phoneType")), ())
    return (_PREFERENCE[kind],) if kind in _PREFERENCE else ()


def keepable(method: Mapping[str, Any]) -> Json:
    """A method as it may be kept in a record: without anything that proves an identity."""
    return {name: value for name, value in method.items() if name not in _SECRETS}
