"""How adapters agree with other parsers of the same files: `make normalised-score`.

Reads RESCIND_DETECTOR_DATA (default ../shared/data): normalised_oracles.jsonl says what independent
parsers (to ECS and OCSF) make of files of the folder. The files are others' and no part of this
repository; where they are absent, this says so and ends well. A parser may be wrong, too: differences are
told one by one, for people to judge.

- user: the parser's acting user is named by us in some role (by id, address, name or full name).
- target: its user acted upon is a victim of ours.
- ip: its source address is among ours.
- time: its time is ours, to the second (where both have one).
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from detectors import fields, registry
from detectors.alert import Alert, NotUnderstood, Role
from detectors.cast import is_machine
from detectors.decoding import decode_any

ROOT = Path(__file__).parents[2]
_ASKED = ("user", "target", "ip", "time")
_USER_KEYS = ("email", "id", "name", "full_name", "email_addr", "uid")


def main() -> int:
    """Print the table and, for families given as arguments, each difference."""
    given = os.environ.get("RESCIND_DETECTOR_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    say = sys.stdout.write
    if not (folder / "normalised_oracles.jsonl").is_file():
        say(f"no data at {folder}; set RESCIND_DETECTOR_DATA to its folder\n")
        return 0
    wanted = set(sys.argv[1:])
    tally: dict[str, dict[str, list[int]]] = defaultdict(lambda: {key: [0, 0] for key in _ASKED})
    text = (folder / "normalised_oracles.jsonl").read_text(encoding="utf-8")
    for row in map(json.loads, text.splitlines()):
        family = row["path"].split("/")[1]
        if wanted and family not in wanted and "all" not in wanted:
            continue
        for asked, theirs, right in _compared(folder / row["path"], row["expected"]):
            for name in (family, "all"):
                tally[name][asked][0] += right
                tally[name][asked][1] += 1
            if not right and wanted:
                say(f"{row['path']}: {asked} {theirs}\n")
    say(f"{'family':32}{''.join(f'{asked:>10}' for asked in _ASKED)}\n")
    for family, counts in sorted(tally.items(), key=lambda item: (item[0] == "all", item[0])):
        shown = "".join(
            f"{f'{part}/{whole}' if whole else '-':>10}" for part, whole in counts.values()
        )
        say(f"{family:32}{shown}\n")
    return 0


def _compared(path: Path, expected: Any) -> Iterator[tuple[str, str, bool]]:
    alerts = _alerts(path)
    everybody, victims = _names(alerts, *Role), _names(alerts, Role.VICTIM)
    user = expected.get("user") or _inside(expected, "actor", "user") or {}
    for asked, about, among in (("user", user, everybody), ("target", user.get("target"), victims)):
        theirs = _values(about)
        if theirs and not any(is_machine(one) for one in theirs):
            yield asked, str(sorted(theirs)), bool(theirs & among)
    ip = _inside(expected, "source", "ip") or _inside(expected, "client", "ip")
    ip = ip or _inside(expected, "src_endpoint", "ip")
    address = fields.address(ip)
    if address:
        yield "ip", address, any(address in alert.ips for alert in alerts)
    when = fields.moment(expected.get("@timestamp") or expected.get("time"))
    ours = [alert.occurred_at for alert in alerts if alert.occurred_at]
    if when and ours:
        near = any(abs((when - one).total_seconds()) <= 1 for one in ours)
        yield "time", f"{when.isoformat()} against {ours[0].isoformat()}", near


def _alerts(path: Path) -> list[Alert]:
    try:
        payload = decode_any(path.read_bytes())
        known = registry.recognise(payload)
        kind = known.kind or ""
        found = registry.read(kind, payload, "score", registry.bare_source(kind)) if kind else ()
    except NotUnderstood:
        return []
    return [each for each in found if isinstance(each, Alert)]


def _names(alerts: list[Alert], *roles: Role) -> set[str]:
    found: set[str] = set()
    for alert in alerts:
        for person in alert.persons:
            if person.role in roles:
                found |= _spelt(*(each.value for each in person.ids), person.display_name or "")
    return found - {""}


def _values(user: Any) -> set[str]:
    if not isinstance(user, dict):
        return set()
    given = [user.get(key) for key in _USER_KEYS]
    many = [one for value in given for one in (value if isinstance(value, list) else [value])]
    return _spelt(*(str(one) for one in many if one)) - {""}


def _spelt(*values: str) -> set[str]:
    plain = {value.strip().casefold() for value in values}
    return plain | {re.split(r"[\\@]", one)[-1 if "\\" in one else 0] for one in plain}


def _inside(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


if __name__ == "__main__":
    sys.exit(main())
