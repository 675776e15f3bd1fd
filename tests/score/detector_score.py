"""How well the adapters read real alerts: `make detectors-score`.

Reads RESCIND_DETECTOR_DATA (default ../shared/data): a folder with index.csv, whose rows name a file, its
family, the person who acted (``principal``) and the account acted upon (``target_user``). The files
are others' and are not part of this repository; where they are absent, this says so and ends well.

For each family:

- kind: recognised as a kind whose name is the family's (or one of ``_SAME``).
- found: some event was read.
- victim: the account it is about (target_user, else principal) is named as a victim; rows whose
  principal is an application (``app:``) or empty have to name no victim, where that is known.
- named: the same account is named in any role.
- actor: where the target is another than the principal, the principal is named, and as no victim.
- untold: of the victims that are not right, those where the index names nobody acted upon (``target_user``
  is empty), and we name the principal as who acted and somebody else as the victim.
- wrong: files that name a victim who is neither; for an application, any victim.
- acts: files with an actionable event. raised: files on which anything but NotUnderstood came out.
"""

from __future__ import annotations

import csv
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from detectors import registry
from detectors.alert import Alert, NotUnderstood, Role
from detectors.decoding import decode_any

ROOT = Path(__file__).parents[2]
#: "Identity core" of the data's README.
IDENTITY = frozenset(
    [
        "okta_system_log",
        "okta_event_hook",
        "entra_azure_monitor_log",
        "entra_graph_log",
        "entra_identity_protection",
        "graph_risk_detection",
        "graph_risky_user",
        "graph_security_alert_v2",
        "graph_security_incident",
        "sentinel_incident",
        "sentinel_table_row",
        "defender_advanced_hunting",
        "defender_incident_api",
        "m365_defender",
        "defender_cloud_apps",
        "defender_for_endpoint_alert",
        "m365_unified_audit",
        "auth0_log_stream",
        "google_workspace_activity",
        "google_workspace_alert",
        "ssf_set",
        "onelogin_event",
        "duo_auth_log",
        "duo_admin_log",
        "ping_identity",
        "pingfederate",
        "keycloak_event",
        "jumpcloud",
        "forgerock",
        "rsa_securid",
        "onepassword",
        "lastpass_event",
        "bitwarden_event",
        "push_security",
        "silverfort",
        "crowdstrike_falcon",
        "sentinelone_identity",
        "salesforce_event",
        "slack_audit",
    ]
)
#: Families that one kind reads under another name.
_SAME = {
    "sentinel_incident": {"sentinel"},
    "sentinel_table_row": {"sentinel"},
    "okta_event_hook": {"okta_system_log"},
    "duo_auth_log": {"duo_admin_log"},  # the family holds administrators' entries, too
    "entra_identity_protection": {"entra_azure_monitor_log"},
    # Elastic's test files of one package: the streaming API, and incidents by two interfaces.
    "m365_defender": {
        "defender_advanced_hunting",
        "defender_incident_api",
        "graph_security_alert_v2",
        "graph_security_incident",
    },
    # One of its files is a sign-in, by its category.
    "azure_activity_log": {"entra_azure_monitor_log"},
}
#: Principals that are no person's account: an address, Okta's own account, an Okta application, a
#: machine, a system's own account, a service of Microsoft 365.
_NOBODY = re.compile(
    r"[0-9.]+|system@okta\.com|0oa[0-9a-z]{17}|root|system:.*|[^@]*\$|nt authority\\.*"
    r"|certificate|application|service account|dlpagent|serviceprincipal_.*"
)
#: Principals that only report on somebody whom the index does not name.
_REPORTERS = {"securitycompliancealerts"}
_PLACEHOLDERS = {"", "unknown", "null", "-"}


