"""An incident of Defender as one alert: whom its alerts are about, and whether any of them has to follow.

Vendor documentation: Microsoft Learn, Microsoft Graph resource type
``microsoft.graph.security.incident``; Defender XDR "List incidents API".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from detectors.alert import Role
from detectors.cast import Cast
from detectors.compose import Verdict
from detectors.defender_evidence import Evidence
from detectors.defender_verdict import THEFT
from detectors.fields import Fields


@dataclass
class Gathered:
    """What an incident's alerts say together."""

    verdict: Verdict
    cast: Cast
    evidence: Evidence
    titles: list[str]


def gather(
    own: Verdict,
    alerts: list[Fields],
    judge: Callable[[Fields, Evidence], Verdict],
    *names: str,
    over: str = "",
) -> Gathered:
    """Put the alerts of an incident together.

    Where one of them has to be acted upon, only the accounts of such alerts are victims: an incident
    joins what merely happened near each other. Where none has, the incident's own title counts only if
    it speaks of theft, or if the alerts are not there.

    Args:
        own: what the incident's own title and severity say.
        alerts: its alerts.
        judge: judges one alert.
        names: under which keys an alert has its evidence.
        over: why the incident is over; then nothing follows any of its alerts.
    """
    everything = Evidence()
    urgent: list[tuple[Evidence, Verdict]] = []
    attack: list[str] = []
    for alert in alerts:
        everything.add(alert.items(*names))
        evidence = Evidence().add(alert.items(*names))
        verdict = judge(alert, evidence)
        attack += verdict.attack
        if verdict.actionable and not over:
            urgent.append((evidence, verdict))
    titles = [alert.text("title") for alert in alerts]
    techniques = tuple(dict.fromkeys(attack))
    if not urgent:
        acts = own.actionable and (not alerts or own.signal in THEFT)
        why = own.why if acts or not own.actionable else "None of its alerts asks for it."
        verdict = Verdict(acts, why, own.signal, techniques)
        return Gathered(verdict, everything.cast(), everything, titles)
    people = Cast()
    for evidence, _ in urgent:
        _pour(evidence.cast(), people)
    _pour(everything.cast(Role.BYSTANDER), people)
    first = urgent[0][1]
    return Gathered(Verdict(True, first.why, first.signal, techniques), people, everything, titles)


def _pour(found: Cast, people: Cast) -> None:
    for person in found.people:
        people.add(
            person.role, *((each.kind, each.value) for each in person.ids), name=person.display_name
        )
    for reason in found.left_out:
        people.leave_out(reason)
