"""Which authentication methods to remove, in which order, and which to leave and why.

Rules: never the password, nor a pass Rescind has made; never the last factor of an account that can sign in; the default
method last, because Graph refuses to delete it while others exist (CISA CM0071, Microsoft Graph).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.entra import factors
from connectors.entra.age import Age, Dated

Json = dict[str, Any]

_KEEP_FIRST = {Age.OLDER: 0, Age.UNDATABLE: 1, Age.RECENT: 2}


def choose(
    methods: Sequence[Mapping[str, Any]],
    dated: Sequence[Dated],
    *,
    everything: bool,
    enabled: bool,
    preferred: str | None,
    spared: frozenset[str] = frozenset(),
) -> tuple[list[Json], list[Json]]:
    """Divide the methods into those to remove, in order, and those a person has to look at.

    Args:
        methods: as Graph lists them.
        dated: what is known of each method's age.
        everything: remove whatever its age.
        enabled: whether the account can sign in, or that is not known.
        preferred: the account's default (``userPreferredMethodForSecondaryAuthentication``).
        spared: ids of passes that Rescind itself has made: they stay, whatever their age.

    Returns:
        ``(remove, left)``, each item with ``id``, ``kind`` and ``why``.
    """
    remove: list[tuple[Json, Mapping[str, Any], Age]] = []
    left: list[Json] = []
    stay: list[str] = []
    for method, known in zip(methods, dated, strict=True):
        kind = factors.kind_of(method)
        item = {"id": str(method.get("id")), "kind": kind, "why": known.why}
        if kind == factors.PASSWORD:
            continue
        if item["id"] in spared or (known.age is Age.OLDER and not everything):
            stay.append(kind)
        elif kind not in factors.KINDS:
            stay.append(kind)
            left.append({**item, "why": f"{known.why}; Graph v1.0 cannot delete this kind"})
        elif known.age is Age.UNDATABLE and not everything:
            stay.append(kind)
            left.append(item)
        else:
            remove.append((item, method, known.age))

    def is_default(method: Mapping[str, Any]) -> bool:
        return preferred is not None and preferred in factors.preferences_of(method)

    remove.sort(key=lambda entry: is_default(entry[1]))
    if enabled and remove and all(kind in factors.WEAK for kind in stay):
        strong = [entry for entry in remove if entry[0]["kind"] not in factors.WEAK]
        candidates = strong or ([] if stay else remove)
        if candidates:
            kept = min(candidates, key=lambda e: (_KEEP_FIRST[e[2]], not is_default(e[1])))
            remove.remove(kept)
            why = f"{kept[0]['why']}; left, because nothing but the password would remain"
            left.append({**kept[0], "why": why})
    return [entry[0] for entry in remove], left