@dataclass
class Tally:
    """What came of a family's files. Pairs are (right, of)."""

    files: int = 0
    kind: int = 0
    found: int = 0
    victim: list[int] = field(default_factory=lambda: [0, 0])
    named: list[int] = field(default_factory=lambda: [0, 0])
    actor: list[int] = field(default_factory=lambda: [0, 0])
    session: list[int] = field(default_factory=lambda: [0, 0])
    untold: int = 0
    wrong: int = 0
    acts: int = 0
    raised: int = 0

    def add(self, other: Tally) -> None:
        for name in ("files", "kind", "found", "untold", "wrong", "acts", "raised"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("victim", "named", "actor", "session"):
            mine, theirs = getattr(self, name), getattr(other, name)
            mine[0], mine[1] = mine[0] + theirs[0], mine[1] + theirs[1]


def events(path: Path, tally: Tally, family: str, notes: list[str]) -> list[Alert]:
    """Read one file as the command does; count what goes wrong."""
    try:
        payload = decode_any(path.read_bytes())
    except NotUnderstood as error:
        notes.append(f"not decoded: {error.reason}")
        return []
    except Exception as error:  # noqa: BLE001 - counting these is what this is for
        tally.raised += 1
        notes.append(f"RAISED {type(error).__name__}: {error}")
        return []
    known = registry.recognise(payload)
    tally.kind += known.kind is not None and known.kind in {family, *_SAME.get(family, ())}
    if known.kind is None:
        notes.append(f"not recognised: {known.why}")
        return []
    if known.kind not in {family, *_SAME.get(family, ())}:
        notes.append(f"recognised as {known.kind} ({known.surety})")
    try:
        findings = registry.read(known.kind, payload, "score", registry.bare_source(known.kind))
    except NotUnderstood as error:
        failed = "failed on the payload" in error.reason or "not make an alert" in error.reason
        tally.raised += failed
        notes.append(f"{'RAISED' if failed else 'not understood'}: {error.reason}")
        return []
    return [each for each in findings if isinstance(each, Alert)]


def names(alerts: Iterable[Alert], *roles: Role) -> set[str]:
    return {
        spelling
        for alert in alerts
        for person in alert.persons
        if person.role in roles
        for value in (*(each.value for each in person.ids), person.display_name or "")
        for spelling in _spellings(value)
        if spelling not in _PLACEHOLDERS
    }


def _spellings(value: str) -> set[str]:
    plain = value.strip().casefold()
    return {plain, plain.rpartition("\\")[2]}


def score(row: dict[str, str], path: Path, tally: Tally) -> list[str]:
    """Add one file to its family's tally; return what is to be said of it."""
    notes: list[str] = []
    tally.files += 1
    found = events(path, tally, row["family"], notes)
    tally.found += bool(found)
    tally.acts += any(alert.actionable for alert in found)
    principal = row["principal"].strip().casefold()
    target = row["target_user"].strip().casefold()
    if principal in _REPORTERS:
        principal = ""
    if _NOBODY.fullmatch(principal):
        principal = "app:" + principal
    about = target or ("" if principal.startswith("app:") else principal)
    victims = names(found, Role.VICTIM)
    everybody = names(found, *Role)
    heuristic = row["principal_method"] == "heuristic"
    if about:
        right = about in victims
        for pair, hit in ((tally.victim, right), (tally.named, about in everybody)):
            pair[0] += hit
            pair[1] += 1
        if not right and not target and about in names(found, Role.ACTOR) and victims:
            tally.untold += 1
            notes.append(f"the index names no target; {about!r} acted on {sorted(victims)[:3]}")
        elif not right:
            notes.append(f"victim {about!r} not named; victims {sorted(victims)[:4]}")
        if victims and not right and not heuristic:
            tally.wrong += 1
    elif principal.startswith("app:"):
        tally.victim[0] += bool(found) and not victims
        tally.victim[1] += 1
        if victims:
            tally.wrong += 1
            notes.append(f"an application acted; victims {sorted(victims)[:4]}")
    if target and principal and principal != target and not principal.startswith("app:"):
        tally.actor[1] += 1
        fits = principal in everybody and principal not in victims
        tally.actor[0] += fits
        if not fits:
            notes.append(f"actor {principal!r} not named as one")
    session = row["session_id"].strip()
    if session:
        tally.session[1] += 1
        tally.session[0] += any(session in alert.session_ids for alert in found)
    return notes


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}%" if whole else "-"


def line(name: str, tally: Tally) -> str:
    pairs = "".join(
        f"{percent(*pair):>8}" for pair in (tally.victim, tally.named, tally.actor, tally.session)
    )
    return (
        f"{name:32}{tally.files:6}{percent(tally.kind, tally.files):>7}"
        f"{percent(tally.found, tally.files):>7}{pairs}{tally.untold:8}{tally.wrong:7}{tally.acts:6}{tally.raised:7}\n"
    )


def main() -> int:
    """Print the table; 1 where a monitoring alert would be acted upon or anything raised."""
    given = os.environ.get("RESCIND_DETECTOR_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    say = sys.stdout.write
    if not (folder / "index.csv").is_file():
        say(f"no data at {folder}; set RESCIND_DETECTOR_DATA to the folder of index.csv\n")
        return 0
    wanted = set(sys.argv[1:])
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["path"].startswith("alerts/")]
    tallies: dict[str, Tally] = defaultdict(Tally)
    for row in rows:
        if wanted and row["family"] not in wanted:
            continue
        notes = score(row, folder / row["path"], tallies[row["family"]])
        if wanted:
            for note in notes:
                say(f"{row['path']}: {note}\n")
    heads = "".join(f"{head:>8}" for head in ("victim", "named", "actor", "session"))
    say(
        f"{'family':32}{'files':>6}{'kind':>7}{'found':>7}{heads}{'untold':>8}{'wrong':>7}{'acts':>6}{'raised':>7}\n"
    )
    totals = {"identity families": Tally(), "the others": Tally(), "all": Tally()}
    for family, tally in sorted(tallies.items()):
        say(line(family, tally))
        totals["all"].add(tally)
        totals["identity families" if family in IDENTITY else "the others"].add(tally)
    say("\n")
    for name, tally in totals.items():
        say(line(name, tally))
    acted = tallies["monitoring_webhook"].acts if "monitoring_webhook" in tallies else 0
    say(
        f"\nactionable monitoring alerts: {acted} (must be 0); raised: {totals['all'].raised} (must be 0)\n"
    )
    return int(bool(acted or totals["all"].raised))


if __name__ == "__main__":
    sys.exit(main())
