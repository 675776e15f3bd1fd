"""What a watch is told when it begins, because its plan could not know it.

Whether the account was given back to its person since, by a run of our own, and where the thief of
earlier runs was seen: from then on her own sign-ins are no drift, and his still are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row

from ledger import alerts, past_runs, runs, steps
from playbooks.schema import Aim
from tasks.systems import SPECS

#: How many of a person's runs are asked where her thief was, the newest first.
_RUNS = 20
_GIVEN_BACK = "given_back"


def is_told(step: Row[Any]) -> bool:
    """Tell whether a step looks who got in since, and its plan leaves open what ``told`` knows."""
    spec = SPECS.get(step.action)
    takes = spec is not None and _GIVEN_BACK in spec.parameters.model_fields
    return takes and not step.parameters.get(_GIVEN_BACK)


def told(connection: Connection, step: Row[Any]) -> dict[str, Any]:
    """Return the parameters of such a step that is about to begin; what the plan says itself stands."""
    run = runs.get(connection, step.run_id)
    if run is None:
        return {}
    accounts = [(each["system"], each["id"]) for each in run.person["accounts"]]
    returned = past_runs.given_back(connection, run.tenant, accounts, step.system)
    if returned is None:
        return {}
    theirs = runs.of_person(connection, run.tenant, accounts)[-_RUNS:]
    places = [place for run_id in theirs for place in _places(connection, run_id)]
    found = {
        _GIVEN_BACK: _spell(returned.at),
        "thief_ips": sorted({ip for ips, _ in places for ip in ips}),
        "thief_handles": sorted({handle for _, handles in places for handle in handles}),
    }
    return {name: value for name, value in found.items() if not step.parameters.get(name)}


def _places(connection: Connection, run_id: str) -> Iterator[tuple[list[str], list[str]]]:
    """Where the thief of a containment was: by its traces, else by what its alert names.

    An alert may name the person's own address, too, which a trace tells apart.
    """
    run = runs.get(connection, run_id)
    if run is None or run.aim != Aim.CONTAIN:
        return
    seen = [
        snapshot
        for row in steps.of_run(connection, run_id)
        if (snapshot := _snapshot(row.before)).get("sources")
    ]
    for snapshot in seen:
        yield _texts(snapshot["sources"], "ip"), _listed(snapshot.get("handles"))
    if not seen and run.alert_id is not None:
        for row in alerts.beginning(connection, run.alert_id):
            said = row.parsed if isinstance(row.parsed, Mapping) else {}
            yield _listed(said.get("ips")), _listed(said.get("token_ids"))


def _snapshot(before: object) -> Mapping[str, Any]:
    found = before.get("snapshot") if isinstance(before, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _texts(listed: object, name: str) -> list[str]:
    items = listed if isinstance(listed, list) else []
    return _listed([each.get(name) for each in items if isinstance(each, Mapping)])


def _listed(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _spell(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
