"""What steps wait for: followed to its end, freed of what is left out, and never in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from playbooks.draft import Draft


def waited_for(draft: Draft, drafts: Sequence[Draft]) -> set[str]:
    """Return every step that has to end before this one can begin."""
    return _reached(draft, {other.node: (*other.after, *other.needs) for other in drafts})


def relied_on(draft: Draft, drafts: Sequence[Draft]) -> set[str]:
    """Return every step that has to succeed, or this one is not carried out."""
    return _reached(draft, {other.node: other.needs for other in drafts})


def _reached(draft: Draft, edges: Mapping[str, tuple[str, ...]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(edges[draft.node])
    while waiting:
        node = waiting.pop()
        if node not in seen and node in edges:
            seen.add(node)
            waiting += edges[node]
    return seen


def circle(drafts: Sequence[Draft]) -> tuple[str, ...]:
    """Return steps each of which waits for the next, and the last for the first; none is right."""
    position = {draft.node: index for index, draft in enumerate(drafts)}
    graph = {
        draft.node: [node for node in (*draft.after, *draft.needs) if node in position]
        for draft in drafts
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        nodes: list[str] = error.args[1][:0:-1]  # there the first stands again at the end
        first = nodes.index(min(nodes, key=position.__getitem__))
        return (*nodes[first:], *nodes[:first])
    return ()


def settle(drafts: Sequence[Draft]) -> list[Draft]:
    """Leave out what needs, or puts back, something that is left out; until nothing changes."""
    settled, before = list(drafts), -1
    while before != (left := sum(draft.live for draft in settled)):
        before = left
        live = {draft.node for draft in settled if draft.live}
        settled = [_settled(draft, live) for draft in settled]
    return settled


def _settled(draft: Draft, live: set[str]) -> Draft:
    if not draft.live:
        return draft
    if draft.undoes is not None and draft.undoes_run is None and draft.undoes not in live:
        return replace(draft, skipped=f"{draft.undoes} is left out: there is nothing to put back")
    missing = [node for node in draft.needs if node not in live]
    if not missing:
        return draft
    reason = f"it needs the success of {', '.join(missing)}, which this plan does not carry out"
    return replace(draft, skipped=reason)


def pass_on(drafts: Sequence[Draft]) -> list[Draft]:
    """Free waits of what is left out: who waited for it waits for what that waited for."""
    by_node = {draft.node: draft for draft in drafts}
    return [
        replace(
            draft,
            after=tuple(
                node
                for node in dict.fromkeys(_live(draft.after, by_node))
                if node not in draft.needs
            ),
            follows=tuple(node for node in draft.follows if by_node[node].live),
        )
        if draft.live
        else replace(draft, after=(), needs=(), follows=())
        for draft in drafts
    ]


def _live(nodes: tuple[str, ...], by_node: Mapping[str, Draft]) -> Iterator[str]:
    for node in nodes:
        draft = by_node.get(node)
        if draft is not None and draft.live:
            yield node
        elif draft is not None:
            yield from _live((*draft.after, *draft.needs), by_node)
