"""Asking the routing rules what follows an alert, for one person it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from config.settings import Mode, Settings
from connectors.directory import Identification
from detectors.alert import Alert
from playbooks.routing import effect, facts
from playbooks.routing.table import Bounds, Decision
from tasks.opening import Request

_CROWD = "its alert asks to contain more people than guardrails.people_per_alert"


class Routes:
    """The routing rules of this process, read and compiled once."""

    def __init__(self, settings: Settings) -> None:
        """Read the rules in effect.

        Raises:
            RoutingError: the operator's file has faults.
        """
        self._settings = settings
        self._table = effect.table(settings.routing.file, settings.playbooks.folder)

    @property
    def playbooks(self) -> tuple[str, ...]:
        """The playbooks that may be chosen, by rules and by sources."""
        named = (
            source.playbook for source in self._settings.all_sources.values() if source.playbook
        )
        return tuple(dict.fromkeys((*named, *self._table.playbooks)))

    def ignores(self, alert: Alert, name: str) -> Decision | None:
        """Return the decision to contain nobody, where no person has to be looked up for it.

        Args:
            alert: the alert.
            name: its source's, as in the settings.
        """
        source = self._settings.all_sources[name]
        told = facts.of_alert(alert.model_dump(mode="json"), name, source)
        return self._table.ignores(told, Bounds.of(name, source, self._settings), facts.LATER)

    def goes_further(self, before: Mapping[str, Any], alert: Alert, name: str) -> bool:
        """Tell whether an alert is answered by more than the same finding as it was told before.

        Args:
            before: the fields of the alert that told it.
            alert: the alert that tells it now.
            name: their source's, as in the settings.
        """
        if not alert.actionable:
            return False
        old, new = (self._foreseen(said, name) for said in (before, alert.model_dump(mode="json")))
        return new.weight > old.weight or (new.mode is not None and new.playbook != old.playbook)

    def _foreseen(self, alert: Mapping[str, Any], name: str) -> Decision:
        """Decide on an alert as far as that can be done without knowing the person."""
        source = self._settings.all_sources[name]
        told = facts.of_alert(alert, name, source)
        return self._table.decide(told, Bounds.of(name, source, self._settings), facts.LATER)

    def of(self, request: Request, person: Identification) -> Request:
        """Return what is asked for one person: by which playbook, how far, with which parameters.

        What a person asks for, and what follows from our own reading, stays as it is.
        """
        name = request.source
        if name is None or request.alert is None:
            return request
        accounts = tuple(person.accounts.values())
        unreached = bool(person.failures or person.ambiguities)
        source = self._settings.all_sources[name]
        told = facts.of_alert(request.alert, name, source)
        told |= facts.of_person(
            request.tenant, self._settings.tenants[request.tenant], accounts, unreached
        )
        decision = self._table.decide(told, Bounds.of(name, source, self._settings))
        if request.mode is Mode.APPROVE and decision.mode is Mode.AUTO:
            # the request is more careful than its source: it was released out of a crowd
            waits = (*decision.waits, _CROWD)
            decision = replace(decision, mode=Mode.APPROVE, waits=waits)
        mode = decision.mode or Mode.OBSERVE
        return replace(request, playbook=decision.playbook, mode=mode, route=decision)
