"""``rescind demo``: a token thief is evicted, before your eyes, and the log proves it."""

from __future__ import annotations

import json
import queue
import sys
import time
from collections.abc import Sequence
from typing import Annotated, Any

import httpx
import typer
from rich.text import Text
from sqlalchemy import Row

from cli.demonstration.incident import incident
from cli.demonstration.narration import Narrator
from cli.demonstration.responder import link_in
from cli.demonstration.stage import Stage
from cli.report import print_exposure, print_steps
from cli.settings import loaded
from cli.terminal import console
from ledger import approvals, runs, steps
from ledger.verify import Report
from ledger.verify_database import verify_database
from simulator.loot import Loot
from simulator.thief import Thief
from tasks.service import Service

_PATIENCE_S = 120.0
_SYSTEMS = ("entra", "okta")


def command(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> None:
    """Start a practice tenant, a thief with a stolen token, and Rescind; post an alert; watch.

    Exit status 0 only if the thief is out of every system, no step failed or stayed unknown, and
    the audit log verifies.
    """
    if not as_json:
        console().print("Starting a practice tenant and Rescind in a temporary folder ...")
    with Stage() as stage:
        service = Service.of(loaded(stage.config))
        try:
            result = _perform(stage, service, silent=as_json)
        finally:
            service.database.close()
    if as_json:
        print(json.dumps(result))
    good = (
        result["evicted"]
        and result["audit"]["verified"]
        and not any(
            step["outcome"] in ("failed", "unknown", None) for step in result["run"]["steps"]
        )
    )
    raise typer.Exit(0 if good else 1)


def _perform(stage: Stage, service: Service, *, silent: bool) -> dict[str, Any]:
    narrator = Narrator(service, silent=silent)
    victim = stage.victim
    stolen = httpx.post(
        f"{stage.simulator_url}/_sim/loot", json={"user": victim.name}, trust_env=False
    ).json()
    with Thief(stage.simulator_url, Loot.from_json(stolen)) as thief:
        if not thief.wait_until_working():
            print("The thief's loot does not work: nothing to evict.", file=sys.stderr)
            raise typer.Exit(1)
        time.sleep(0.5)  # long enough to see that he is really in
        narrator.say(
            Text(
                f"a thief replays {victim.name}'s refresh tokens and session cookies every 50 ms "
                "in Entra and Okta: they work",
                style="red",
            )
        )
        alert = incident(
            name=victim.name, object_id=victim.object_id, display_name=victim.display_name
        )
        posted_ms = time.time() * 1000
        narrator.alert_posted()
        narrator.say(Text("Microsoft Sentinel posts an incident", style="bold"))
        answer = stage.post(alert)
        answer.raise_for_status()
        run_id = _follow(stage, service, narrator, thief, posted_ms)
        locked = thief.locked_out()
    evicted_after = {
        system: round(at - posted_ms) if (at := locked.get(system)) is not None else None
        for system in _SYSTEMS
    }
    report = verify_database(service.database)
    with service.database.read() as connection:
        run = runs.get(connection, run_id)
        run_steps = steps.of_run(connection, run_id)
    assert run is not None  # noqa: S101 - it was followed to its end
    if not silent:
        _tell(evicted_after, run, run_steps, report)
    return {
        "evicted": all(after is not None for after in evicted_after.values()),
        "evicted_after_ms": evicted_after,
        "run": {
            "id": run.id,
            "playbook": run.playbook,
            "playbook_hash": run.playbook_hash,
            "status": run.status,
            "steps": [
                {
                    "id": step.node,
                    "action": step.action,
                    "system": step.system,
                    "outcome": step.outcome,
                    "approval": step.approval,
                }
                for step in run_steps
            ],
        },
        "exposure": run.exposure or [],
        "audit": {"verified": report.verified, "records": report.records},
    }


def _follow(
    stage: Stage, service: Service, narrator: Narrator, thief: Thief, posted_ms: float
) -> str:
    """Narrate until the run has ended and people were told; the responder decides on the way."""
    told_out: set[str] = set()
    run_id: str | None = None
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        out = {}
        for system, at in thief.locked_out().items():
            if at is not None and system not in told_out:
                told_out.add(system)
                after = f"the thief is out of {system.capitalize()}: {at - posted_ms:.0f} ms after the alert"
                out[at / 1000] = Text(after, style="bold green")
        narrator.catch_up(out)
        message = _next(stage.chat.messages)
        if message is not None:
            narrator.show(message)
            link = link_in(message.body)
            if link is None:
                if run_id is not None and f"/runs/{run_id}" in message.body:
                    break
                continue
            asked = _run_of(service, link)
            run_id = run_id or asked
            if asked != run_id:
                narrator.say(
                    Text(
                        "the trace has found somebody else he got at: a run is proposed, and waits"
                    ),
                )
                continue
            narrator.say("the responder follows the link, signs in, reads the plan, approves")
            stage.responder.approve(
                link, typed_name=stage.victim.name, reason="confirmed by phone with the user"
            )
        time.sleep(0.02)
    narrator.catch_up()
    if run_id is None:
        print("Nobody was asked to approve anything: see above.", file=sys.stderr)
        raise typer.Exit(1)
    return run_id


def _run_of(service: Service, link: str) -> str:
    """Return the run that a request for approval is about."""
    with service.database.read() as connection:
        asked = approvals.get(connection, link.rpartition("/")[2])
    assert asked is not None  # noqa: S101 - the link came from the row
    return str(asked.run_id)


def _next(messages: queue.Queue[Any]) -> Any:  # noqa: ANN401 - a message or None
    try:
        return messages.get_nowait()
    except queue.Empty:
        return None


def _tell(
    evicted_after: dict[str, int | None],
    run: Row[Any],
    run_steps: Sequence[Row[Any]],
    report: Report,
) -> None:
    out = console()
    out.print(Text("\nThe thief", style="bold"))
    for system, after in evicted_after.items():
        said = f"out {after} ms after the alert" if after is not None else "STILL IN"
        out.print(f"- {system}: {said}")
    out.print(Text(f"\nThe run: {run.status}", style="bold"))
    print_steps(run_steps, run.plan)
    print_exposure(run.exposure or [])
    out.print(Text("\nThe audit log", style="bold"))
    verdict = "verified" if report.verified else "BROKEN"
    out.print(f"- {verdict}: {report.records} records, each chained to the one before")
