"""Which adapter reads which kind of source, and the one way a body becomes alerts.

Third parties add detectors as entry points of the group ``rescind.detectors``: a name (the source's
``kind``) and a callable ``parse(payload, source, settings)`` that gives an ``Alert`` for each finding,
or a ``NotUnderstood`` in its place (``detectors.batch.each`` does that).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from importlib.metadata import entry_points

from pydantic import JsonValue

from config.problems import Problem
from config.settings import Settings, Source, SourceKind
from detectors import batch, generic, okta, sentinel
from detectors.alert import NotUnderstood
from detectors.batch import Finding
from detectors.payload import decode

Adapter = Callable[[JsonValue, str, Source], Iterable[Finding]]

GROUP = "rescind.detectors"

_SHIPPED: dict[str, Adapter] = {
    SourceKind.SENTINEL: sentinel.parse,
    SourceKind.OKTA_EVENT_HOOK: okta.parse,
    SourceKind.GENERIC: generic.parse,
}


def kinds() -> tuple[str, ...]:
    """Return the names of all detectors: the shipped and the installed."""
    installed = {point.name for point in entry_points(group=GROUP)}
    return (*_SHIPPED, *sorted(installed - set(_SHIPPED)))


def adapter(kind: str) -> Adapter:
    """Return the adapter of ``kind``. What is shipped cannot be replaced by what is installed.

    Raises:
        NotUnderstood: there is no such detector, or it cannot be loaded.
    """
    shipped = _SHIPPED.get(kind)
    if shipped is not None:
        return shipped
    for point in entry_points(group=GROUP, name=kind):
        try:
            loaded = point.load()
        except Exception as error:  # noqa: BLE001 - a third party's import may raise anything
            raise NotUnderstood(
                f"the detector {kind} cannot be loaded ({type(error).__name__})",
                "Install it again, or ask whoever made it; then replay the alert.",
            ) from None
        found: Adapter = loaded
        return found
    raise NotUnderstood(
        f"there is no detector {kind}",
        f"Install it, or set the kind to one of {', '.join(kinds())}.",
    )


def parse(kind: str, body: bytes, source_name: str, source_settings: Source) -> tuple[Finding, ...]:
    """Read the bytes that arrived from a source.

    Returns:
        At least one finding: an alert, with the hash of the bytes, or why one of several is none.

    Raises:
        NotUnderstood: whatever is wrong with the whole body; no other exception, whatever arrives.
    """
    payload = decode(body)
    read = adapter(kind)
    try:
        findings = tuple(read(payload, source_name, source_settings))
    except Exception as error:  # noqa: BLE001 - an adapter's fault must not lose the alert
        raise batch.fault(error) from None
    if not findings:
        raise NotUnderstood(
            "the payload holds no finding: its list is empty",
            "Nothing to do if the detector sends empty lists; otherwise look at its template.",
        )
    (first, *more) = findings
    if isinstance(first, NotUnderstood) and not more:
        raise first
    digest = hashlib.sha256(body).hexdigest()
    return tuple(
        each if isinstance(each, NotUnderstood) else each.model_copy(update={"raw_sha256": digest})
        for each in findings
    )


def problems(settings: Settings) -> list[Problem]:
    """Check what only detectors know of the settings: each source's kind and mapping."""
    found = []
    known = kinds()
    for name, source in settings.sources.items():
        key = ("sources", name)
        if source.kind not in known:
            found.append(
                Problem((*key, "kind"), "there is no such detector", f"one of {', '.join(known)}")
            )
        elif source.kind == SourceKind.GENERIC:
            found += [
                Problem((*key, "mapping"), wrong, 'for example "person.email" = "user.mail"')
                for wrong in generic.check_mapping(source.mapping)
            ]
        elif source.mapping and source.kind in _SHIPPED:
            found.append(
                Problem(
                    (*key, "mapping"),
                    f"kind {source.kind} reads its own fields and takes no mapping",
                    'leave it out, or set kind = "generic"',
                )
            )
    return found
