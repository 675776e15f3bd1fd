"""What people read in chat: plain text, understood in five seconds, with a link and no authority."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from config.settings import Settings
from ledger.chain import rfc3339
from ledger.timers import Timers
from playbooks.schema import Aim

_QUESTION = {
    Aim.CONTAIN: "Approve containment of {who}?",
    Aim.CLEAN: "Approve removing what was left behind at {who}?",
    Aim.REISSUE: "Approve giving the account back to {who}?",
    Aim.UNDO: "Approve undoing what was changed at {who}?",
}
_WHAT_FOR = {
    Aim.CONTAIN: "",
    Aim.CLEAN: "removing what was left behind: ",
    Aim.REISSUE: "giving the account back: ",
    Aim.UNDO: "undoing what was changed: ",
}
_STATUS = {
    "contained": "contained",
    "partial": "NOT fully contained: somebody has to look",
    "failed": "NOT contained: sessions were revoked nowhere",
    "observed": "observed only: nothing was changed",
}
_STATUS_BESIDE = {
    "completed": "done",
    "partial": "NOT all done: somebody has to look",
    "failed": "NOTHING done: every step failed",
    "observed": "observed only: nothing was changed",
}


def approval_requested(
    settings: Settings,
    run_id: str,
    approval_id: str,
    deadline_ms: int,
    plan: Mapping[str, Any],
    why: str,
) -> tuple[str, str]:
    """Return title and body of the request to approve a plan; ``why`` is what it was opened for."""
    who = _who(plan["person"])
    now = _at_once(plan["steps"])
    asked = [step for step in plan["steps"] if step["approval"] and step["impact"] != "none"]
    lines = [f"Because: {why}"] if why else []
    lines += [f"Tenant: {plan['tenant']}", f"Account: {who}"]
    if named := plan.get("hand_over_to"):
        lines.append(f"Handed over by: {named['name']}, who is shown once what {who} signs in with")
    # Before all that may be long: a phone shows the first lines, and a page ends after 1,024 characters.
    lines += [
        "",
        f"Decide before {rfc3339(deadline_ms)[:16]}Z; without a decision nothing of what waits is done.",
        f"{settings.web.console_url}/approvals/{approval_id}",
        "",
    ]
    lines += [f"Why it waits: {reason}" for reason in plan["reasons"]]
    lines += ["Waits for your decision:"]
    lines += [
        f"- {title} ({step['system']}, impact {step['impact']}, "
        f"{'can be undone' if step['reversible'] else 'cannot be undone'}{_missing(step)})"
        for title, step in zip(_told_apart(asked), asked, strict=True)
    ]
    reads = {
        step["title"]: None for step in plan["steps"] if step["approval"] and step not in asked
    }
    if reads:
        lines.append(f"- and then only reads: {'; '.join(reads)}")
    if now:
        lines += ["", "At once, without asking:"]
        lines += [f"- {step['title']} ({step['system']}{_missing(step)})" for step in now]
    lines += ["", f"Run {run_id[:13]}"]
    return _QUESTION[Aim(plan["aim"])].format(who=who), "\n".join(lines)


def run_finished(
    settings: Settings,
    run: Row[Any],
    status: str,
    steps: Sequence[Row[Any]],
    exposure: Sequence[Mapping[str, str]],
    why: str = "",
    left: Timers | None = None,
) -> tuple[str, str]:
    """Return title and body of the report at a run's end, or when only timed steps are ``left``.

    ``why`` is what it was opened for, where people have to be told.
    """
    who, result = _who(run.plan["person"]), _result(run, status, steps)
    lines = [f"Because: {why}"] if why else []
    lines += [f"Tenant: {run.tenant}", f"Account: {who}"]
    if run.aim != Aim.CONTAIN:
        lines.append(f"What for: {run.plan['playbook_name']}, {run.aim}")
    lines.append(f"Result: {result}")
    if left is not None:
        until = f"{rfc3339(left.until)[:16]}Z"
        result += f"; watched until {until}" if left.watches else f"; timed steps until {until}"
        what = "Watched until" if left.watches else "Something is put back until"
        lines.append(f"{what}: {until}; you are told again if anything is found or changed")
    lines.append(f"{settings.web.console_url}/runs/{run.id}")
    left_out = {step["node"] for step in run.plan["steps"] if step["skipped"]}
    lines += ["", *_ends([step for step in steps if step.node not in left_out])]
    if exposure:
        lines += ["", "Still usable:"]
        lines += [f"- {item['system']}: {item['what']}, until {item['until']}" for item in exposure]
    return f"{who}: {_WHAT_FOR[Aim(run.aim)]}{result}", "\n".join(lines)


_HANDED_OVER = {
    "temporary_access_pass": "Temporary Access Pass",
    "reset_link": "link that sets a new password",
}


def handed_over(handover: Row[Any]) -> str:
    """Return what is handed over as people call it, with its system: a person may be given several."""
    return f"{_HANDED_OVER.get(handover.kind, handover.kind)} ({handover.system.capitalize()})"


def handover_waits(settings: Settings, handover: Row[Any]) -> tuple[str, str]:
    """Return title and body of the news that a secret waits for whoever gives it to its person."""
    what, who = handed_over(handover), handover.target["name"]
    return (
        f"{handover.for_name}: a {what} for {who} waits for you",
        f"It is shown once, to {handover.for_name} alone, and erased if it was not looked at by "
        f"{rfc3339(handover.gone_at)[:16]}Z. Be with {who}, or on a call you have made yourself, before "
        f"you look.\n{settings.web.console_url}/handovers/{handover.id}",
    )


def run_finished_late(
    settings: Settings, run: Row[Any], status: str, late: Sequence[Row[Any]]
) -> tuple[str, str]:
    """Return title and body of what the timed steps (``late``) of a run have found or changed."""
    who, result = _who(run.plan["person"]), _result(run, status, late)
    lines = [f"Tenant: {run.tenant}", f"Account: {who}", f"Result: {result}"]
    lines += [f"{settings.web.console_url}/runs/{run.id}", "", *_ends(late)]
    return f"{who}: since then, {result}", "\n".join(lines)


def log_gap(name: str, tenant: str, log: str, since: str, until: str, why: str) -> tuple[str, str]:
    """Return title and body of the news that a stretch of a log was not read and cannot be any more."""
    return (
        f"A log has a gap: {log} of {tenant}",
        f"Between {since[:16]}Z and {until[:16]}Z entries may be missing: {why}.\n"
        f"What happened then was not looked at by the poller {name}. Reading goes on after it.\n"
        f"To do: look at this stretch where else the log is kept (your SIEM).",
    )


def log_unread(name: str, tenant: str, log: str, reason: str, remedy: str) -> tuple[str, str]:
    """Return title and body of the news that a log cannot be read, and nothing is found in it meanwhile."""
    return (
        f"A log is not read: {log} of {tenant}",
        f"The poller {name} has tried several times: {reason}\nTo do: {remedy}\n"
        "It is tried again by itself, and goes on from where it was: nothing is lost while the vendor "
        "keeps the log.",
    )


def quarantined(source: str, alert_id: str, reason: str, remedy: str) -> tuple[str, str]:
    """Return title and body of the news that an alert could not be acted on."""
    return (
        f"An alert from {source} needs a person",
        f"{reason}\nWhat to do: {remedy}\n"
        f"Then: rescind alerts --replay {alert_id}\nAlert {alert_id}",
    )


def source_ails(source: str, alert_id: str, what: str, reason: str, to_do: str) -> tuple[str, str]:
    """Return title and body of the news that a source may send nothing more unless somebody acts."""
    return (
        f"The source {source} needs a person: {what}",
        f"{reason}\nWhat to do: {to_do}\nNobody is contained by this.\nAlert {alert_id}",
    )


def crowd(
    source: str, alert_id: str, title: str, people: int, reason: str, remedy: str
) -> tuple[str, str]:
    """Return title and body of the news that an alert names too many people to act by itself."""
    return (
        f"An alert from {source} asks to contain {people:,} people: nothing is done until you decide",
        f"{title}\n{reason}.\nWhat to do: {remedy}\nAlert {alert_id}",
    )


def many_aside(source: str, told: int, minutes: int) -> tuple[str, str]:
    """Return title and body of the news that more alerts were set aside than are told one by one."""
    return (
        f"More alerts need a person (the last from {source})",
        f"More than {told} alerts could not be acted on within {minutes} minutes. The following ones "
        "are not told one by one.\nWhat to do: rescind alerts --quarantined",
    )


def own_application(source: str, alert_id: str, title: str, warning: str) -> tuple[str, str]:
    """Return title and body of the news that our own credential may be in other hands."""
    return (
        "Rescind's own credential may be stolen",
        f"{warning}.\nAlert from {source}: {title}\n"
        "What to do: look in the vendor's log at what this application did; where you cannot account "
        f"for it, replace its secret or certificate now.\nrescind alert {alert_id}",
    )


def alert_waits(source: str, alert_id: str, reason: str, remedy: str) -> tuple[str, str]:
    """Return title and body of the news that an alert could not be acted on yet."""
    return (
        f"An alert from {source} waits",
        f"Nothing is contained yet: {reason}\n{remedy}\n"
        f"It is tried again by itself, every minute.\nAlert {alert_id}",
    )


def _result(run: Row[Any], status: str, steps: Sequence[Row[Any]]) -> str:
    if any(step.approval == "superseded" for step in steps):
        return "called off: a newer request on this person takes its place"
    return (_STATUS if run.aim == Aim.CONTAIN else _STATUS_BESIDE)[status]


def _ends(steps: Sequence[Row[Any]]) -> Iterator[str]:
    for step in steps:
        yield f"- {step.node}: {step.outcome}" + (f" ({step.reason})" if step.reason else "")
        if step.instructions:
            yield f"  To do: {step.instructions}"


def _missing(step: Mapping[str, Any]) -> str:
    lacks = step.get("lacks") or ()
    refused = f"; WILL BE REFUSED: grant {', '.join(lacks)}" if lacks else ""
    return refused + (f"; WILL NOT WORK: {step['foreseen']}" if step.get("foreseen") else "")


def _told_apart(steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The steps' titles; one that was there already (sessions are ended twice) says so."""
    seen: set[str] = set()
    for step in steps:
        yield f"{step['title']}, once more" if step["title"] in seen else step["title"]
        seen.add(step["title"])


def _at_once(steps: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the steps that run without asking and wait for none that asks."""
    free: dict[str, Mapping[str, Any]] = {}
    for step in steps:
        waits = [*step["after"], *step["needs"]]
        if not step["approval"] and not step["skipped"] and all(node in free for node in waits):
            free[step["node"]] = step
    return list(free.values())


def _who(person: Sequence[Mapping[str, str]]) -> str:
    names = dict.fromkeys(account["name"] for account in person)
    return " / ".join(names) or "unknown"
