"""What each type of event in Auth0's tenant log tells of. Source: Auth0, log type codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from connectors.timeline import Kind


class Meaning(NamedTuple):
    """What a type tells of, and whether it came about: ``success``, ``failure``, ``unknown``."""

    kind: Kind
    outcome: str


_BY_TYPE: tuple[tuple[Kind, str, str], ...] = (
    (Kind.SIGN_IN, "success", "s scoa"),
    (Kind.SIGN_IN, "failure", "f fp fu fc fcoa passkey_challenge_failed"),
    (Kind.TOKEN, "success",
     "seacft sertft seccft secte sede sens seoobft seotpft sepft sepkoobft sepkotpft sepkrcft sercft seta"
     " sd ciba_exchange_succeeded idjag_exchange_succeeded success_on_behalf_of_token_exchange"),
    (Kind.TOKEN, "failure",
     "feacft fertft ferrt feccft fecte fede fens feoobft feotpft fepft fepotpft fercft feta fd"
     " ciba_exchange_failed idjag_exchange_failed jwt_bearer_exchange_failed"
     " failed_on_behalf_of_token_exchange"),
    (Kind.APP, "success", "ssa sdelsa mgmt_api_read"),
    (Kind.APP, "failure", "fsa fdelsa"),
    (Kind.CHANGE, "success",
     "scp scu sce scpn ss si sdu ublkdu gd_enrollment_complete gd_unenroll gd_update_device_account"
     " my_account_authentication_method_succeeded connected_accounts_connection_succeeded"
     " connected_accounts_delete_succeeded organization_member_added"),
    (Kind.CHANGE, "failure",
     "fapi fcp fcpr fcu fce fcpn fs fi fdu gd_start_enroll_failed gd_webauthn_enrollment_failed"
     " my_account_authentication_method_failed connected_accounts_connection_failed"),
    (Kind.END, "success",
     "slo srrt universal_logout_succeeded oidc_backchannel_logout_succeeded"),
    (Kind.END, "failure",
     "flo universal_logout_failed oidc_backchannel_logout_failed federated_logout_failed"),
    (Kind.SIGNAL, "unknown",
     "limit_wc limit_mu limit_sul limit_delegation api_limit pwd_leak signup_pwd_leak reset_pwd_leak"
     " mfar scpr gd_auth_failed gd_auth_rejected gd_otp_rate_limit_exceed gd_recovery_failed"
     " gd_recovery_rate_limit_exceed gd_recovery_succeed too_many_records"),
)  # fmt: skip
_MEANINGS: Mapping[str, Meaning] = {
    name: Meaning(kind, outcome) for kind, outcome, names in _BY_TYPE for name in names.split()
}
_OTHER = Meaning(Kind.OTHER, "unknown")

#: A rotating refresh token that was used up came back: two hold the family, and one is a thief.
REUSE = "ferrt"


def meaning_of(event_type: str) -> Meaning:
    """What an event of this type tells of. ``sapi`` is told by what was asked, not here."""
    return _MEANINGS.get(event_type, _OTHER)
