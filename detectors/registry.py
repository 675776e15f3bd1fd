"""Which adapter reads which kind of source, and the one way a body becomes alerts.

Third parties add detectors as entry points of the group ``rescind.detectors``: a name (the source's
``kind``) and either a ``Detector`` or a callable ``parse(payload, source, settings)`` that gives an
``Alert`` for each finding, or a ``NotUnderstood`` in its place (``detectors.batch.each`` does that).
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import entry_points
from itertools import chain

from pydantic import JsonValue

from config.problems import Problem
from config.settings import Settings, Source, SourceKind
from detectors import batch, generic, straight
from detectors.alert import NotUnderstood
from detectors.batch import Finding
from detectors.catalogue import MODULES
from detectors.decoding import decode_any
from detectors.detector import Detector
from detectors.detector import Parse as Adapter
from detectors.payload import decode
from detectors.recognition import ENOUGH, Fit

GROUP = "rescind.detectors"
#: Proofs that only one kind of content can hold.
_SIGNING = {"ssf": "ssf_set", "client_state": "graph_change_notification"}
#: A shape that had to be straightened first is a little less sure; still enough.
_BENT = 0.95
#: Under a key of somebody else's, only a shape that one vendor alone has is taken for its event.
_CERTAIN = 0.85


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whose shape a payload has.

    ``kind`` is None where no shape fits well enough (``recognition.ENOUGH``); ``nearest`` then is the
    kind that lacks least, with its ``surety``, and ``why`` says what it lacks.
    """

    kind: str | None
    surety: float
    nearest: str | None
    why: str


def kinds() -> tuple[str, ...]:
    """Return the names of all detectors: the shipped and the installed."""
    installed = {point.name for point in entry_points(group=GROUP)}
    return (*MODULES, *sorted(installed - set(MODULES)))


def detectors() -> Iterator[Detector]:
    """Yield all detectors that can be loaded."""
    for kind in kinds():
        try:
            yield detector(kind)
        except NotUnderstood:
            continue


def detector(kind: str) -> Detector:
    """Return the detector of ``kind``. What is shipped cannot be replaced by what is installed.

    Raises:
        NotUnderstood: there is no such detector, or it cannot be loaded.
    """
    module = MODULES.get(kind)
    if module is not None:
        loaded = importlib.import_module(module)
        # A file of several products that are read by one table has them by kind.
        shipped: Detector = (
            loaded.DETECTORS[kind] if hasattr(loaded, "DETECTORS") else loaded.DETECTOR
        )
        return shipped
    for point in entry_points(group=GROUP, name=kind):
        try:
            loaded = point.load()
        except Exception as error:  # noqa: BLE001 - a third party's import may raise anything
            raise NotUnderstood(
                f"the detector {kind} cannot be loaded ({type(error).__name__})",
                "Install it again, or ask whoever made it; then replay the alert.",
            ) from None
        if isinstance(loaded, Detector):
            return loaded
        return Detector(kind, f"installed by {point.value.partition(':')[0]}", (), loaded)
    raise NotUnderstood(f"there is no detector {kind}", f"Right would be: {_meant(kind, kinds())}.")


def _meant(kind: str, known: Sequence[str]) -> str:
    close = get_close_matches(kind, known, n=1)
    first = f"{close[0]}, or another one" if close else "one"
    return f"{first} that `rescind detectors list` names"


def adapter(kind: str) -> Adapter:
    """Return how ``kind`` is read.

    Raises:
        NotUnderstood: there is no such detector, or it cannot be loaded.
    """
    return detector(kind).parse


def recognise(payload: JsonValue) -> Recognised:
    """Tell whose shape a payload has, by its keys and constants. Nothing raises.

    What is like no shape is also looked at as it may have been before it was bent (``straight.forms``).
    """
    fit, kind = _nearest(payload)
    if fit.surety < ENOUGH:
        bent = max(map(_nearest, straight.forms(payload)), key=_surety, default=(Fit(0.0), ""))
        held = ((_nearest(inner), _CERTAIN) for inner in straight.carried(payload))
        for (found, whose), enough in chain([(bent, ENOUGH)], held):
            if found.surety >= enough:
                fit, kind = Fit(max(ENOUGH, round(found.surety * _BENT, 3)), found.why), whose
                break
    if fit.surety <= 0:
        return Recognised(None, 0.0, None, "It is like no shape that is known.")
    if fit.surety < ENOUGH:
        return Recognised(
            None, fit.surety, kind, f"No known shape; the nearest is {kind}: {fit.why}."
        )
    return Recognised(kind, fit.surety, kind, f"{fit.why[:1].upper()}{fit.why[1:]}.")


