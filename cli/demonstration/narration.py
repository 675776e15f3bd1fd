"""Telling what happens while it happens: the audit log's records, in a person's words."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any

from rich.panel import Panel
from rich.text import Text
from sqlalchemy import select

from cli.demonstration.chat import Message
from cli.terminal import console, word
from ledger import tables
from tasks.service import Service

_BUBBLE_COLUMNS = 100


class Narrator:
    """Prints one line per thing that happens, with the time since the alert was posted."""

    def __init__(self, service: Service, *, silent: bool) -> None:
        """Read the log of ``service``; print nothing where ``silent``."""
        self._service = service
        self._silent = silent
        self._seq = -1
        self._started: set[str] = set()
        self._zero = time.time()

    def alert_posted(self) -> None:
        """Count the time from now on."""
        self._zero = time.time()

    def say(self, text: Text | str, *, at: float | None = None) -> None:
        """Print a line at ``at`` (epoch seconds; now, where it is not given)."""
        if self._silent:
            return
        seconds = (at if at is not None else time.time()) - self._zero
        stamp = f"{seconds:+8.3f} s  "
        console().print(Text.assemble((stamp, "dim"), text))

    def show(self, message: Message) -> None:
        """Print a chat message as the bubble it would be."""
        if not self._silent:
            out = console()
            bubble = Panel(
                Text(message.body),
                title=f"chat: {message.title}",
                title_align="left",
                width=min(out.width, _BUBBLE_COLUMNS),
            )
            out.print(bubble, soft_wrap=False)

    def catch_up(self, also: Mapping[float, Text] | None = None) -> None:
        """Print what happened since the last time, and ``also`` (by epoch seconds), in order."""
        lines = list((also or {}).items())
        for record in self._new():
            step = record.get("step", {}).get("id", "")
            if record["event"] == "step.started":
                self._started.add(step)
            if record["event"] == "step.finished" and step not in self._started:
                continue  # the plan leaves it out
            line = _line(record)
            if line is not None:
                lines.append((_epoch(record["time"]), line))
        for at, line in sorted(lines, key=itemgetter(0)):
            self.say(line, at=at)

    def _new(self) -> Iterator[dict[str, Any]]:
        with self._service.database.read() as connection:
            rows = connection.execute(
                select(tables.audit.c.seq, tables.audit.c.record)
                .where(tables.audit.c.seq > self._seq)
                .order_by(tables.audit.c.seq)
            ).all()
        for row in rows:
            self._seq = row.seq
            yield json.loads(row.record)


def _line(record: Mapping[str, Any]) -> Text | None:  # noqa: PLR0911 - one sentence per event
    event = record["event"]
    if event == "alert.received":
        return Text(f"alert stored ({record['size']} bytes), answered 202")
    if event == "run.created":
        return Text(f"person identified; run opened: {record['playbook']}, mode {record['mode']}")
    if event == "plan.computed":
        asked = sum(step["approval"] for step in record["plan"]["steps"])
        return Text(f"plan: {len(record['plan']['steps'])} steps, {asked} wait for a person")
    if event == "action.intent":
        request = record["request"]
        return Text.assemble(
            ("-> ", "cyan"), f"{request['system']}: {request['method']} {request['path']}"
        )
    if event == "step.finished":
        return Text.assemble(
            ("<- ", "cyan"), f"{record['step']['node']}: ", word(record["outcome"])
        )
    if event == "approval.decided":
        return Text(f"decision: {record['approval']['decision']}", style="bold")
    if event == "run.finished":
        return Text.assemble("run ended: ", word(record["status"]))
    if event == "step.postponed":
        return Text(f"{record['step']['node']} waits: {record['reason']}", style="yellow")
    return None


def _epoch(rfc3339: str) -> float:
    return datetime.fromisoformat(rfc3339).timestamp()
