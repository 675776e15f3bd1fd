"""The routing in effect: the operator's rules, then the shipped ones."""

from __future__ import annotations

from pathlib import Path

from playbooks import model
from playbooks.errors import PlaybookError, UnknownPlaybook
from playbooks.routing import lint, rules
from playbooks.routing.rules import RoutingError, Rule
from playbooks.routing.table import Table


def table(file: Path | None, folder: Path | None) -> Table:
    """Read, check and compile the rules in effect.

    A rule of the operator's takes the place of the shipped one of the same name, where his own stand.

    Args:
        file: the operator's routing file, if there is one.
        folder: where his own playbooks are.

    Raises:
        RoutingError: his file has faults; each is named with its line.
    """
    standing = [_fitting(rule, folder) for rule in rules.shipped().file.rules]
    if file is None:
        return Table(standing)
    read = rules.read_file(file)
    found = lint.faults(read, folder)
    if found:
        raise RoutingError(read.name, found)
    own = read.file.rules
    named = {rule.name for rule in own}
    after = [rule for rule in standing if rule.name not in named] if read.file.shipped else []
    return Table([*own, *after])


def _fitting(rule: Rule, folder: Path | None) -> Rule:
    """Return a shipped rule without the parameters that the operator's playbook of that name lacks."""
    if not rule.parameters or rule.playbook is None or folder is None:
        return rule
    try:
        loaded = model.load(rule.playbook, folder)
    except (PlaybookError, UnknownPlaybook, OSError, UnicodeDecodeError):
        return rule
    wrong = {fault.name for fault in model.parameter_faults(loaded, rule.parameters)}
    kept = {name: value for name, value in rule.parameters.items() if name not in wrong}
    return rule.model_copy(update={"parameters": kept})
