"""Which adapter reads which kind of source, and the one way a body becomes alerts.

Third parties add detectors as entry points of the group ``rescind.detectors``: a name (the source's
``kind``) and a callable ``parse(payload, source, settings) -> tuple[Alert, ...]``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.metadata import entry_points

from pydantic import JsonValue, ValidationError

from config.problems import Problem
from config.settings import Settings, Source, SourceKind
from detectors import generic, okta, sentinel
from detectors.alert import Alert, NotUnderstood
from detectors.payload import decode

Adapter = Callable[[JsonValue, str, Source], tuple[Alert, ...]]

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


def parse(kind: str, body: bytes, source_name: str, source_settings: Source) -> tuple[Alert, ...]:
    """Read the bytes that arrived from a source.

    Returns:
        At least one alert, each with the hash of the bytes.

    Raises:
        NotUnderstood: whatever is wrong with the body; no other exception, whatever arrives.
    """
    payload = decode(body)
    read = adapter(kind)
    try:
        alerts = tuple(read(payload, source_name, source_settings))
    except NotUnderstood:
        raise
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or error.title
        raise NotUnderstood(
            f"the payload does not make an alert: {field} ({first['type']})", _report(kind)
        ) from None
    except Exception as error:  # noqa: BLE001 - an adapter's fault must not lose the alert
        raise NotUnderstood(
            f"the adapter {kind} failed on the payload ({type(error).__name__})", _report(kind)
        ) from None
    if not alerts:
        raise NotUnderstood(
            "the payload holds no finding: its list is empty",
            "Nothing to do if the detector sends empty lists; otherwise look at its template.",
        )
    digest = hashlib.sha256(body).hexdigest()
    return tuple(alert.model_copy(update={"raw_sha256": digest}) for alert in alerts)


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


def _report(kind: str) -> str:
    return (
        f"Is this what a source of kind {kind} sends? If it is, report it with the payload's "
        "shape; the alert is kept and can be replayed."
    )
