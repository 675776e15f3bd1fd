"""A theft that nobody posts and only a log tells of, from the log to the end of the thief's sessions."""

from __future__ import annotations

from pathlib import Path

from ledger import tables
from simulator.okta_scene import THIEF

from house import house

EXTRA = """
[pollers.okta-log]
log = "okta_system_log"
tenant = "contoso"
"""


def test_a_stolen_refresh_token_that_only_oktas_log_tells_of_is_answered(tmp_path: Path) -> None:
    with house(tmp_path, extra=EXTRA) as built:
        built.start()
        user = built.sim.tenant.person("o'brien/dev.ops").okta
        assert user is not None
        with built.sim.tenant.lock:
            built.sim.tenant.okta_event(
                "app.oauth2.as.token.detect_reuse", user, transaction="t", by=user, scene=THIEF
            )
        with built.service.database.write() as connection:
            connection.execute(tables.poller.update().values(not_before=0))
        run = built.run_of("o'brien/dev.ops")
        assert run.requested_by == "source:okta-log"
        assert (user.sessions, user.refresh_tokens) == ([], [])
