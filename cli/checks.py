"""What the rooms above ``config/`` know about settings being right: asked before anything starts.

What would need the network is not asked. Of an error of a library only its kind is told: its text may
quote a secret. Libraries that take long to load are loaded where a setting needs them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
from kombu import Connection
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from config import connections
from config.problems import Key, Problem, resting_on
from config.settings import Settings
from config.signals import Signals
from config.tenants import Entra, Okta
from connectors.errors import ConnectorError
from detectors import registry
from playbooks import model
from playbooks.errors import PlaybookError, UnknownPlaybook
from playbooks.guardrails import ID_FORMS
from playbooks.routing import effect
from playbooks.routing.rules import RoutingError
from tasks.systems import SPECS

#: psycopg's own, beside those of PostgreSQL's library.
_PSYCOPG_OPTIONS = frozenset({"autocommit", "context", "prepare_threshold"})
_ID_RIGHT = (
    "an Entra object id (a GUID: Object ID on the person's page in the Entra admin center), an "
    "Okta user id (00u and 17 more: the end of the address of the person's page in Okta's admin "
    "console) or an Auth0 user id (auth0|... or another connection's name: user_id on the person's "
    "page in the Auth0 dashboard)"
)


def _of_sources(settings: Settings) -> Iterator[Problem]:
    for name, source in settings.all_sources.items():
        if source.playbook is None:
            continue
        table = "sources" if name in settings.sources else "pollers"
        try:
            model.check_actions(model.load(source.playbook, settings.playbooks.folder), SPECS)
        except PlaybookError as error:
            what = f"the playbook {source.playbook!r} cannot be used: {error}"
            yield Problem((table, name, "playbook"), what, error.remedy)
        except UnknownPlaybook as error:
            yield Problem((table, name, "playbook"), str(error), error.remedy)
        except (OSError, UnicodeDecodeError) as error:
            what = f"the playbook {source.playbook!r} cannot be read ({type(error).__name__})"
            right = "a file of UTF-8 text that Rescind may read"
            yield Problem((table, name, "playbook"), what, right)


def _of_routing(settings: Settings) -> Iterator[Problem]:
    if settings.routing.file is None:
        return
    try:
        effect.table(settings.routing.file, settings.playbooks.folder)
    except RoutingError as error:
        for fault in error.faults:
            what = f"{settings.routing.file.name}, {fault}"
            yield Problem(("routing", "file"), what)


def _of_keys(settings: Settings) -> Iterator[Problem]:
    for name, source in settings.sources.items():
        path = getattr(source.origin, "jwks_path", None)
        if path is None:
            continue
        from detectors.keyset import KeySet, UnusableKeys  # noqa: PLC0415 - loads PyJWT

        key = ("sources", name, "origin", "jwks_path")
        try:
            KeySet.read(path.read_bytes())
        except UnusableKeys as error:
            yield Problem(
                key, str(error), "the transmitter's public keys, as its jwks_uri has them"
            )
        except OSError as error:
            what = f"cannot be read ({type(error).__name__})"
            yield Problem(key, what, "a file that Rescind may read")


def _of_parameters(settings: Settings) -> Iterator[Problem]:
    for name, given in settings.playbooks.parameters.items():
        try:
            loaded = model.load(name, settings.playbooks.folder)
        except (PlaybookError, UnknownPlaybook, OSError, UnicodeDecodeError):
            yield Problem(
                ("playbooks", "parameters", name), f"there is no usable playbook {name!r}"
            )
            continue
        for fault in model.parameter_faults(loaded, given):
            key = ("playbooks", "parameters", name, fault.name)
            yield Problem(key, fault.what, fault.right)


def _of_database(settings: Settings) -> Iterator[Problem]:
    key, given = ("database", "url"), settings.database.url.get_secret_value()
    if connections.database(given) is not None:
        return
    try:
        url = make_url(given)
        dialect = url.get_dialect()()
        _, options = dialect.create_connect_args(url)
        if dialect.name == "postgresql":
            make_conninfo(**{name: options[name] for name in options.keys() - _PSYCOPG_OPTIONS})
    except (SQLAlchemyError, psycopg.Error, ValueError, TypeError) as error:
        what = f"cannot be read as a connection URL ({type(error).__name__})"
        yield Problem(key, what, connections.DATABASE_RIGHT)
        return
    if dialect.driver not in ("pysqlite", "psycopg"):
        yield Problem(key, f"needs the driver {dialect.driver}", connections.DATABASE_RIGHT)
    elif (misplaced := _misplaced(url)) is not None:
        yield Problem(key, misplaced, connections.DATABASE_RIGHT)


def _misplaced(url: URL) -> str | None:
    """Say why there can be no SQLite file where the URL has it."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database.startswith("file:"):
        return None
    # os.access, because pathlib raises where a folder above is closed to us
    path = Path(url.database).absolute()
    above = next(folder for folder in path.parents if os.access(folder, os.F_OK))
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        return f"is where no file can be: {above} cannot be written in"
    if not os.access(path, os.F_OK):
        return None
    if path.is_dir():
        return "is a folder"
    return None if os.access(path, os.R_OK | os.W_OK) else "is a file that cannot be written"


