"""A product whose events can be told in a table: where the persons, the action and the rest stand.

Adapters of audit logs and of alerts of one plain shape are ``Product``s; ``detector_of`` makes the
``Detector``. Paths are those of ``detectors.paths``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, findings, paths, recognition
from detectors.alert import Alert, IdKind, NotUnderstood, Role, Thing
from detectors.batch import Finding, each
from detectors.cast import Cast, guessed, is_machine
from detectors.compose import Verdict
from detectors.detector import Detector
from detectors.parts import unsayable
from detectors.recognition import Shape, by_shapes

#: Makes what a vendor hides in other text a field of its own; gets the event, gives another.
Prepare = Callable[[dict[str, JsonValue]], dict[str, JsonValue]]
#: Gives what may follow an event; gets the event, its name (``Product.action``) and its severity.
Judge = Callable[[JsonValue, str, str], Verdict]


@dataclass(frozen=True, slots=True)
class Who:
    """Where a person stands in an event.

    Attributes:
        ids: the identifiers of this one person, as (kind, path); kind None where the vendor puts an
            address, an account name or a bare name there.
        name: the path of what the person is called.
        each: the path of a list of such persons; ``ids`` and ``name`` then start at one of them (the
            path ``@`` is the item itself).
        only: a path and a pattern: where text stands there that the pattern does not match (case
            aside), it is an application, a system or a machine, and nobody.
        where: a path and a pattern that must match: other items of ``each`` are something else.
    """

    ids: tuple[tuple[IdKind | None, str], ...]
    name: str = ""
    each: str = ""
    only: tuple[str, str] | None = None
    where: tuple[str, str] | None = None

    def join(self, cast: Cast, role: Role, event: JsonValue) -> bool:
        """Add whoever stands there to a cast; say whether there was anybody, even one who cannot be told."""
        there = paths.values(event, self.each) if self.each else [event]
        added = [self._add(cast, role, one) for one in there]
        return any(added)

    def _add(self, cast: Cast, role: Role, one: JsonValue) -> bool:
        if self.where is not None and not _matches(paths.text(one, self.where[0]), self.where[1]):
            return False
        if self.only is not None:
            path, pattern = self.only
            found = paths.text(one, path)
            if found and not _matches(found, pattern):
                cast.leave_out("an application, a machine or a system, which is nobody")
                return False
        name = paths.value(one, self.name)
        known = [(kind, paths.value(one, path)) for kind, path in self.ids]
        if any(isinstance(value, str) and is_machine(value) for _, value in known):
            cast.leave_out("an account of a machine or of the system itself")
            return False
        ids = [(kind, value) if kind is not None else guessed(value) for kind, value in known]
        return cast.add(role, *ids, name=name) or unsayable(known)


def _matches(text: str, pattern: str) -> bool:
    return re.fullmatch(pattern, text, re.IGNORECASE) is not None


def person(
    *named: str,
    name: str = "",
    each: str = "",
    only: tuple[str, str] | None = None,
    where: tuple[str, str] | None = None,
    **ids: str,
) -> Who:
    """Describe a person: paths of values of any kind first, then ``IdKind`` values as keywords."""
    known = tuple((IdKind(kind), path) for kind, path in ids.items())
    return Who((*known, *((None, path) for path in named)), name, each, only, where)


def _recorded(event: JsonValue, action: str, severity: str) -> Verdict:  # noqa: ARG001 - a Judge
    return findings.change(action)


@dataclass(frozen=True, slots=True)
class Product:
    """One product's event: how it is known, and where everything stands.

    Attributes:
        kind: as in ``Detector``; so are ``title``, ``documentation`` and ``takes_lines``.
        shapes: how it is recognised; ``envelopes`` as in ``by_shapes``.
        empty: as in ``by_shapes``.
        inner: the path of the event inside an item, where the vendor wraps each; the item itself
            where nothing is there.
        targets: the persons acted upon or found to be in trouble.
        actors: the persons who acted; the first is the one it is about where there is no target.
        alone: whether that is so; False where the vendor has a name for who acted that means that somebody
            else was acted upon.
        bystanders: persons who are named and neither.
        action: the vendor's name of what happened; ``headline`` for people, ``rule`` the detection.
        levels: where medium, high and critical begin, where the severity is a number.
        devices, apps: paths of (id, name).
        judge: what may follow; an audit record by default.
        prepare: adds fields to an event before anything is looked for in it.
    """

    kind: str
    title: str
    documentation: tuple[str, ...]
    shapes: tuple[Shape, ...]
    envelopes: tuple[str, ...] = ()
    empty: tuple[Shape, ...] = ()
    inner: str = ""
    targets: tuple[Who, ...] = ()
    actors: tuple[Who, ...] = ()
    alone: bool = True
    bystanders: tuple[Who, ...] = ()
    action: str = ""
    headline: str = ""
    rule: str = ""
    event_id: str = "id"
    severity: str = ""
    levels: tuple[float, float, float] | None = None
    confidence: str = ""
    occurred_at: str = ""
    last_seen_at: str = ""
    ips: tuple[str, ...] = ()
    agents: str = ""
    sessions: str = ""
    tokens: str = ""
    asn: str = ""
    place: str = ""
    devices: tuple[str, str] = ("", "")
    apps: tuple[str, str] = ("", "")
    tenant: str = ""
    judge: Judge = _recorded
    prepare: Prepare | None = None
    takes_lines: bool = True


def detector_of(product: Product) -> Detector:
    """Make the detector of a product."""

    def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
        """Read the product's events, bare, in a list or in the vendor's envelope."""
        found = recognition.items(payload, *product.envelopes)
        return each(found, lambda item: alert_of(product, item, source))

    return Detector(
        kind=product.kind,
        title=product.title,
        documentation=product.documentation,
        parse=parse,
        recognises=by_shapes(*product.shapes, envelopes=product.envelopes, empty=product.empty),
        takes_lines=product.takes_lines,
    )


def table(*products: Product) -> dict[str, Detector]:
    """Make the detectors of several products of one file, by kind."""
    return {product.kind: detector_of(product) for product in products}


def alert_of(product: Product, item: JsonValue, source: str) -> Alert:
    """Read one event of a product.

    Raises:
        NotUnderstood: it is no object with anything in it.
    """
    event = paths.inside(paths.value(item, product.inner)) if product.inner else item
    event = event if isinstance(event, dict) else item
    if not isinstance(event, dict) or not event:
        raise NotUnderstood(
            f"it is no event of {product.title}: no JSON object with anything in it",
            "Send the events as the product gives them.",
        )
    if product.prepare is not None:
        event = product.prepare(event)
    action = paths.text(event, product.action)
    given = paths.value(event, product.severity)
    severity = (
        compose.graded(given, product.levels) if product.levels else compose.severity_of(given)
    )
    first, *more = [address for path in product.ips for address in paths.values(event, path)] or [
        None
    ]
    return compose.alert(
        source=source,
        kind=action or product.kind,
        raw=item,
        verdict=product.judge(event, action, severity),
        cast=cast_of(product, event),
        event_id=paths.value(event, product.event_id),
        title=paths.text(event, product.headline) or action,
        rule=paths.text(event, product.rule) or action,
        severity=severity,
        confidence=paths.text(event, product.confidence, 20),
        occurred_at=paths.value(event, product.occurred_at),
        last_seen_at=paths.value(event, product.last_seen_at),
        session_ids=paths.values(event, product.sessions) if product.sessions else (),
        token_ids=paths.values(event, product.tokens) if product.tokens else (),
        user_agents=paths.values(event, product.agents) if product.agents else (),
        networks=[compose.network(first, paths.value(event, product.asn), paths.value(event, product.place))],
        ips=more,
        devices=[_thing(event, product.devices)],
        apps=[_thing(event, product.apps)],
        tenant_hint=paths.value(event, product.tenant),
    )  # fmt: skip


def cast_of(product: Product, event: JsonValue) -> Cast:
    """Name an event's persons: targets are victims, and so is who acted where there is no target."""
    cast = Cast()
    targets = [who.join(cast, Role.VICTIM, event) for who in product.targets]
    targeted = any(targets) or not product.alone
    for who in product.actors:
        who.join(cast, Role.ACTOR if targeted else Role.VICTIM, event)
    for who in product.bystanders:
        who.join(cast, Role.BYSTANDER, event)
    return cast


def _thing(event: JsonValue, where: tuple[str, str]) -> Thing | None:
    identity, name = where
    return compose.thing(paths.value(event, identity), paths.value(event, name))
