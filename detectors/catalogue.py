"""The adapters there are, each a module with a ``DETECTOR``. A new one is a file and a line here."""

from __future__ import annotations

#: Kind to module, by name. The kind is the module's ``DETECTOR.kind``; a test holds them together.
MODULES: dict[str, str] = {
    "sentinel": "detectors.sentinel",
    "okta_event_hook": "detectors.okta",
    "generic": "detectors.generic",
    # by name from here on
    "azure_activity_log": "detectors.adapters.azure_activity_log",
    "defender_advanced_hunting": "detectors.adapters.defender_advanced_hunting",
    "defender_cloud_apps": "detectors.adapters.defender_cloud_apps",
    "defender_for_endpoint_alert": "detectors.adapters.defender_for_endpoint_alert",
    "defender_incident_api": "detectors.adapters.defender_incident_api",
    "entra_azure_monitor_log": "detectors.adapters.entra_azure_monitor_log",
    "entra_graph_log": "detectors.adapters.entra_graph_log",
    "exchange_message_trace": "detectors.adapters.exchange_message_trace",
    "graph_change_notification": "detectors.adapters.graph_change_notification",
    "graph_risk_detection": "detectors.adapters.graph_risk_detection",
    "graph_risky_user": "detectors.adapters.graph_risky_user",
    "graph_security_alert_v2": "detectors.adapters.graph_security_alert_v2",
    "graph_security_incident": "detectors.adapters.graph_security_incident",
    "intune": "detectors.adapters.intune",
    "m365_unified_audit": "detectors.adapters.m365_unified_audit",
    "okta_system_log": "detectors.adapters.okta_system_log",
    "sentinel_table_row": "detectors.adapters.sentinel_table_row",
}
