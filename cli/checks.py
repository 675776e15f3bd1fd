"""What the rooms above ``config/`` know about settings being right: asked before anything starts."""

from __future__ import annotations

from collections.abc import Iterator

from config.problems import Problem
from config.settings import Settings
from detectors import registry
from playbooks import model
from playbooks.errors import PlaybookError, UnknownPlaybook
from tasks.systems import SPECS


def _playbooks(settings: Settings) -> list[Problem]:
    return [*_of_sources(settings), *_of_parameters(settings)]


def _of_sources(settings: Settings) -> Iterator[Problem]:
    for name, source in settings.sources.items():
        try:
            model.check_actions(model.load(source.playbook, settings.playbooks.folder), SPECS)
        except PlaybookError as error:
            what = f"the playbook {source.playbook!r} cannot be used: {error}"
            yield Problem(("sources", name, "playbook"), what, error.remedy)
        except UnknownPlaybook as error:
            yield Problem(("sources", name, "playbook"), str(error), error.remedy)


def _of_parameters(settings: Settings) -> Iterator[Problem]:
    for name, given in settings.playbooks.parameters.items():
        try:
            known = model.load(name, settings.playbooks.folder).playbook.parameters
        except (PlaybookError, UnknownPlaybook):
            yield Problem(
                ("playbooks", "parameters", name), f"there is no usable playbook {name!r}"
            )
            continue
        for key, value in given.items():
            place = ("playbooks", "parameters", name, key)
            if key not in known:
                yield Problem(place, "no parameter of this playbook", ", ".join(known) or "none")
            elif type(value) is not type(known[key]):
                wanted = type(known[key]).__name__
                yield Problem(
                    place, f"not a {wanted}", f"a {wanted}, as its default {known[key]!r}"
                )


#: Pass these to ``loaded`` where a command starts or plans something.
CHECKS = (registry.problems, _playbooks)
