"""Precision and recall over events that others have labelled: `make oracle-score`.

Reads RESCIND_DETECTOR_DATA (default ../shared/data), the folder with oracles.jsonl: one labelled event
of a public detection rule a line (``rule``, ``category``, ``expected``, ``mocks``, ``threshold``,
``event``). The file is others' and no part of this repository; where it is absent, this says so and ends
well.

An event is said to be a sign of trouble where its adapter gives a signal that the label's category means
(``_MEANT``). ``--acts`` counts only what a containment may follow. Precision is how many of those said
are labelled so; recall how many of those labelled so are said.

Not every label can be answered by one event alone. A label is set apart, with the reason, where

- the rule counts over several events (``threshold``), or its test puts in an answer from outside
  (``mocks``: what was seen before, where an address is);
- the rule is one of ``_STATE``: it compares with what the tenant has set or was used to;
- it says no, and another rule of its category says yes to an event of the very same type (kind and title),
  while its own rule does not, or to the very same event: the rule then asks for another type ("was it a
  policy, or a factor?"), and its no does not say that the event is none of this category.

Both figures are printed: over all labels, and over those that need nothing from outside.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detectors import registry
from detectors.alert import Alert, NotUnderstood, Signal

ROOT = Path(__file__).parents[2]
_THEFT = frozenset({Signal.TOKEN_THEFT, Signal.SESSION_THEFT})
#: What is printed: a name, the data's category, which of its rules, and the signals that mean it.
_MEANT: tuple[tuple[str, str, str, frozenset[Signal]], ...] = (
    ("refresh tokens", "token_or_session_theft", r".*(refresh|reuse).*", _THEFT),
    ("session theft", "token_or_session_theft", r".*(session|phish|cookie).*", _THEFT),
    ("token theft", "token_or_session_theft", r".*", _THEFT),
    ("impossible travel", "impossible_travel", r".*", frozenset({Signal.RISK, *_THEFT})),
    ("consent", "oauth_consent", r".*", frozenset({Signal.CONSENT})),
    ("MFA change", "mfa_change", r".*", frozenset({Signal.MFA})),
    ("forwarding", "forwarding_rule", r".*", frozenset({Signal.MAIL_RULE})),
)
#: Rules (and tests of theirs, behind a bar) that compare an event with something outside it: why.
_STATE = {
    r"Standard\.ImpossibleTravel\..*": "the distance between two sign-ins; detectors/hunts counts it",
    r".*\.Behavioral": "a row of a query that has counted over weeks, and no event of the vendor",
    r"Standard\.SignInFromRogueState": "where an address is, and which countries the tenant minds",
    r"Push\.Security\.Authorized\.IdP\.Login": "which identity providers the tenant allows",
    r"Okta\.PotentiallyStolenSession": "with what the same session was used before",
    r"Salesforce\.OAuth\.Credential\.Abuse \| Excessive API Usage.*": "how many calls are usual for the app",
    r"Azure\.Audit\.GraphSessionMultipleIPs": "from where the same session came before",
}


#: Answered otherwise on purpose, and counted against us all the same: why.
_ON_PURPOSE = {
    r"Auth0\.MFA\.Factor\.Setting\.Enabled": "a factor switched off is a change of MFA as well",
}


@dataclass(frozen=True)
class Label:
    """One labelled event. ``apart`` says why it cannot be answered by the event alone, if so."""

    rule: str
    test: str
    expected: bool
    said: bool
    apart: str
    what: str


def labels(rows: list[dict[str, Any]], only_acts: bool) -> Iterator[tuple[str, Label]]:
    """Read every labelled event of the categories in question."""
    read = [
        (row, *_read(row["event"]))
        for row in rows
        if any(row["category"] == one[1] for one in _MEANT)
    ]
    yes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row, alerts, _ in read:
        if row["expected"]:
            yes[row["category"], _type(alerts)].add(row["rule"])
            yes[row["category"], _digest(row["event"])].add(row["rule"])
    for row, alerts, what in read:
        name, meant = next(
            (name, meant)
            for name, category, rules, meant in _MEANT
            if row["category"] == category and re.fullmatch(rules, row["rule"], re.IGNORECASE)
        )
        said = any(each.actionable if only_acts else each.signal in meant for each in alerts)
        others = yes[row["category"], _type(alerts)]
        same = yes[row["category"], _digest(row["event"])]
        elsewhere = not row["expected"] and (
            (bool(others) and row["rule"] not in others) or bool(same)
        )
        test = row.get("test_name") or ""
        yield name, Label(row["rule"], test, row["expected"], said, _apart(row, elsewhere), what)


def _apart(row: dict[str, Any], elsewhere: bool) -> str:
    for rule, reason in _STATE.items():
        if re.fullmatch(rule, row["rule"]) or re.fullmatch(
            rule, f"{row['rule']} | {row.get('test_name')}"
        ):
            return reason
    if row.get("mocks"):
        return "its test puts in an answer from outside"
    if (row.get("threshold") or 1) > 1:
        return f"counts over {row['threshold']} events"
    return "another rule of this category says yes to events of this type" if elsewhere else ""


def _digest(event: dict[str, Any]) -> str:
    """Name an event by its content, without what whoever collected it added (``p_...``)."""
    own = {key: value for key, value in event.items() if not key.startswith("p_")}
    return json.dumps(own, sort_keys=True)


def _type(alerts: list[Alert]) -> str:
    return "|".join(f"{each.kind}:{each.title}" for each in alerts) or "none"


def _read(event: Any) -> tuple[list[Alert], str]:
    known = registry.recognise(event)
    if known.kind is None:
        return [], "not recognised"
    try:
        found = registry.read(known.kind, event, "score", registry.bare_source(known.kind))
    except NotUnderstood as error:
        return [], f"{known.kind}: {error.reason}"
    alerts = [each for each in found if isinstance(each, Alert)]
    said = ", ".join(f"{each.kind} {each.signal}{' acts' * each.actionable}" for each in alerts)
    return alerts, f"{known.kind}: {said}"


def _figures(found: list[Label]) -> str:
    yes = sum(each.expected for each in found)
    said = sum(each.said for each in found)
    both = sum(each.expected and each.said for each in found)
    return (
        f"{len(found):7}{f'{both}/{said}':>11}{_share(both, said):>7}"
        f"{f'{both}/{yes}':>9}{_share(both, yes):>7}"
    )


def _why(label: Label) -> str:
    purpose = (why for rule, why in _ON_PURPOSE.items() if re.fullmatch(rule, label.rule))
    return f" ({label.what})" + "".join(f" - on purpose: {why}" for why in purpose)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "-"


def main() -> int:
    """Print the figures of each kind of label, and each label that is answered otherwise."""
    given = os.environ.get("RESCIND_DETECTOR_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    say = sys.stdout.write
    if not (folder / "oracles.jsonl").is_file():
        say(f"no data at {folder}; set RESCIND_DETECTOR_DATA to the folder of oracles.jsonl\n")
        return 0
    text = (folder / "oracles.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    found: dict[str, list[Label]] = {name: [] for name, *_ in _MEANT}
    for name, label in labels(rows, "--acts" in sys.argv):
        found[name].append(label)
    heads = f"{'labels':>7}{'precision':>18}{'recall':>16}"
    say(f"{'':20}{'all labels':^41}   {'without those set apart':^41}\n{'':20}{heads}   {heads}\n")
    for name, each in found.items():
        alone = [label for label in each if not label.apart]
        say(f"{name:20}{_figures(each)}   {_figures(alone)}\n")
    for title, apart in (("Answered otherwise:", False), ("Set apart:", True)):
        say(f"\n{title}\n")
        for name, each in found.items():
            for label in each:
                if bool(label.apart) == apart and (apart or label.expected != label.said):
                    answer = f"labelled {label.expected}, said {label.said}"
                    reason = f" - {label.apart}" if apart else _why(label)
                    say(f"  {name}: {label.rule} | {label.test} | {answer}{reason}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