def _of_broker(settings: Settings) -> Iterator[Problem]:
    url = settings.broker.url.get_secret_value()
    if connections.broker(url) is not None:
        return
    try:
        Connection(url)
    except Exception as error:  # noqa: BLE001 - kombu's errors have no root
        what = f"cannot be read as a connection URL ({type(error).__name__})"
        yield Problem(("broker", "url"), what, connections.BROKER_RIGHT)


def _of_chat(settings: Settings) -> Iterator[Problem]:
    if not settings.chat.urls:
        return
    from connectors.chat.chat import Chat  # noqa: PLC0415 - loads apprise

    for name, unusable in Chat(settings.chat).unusable.items():
        if unusable.allowed:  # what is not is told already
            yield Problem(("chat", "urls", name), unusable.why, unusable.right)


def _of_tenants(settings: Settings) -> Iterator[Problem]:
    for name, tenant in settings.tenants.items():
        if tenant.okta is not None:
            okta = ("tenants", name, "okta")
            yield from resting_on(okta, _of_okta(okta, tenant.okta))
        if tenant.entra is not None:
            entra = ("tenants", name, "entra")
            yield from resting_on(entra, _of_entra(entra, tenant.entra))
        if tenant.signals is not None:
            signals = ("tenants", name, "signals")
            yield from resting_on(signals, _of_signals(signals, tenant.signals))


def _of_okta(key: Key, okta: Okta) -> Iterator[Problem]:
    if okta.private_key is None or okta.client_id is None:
        return
    from connectors.okta.credentials import credential  # noqa: PLC0415 - loads Okta's SDK

    try:
        credential(okta)
    except ConnectorError as error:
        yield Problem((*key, "private_key"), error.detail, error.remedy)


def _of_entra(key: Key, entra: Entra) -> Iterator[Problem]:
    own = entra.certificate_path or entra.client_secret
    if entra.access_token is not None or (own and entra.client_id is None):
        return
    from connectors.entra.credential import choose  # noqa: PLC0415 - loads Microsoft's SDK

    try:
        choose(entra, loopback=False)
    except ConnectorError as error:
        place = (*key, "certificate_path") if entra.certificate_path else key
        yield Problem(place, error.detail, error.remedy)


def _of_signals(key: Key, signals: Signals) -> Iterator[Problem]:
    from connectors.signals.keys import SigningKey, published  # noqa: PLC0415 - loads PyJWT

    try:
        SigningKey(signals)
    except ConnectorError as error:
        yield Problem((*key, "signing_key"), error.detail, error.remedy)
        return
    try:
        published(signals)
    except ConnectorError as error:
        yield Problem((*key, "previous_key"), error.detail, error.remedy)


def _of_protected(settings: Settings) -> Iterator[Problem]:
    there = {system for tenant in settings.tenants.values() for system in tenant.systems}
    tenants = [("tenants", name) for name in settings.tenants]
    for number, person in enumerate(settings.guardrails.protected):
        key = ("guardrails", "protected", number, "id")
        forms = [system for system, fits in ID_FORMS.items() if fits(person.id)]
        if not forms:
            what = "would protect nobody: people are known by ids, and this is none"
            yield Problem(key, what, _ID_RIGHT)
        elif settings.tenants and not there.intersection(forms):
            what = f"would protect nobody: no tenant has {' or '.join(forms)}"
            right = f"the person's id in {' or '.join(sorted(there))}"
            yield Problem(key, what, right, rests_on=(("tenants",), *tenants))


def _problems(settings: Settings) -> list[Problem]:
    folder, schemas = ("playbooks", "folder"), ("chat", "schemas")
    return [
        *resting_on(folder, _of_sources(settings)),
        *resting_on(folder, _of_parameters(settings)),
        *resting_on(folder, _of_routing(settings)),
        *_of_keys(settings),
        *_of_database(settings),
        *_of_broker(settings),
        *resting_on(schemas, _of_chat(settings)),
        *_of_tenants(settings),
        *_of_protected(settings),
    ]


#: Pass these to ``loaded`` where a command starts or plans something.
CHECKS = (registry.problems, _problems)
