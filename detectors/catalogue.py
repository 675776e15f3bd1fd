"""The adapters there are, each a module with a ``DETECTOR``. A new one is a file and a line here."""

from __future__ import annotations

#: Kind to module, by name. The kind is the module's ``DETECTOR.kind``; a test holds them together.
MODULES: dict[str, str] = {
    "sentinel": "detectors.sentinel",
    "okta_event_hook": "detectors.okta",
    "generic": "detectors.generic",
    # by name from here on
    "adauditplus": "detectors.adapters.adauditplus",
    "auth0_log_stream": "detectors.adapters.auth0_log_stream",
    "bitwarden_event": "detectors.adapters.bitwarden_event",
    "cyberark_audit": "detectors.adapters.cyberark_audit",
    "cyberark_pta": "detectors.adapters.cyberark_pta",
    "duo_admin_log": "detectors.adapters.duo_admin_log",
    "duo_auth_log": "detectors.adapters.duo_auth_log",
    "entra_azure_monitor_log": "detectors.adapters.entra_azure_monitor_log",
    "forgerock": "detectors.adapters.forgerock",
    "google_workspace_activity": "detectors.adapters.google_workspace_activity",
    "google_workspace_alert": "detectors.adapters.google_workspace_alert",
    "jumpcloud": "detectors.adapters.jumpcloud",
    "keycloak_event": "detectors.adapters.keycloak_event",
    "lastpass_event": "detectors.adapters.lastpass_event",
    "okta_system_log": "detectors.adapters.okta_system_log",
    "one_identity": "detectors.adapters.one_identity",
    "onelogin_event": "detectors.adapters.onelogin_event",
    "onepassword": "detectors.adapters.onepassword",
    "ping_identity": "detectors.adapters.ping_identity",
    "pingfederate": "detectors.adapters.pingfederate",
    "rsa_securid": "detectors.adapters.rsa_securid",
    "silverfort": "detectors.adapters.silverfort",
    "ssf_set": "detectors.adapters.ssf_set",
    "tenable_ad": "detectors.adapters.tenable_ad",
    "umbrella": "detectors.adapters.umbrella",
}