def _nearest(payload: JsonValue) -> tuple[Fit, str]:
    best = (Fit(0.0), "")
    for each in detectors():
        fit = _fit(each, payload)
        if fit.surety > best[0].surety:
            best = (fit, each.kind)
    return best


def _surety(nearest: tuple[Fit, str]) -> float:
    return nearest[0].surety


def _fit(each: Detector, payload: JsonValue) -> Fit:
    try:
        return each.recognises(payload)
    except Exception as error:  # noqa: BLE001 - an adapter's fault must not keep others from a payload
        return Fit(0.0, f"its recognition failed ({type(error).__name__})")


def read(kind: str, payload: JsonValue, source_name: str, source_settings: Source) -> tuple[Finding, ...]:  # fmt: skip
    """Read a decoded payload.

    Returns:
        At least one finding: an alert, or why one of several is none.

    Raises:
        NotUnderstood: whatever is wrong with the whole payload; no other exception.
    """
    reader = detector(kind)
    try:
        straightened = straight.straightened(payload, lambda value: _fit(reader, value))
        findings = tuple(reader.parse(straightened, source_name, source_settings))
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
    return findings


def parse(kind: str, body: bytes, source_name: str, source_settings: Source) -> tuple[Finding, ...]:
    """Read the bytes that arrived from a source.

    One JSON value is taken; lines, CSV and gzip only where the detector says that it takes them.

    Returns:
        At least one finding: an alert, with the hash of the bytes, or why one of several is none.

    Raises:
        NotUnderstood: whatever is wrong with the whole body; no other exception, whatever arrives.
    """
    payload = decode_any(body) if _takes_lines(kind) else decode(body)
    findings = read(kind, payload, source_name, source_settings)
    digest = hashlib.sha256(body).hexdigest()
    return tuple(
        each if isinstance(each, NotUnderstood) else each.model_copy(update={"raw_sha256": digest})
        for each in findings
    )


def bare_source(kind: str, mapping: dict[str, str] | None = None) -> Source:
    """Return a source of ``kind`` for reading a file: nothing arrives by it, so nothing proves it."""
    return Source.model_validate(
        {
            "kind": kind,
            "origin": {"proof": "shared_secret", "secret": "nothing arrives by it"},
            "mapping": mapping or {},
        }
    )


def _takes_lines(kind: str) -> bool:
    try:
        return detector(kind).takes_lines
    except NotUnderstood:
        return False  # what is wrong with the body is told first, as for every other kind


def problems(settings: Settings) -> list[Problem]:
    """Check what only detectors know of the settings: each source's kind and mapping."""
    found = []
    known = kinds()
    for name, source in settings.sources.items():
        key = ("sources", name)
        if source.kind not in known:
            found.append(
                Problem((*key, "kind"), "there is no such detector", _meant(source.kind, known))
            )
        elif (
            source.kind in MODULES and _SIGNING.get(source.origin.proof, source.kind) != source.kind
        ):
            right = f'kind = "{_SIGNING[source.origin.proof]}", or another proof'
            what = f"{source.origin.proof} is not how anything of kind {source.kind} proves itself"
            found.append(Problem((*key, "origin", "proof"), what, right))
        elif source.kind == SourceKind.GENERIC:
            found += [
                Problem((*key, "mapping"), wrong, 'for example "person.email" = "user.mail"')
                for wrong in generic.check_mapping(source.mapping)
            ]
        elif source.mapping and source.kind in MODULES:
            found.append(
                Problem(
                    (*key, "mapping"),
                    f"kind {source.kind} reads its own fields and takes no mapping",
                    'leave it out, or set kind = "generic"',
                )
            )
    return found
