"""The adapters there are, each a module with a ``DETECTOR``. A new one is a file and a line here."""

from __future__ import annotations

#: Kind to module, by name. The kind is the module's ``DETECTOR.kind``; a test holds them together.
MODULES: dict[str, str] = {
    "sentinel": "detectors.sentinel",
    "okta_event_hook": "detectors.okta",
    "generic": "detectors.generic",
    # by name from here on
    "auth0_log_stream": "detectors.adapters.auth0_log_stream",
    "duo_admin_log": "detectors.adapters.duo_admin_log",
    "duo_auth_log": "detectors.adapters.duo_auth_log",
    "entra_azure_monitor_log": "detectors.adapters.entra_azure_monitor_log",
    "google_workspace_activity": "detectors.adapters.google_workspace_activity",
    "google_workspace_alert": "detectors.adapters.google_workspace_alert",
    "okta_system_log": "detectors.adapters.okta_system_log",
    "onelogin_event": "detectors.adapters.onelogin_event",
    "ssf_set": "detectors.adapters.ssf_set",
}
