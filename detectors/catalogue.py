"""The adapters there are, each a module with a ``DETECTOR``. A new one is a file and a line here."""

from __future__ import annotations

#: Kind to module, by name. The kind is the module's ``DETECTOR.kind``; a test holds them together.
MODULES: dict[str, str] = {
    "sentinel": "detectors.sentinel",
    "okta_event_hook": "detectors.okta",
    "generic": "detectors.generic",
    # by name from here on
    "entra_azure_monitor_log": "detectors.adapters.entra_azure_monitor_log",
    "okta_system_log": "detectors.adapters.okta_system_log",
}
