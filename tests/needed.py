"""What the actions cannot be built without, named in the practice tenant."""

from __future__ import annotations

from typing import Any

from simulator import okta_people, okta_policies
from simulator.okta_scene import THIEF
from simulator.people import LINE_APP, QUARANTINE_GROUP

#: By the action's name; an action that is not named here needs nothing.
PARAMETERS: dict[str, dict[str, Any]] = {
    "entra.shorten_token_lifetime": {"app_id": LINE_APP.app_id},
    "entra.quarantine_group": {"group_id": QUARANTINE_GROUP},
    "okta.quarantine_group": {"group_id": okta_people.QUARANTINE.id},
    "okta.block_network": {"ips": [THIEF.ip]},
    "okta.shorten_session_lifetime": {"group_id": okta_policies.QUARANTINE_GROUP},
    "okta.shorten_token_lifetime": {
        "authorization_server_id": okta_policies.SERVER,
        "policy_id": okta_policies.ACCESS_POLICY,
        "rule_id": okta_policies.ACCESS_RULE,
        "access_token_minutes": 5,
    },
}
