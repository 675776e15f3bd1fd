"""What must fit together in the settings beyond each value by itself."""

from __future__ import annotations

import ipaddress
import os
from collections import defaultdict
from collections.abc import Iterator

from config import addresses, connections, signals_checks
from config.explain import closest
from config.origins import SecurityEvents
from config.polling import FACTS
from config.problems import Key, Problem, resting_on
from config.settings import OWN_SOURCE, Settings
from config.tenants import Auth0, Entra, Exchange, Okta

#: Microsoft Learn, "National cloud deployments": the host of Microsoft Graph in each cloud.
_GRAPH_HOSTS = {
    "global": "graph.microsoft.com",
    "us_gov": "graph.microsoft.us",
    "us_dod": "dod-graph.microsoft.us",
    "china": "microsoftgraph.chinacloudapi.cn",
}


def problems(settings: Settings) -> list[Problem]:
    """Return everything that does not fit together."""
    return [
        *_connections(settings),
        *_web(settings),
        *_sources(settings),
        *_pollers(settings),
        *_tenants(settings),
        *_chat(settings),
        *_playbooks(settings),
    ]


def _connections(settings: Settings) -> Iterator[Problem]:
    found = (
        connections.database(settings.database.url.get_secret_value()),
        connections.broker(settings.broker.url.get_secret_value()),
    )
    yield from (problem for problem in found if problem is not None)


def _web(settings: Settings) -> Iterator[Problem]:
    key, web = ("web", "public_url"), settings.web
    if web.public_url is not None:
        yield from addresses.nameless(key, web.public_url)
        yield from addresses.encrypted(key, web.public_url)
    elif _everywhere(web.host):
        yield Problem(
            key,
            f"is missing: with web.host {web.host} messages would link to {web.console_url}",
            "the address people's browsers reach the console at, as https://rescind.example.com; "
            "or one address of this machine in web.host",
        )


def _sources(settings: Settings) -> Iterator[Problem]:
    for name, source in settings.sources.items():
        if name == OWN_SOURCE:
            what = "is the name under which Rescind keeps what it has found by itself"
            yield Problem(("sources", name), what, "another name")
        if isinstance(source.origin, SecurityEvents):
            yield from _keys(("sources", name, "origin"), source.origin)
        if source.tenant is None or source.tenant in settings.tenants:
            continue
        known = ", ".join(settings.tenants) or "none yet: add [tenants.NAME]"
        close = closest(source.tenant, settings.tenants)
        right = f"did you mean {close}?" if close else f"a name under tenants ({known})"
        what = "there is no such tenant"
        yield Problem(("sources", name, "tenant"), what, right, rests_on=(("tenants",),))


def _pollers(settings: Settings) -> Iterator[Problem]:
    asked: dict[tuple[str, str], str] = {}
    for name, poller in settings.pollers.items():
        key, facts = ("pollers", name), FACTS[poller.log]
        if name == OWN_SOURCE or name in settings.sources:
            taken = "Rescind itself" if name == OWN_SOURCE else f"sources.{name}"
            yield Problem(key, f"{taken} has this name", "another name", rests_on=(("sources",),))
        first = asked.setdefault((poller.tenant, poller.log), name)
        if first != name:
            what = f"pollers.{first} reads this tenant's log already"
            yield Problem(key, what, "one poller for each log of a tenant")
        if poller.every_s < facts.least_s:
            what = f"is too often for {poller.log}: containments need the vendor's limit, too"
            yield Problem((*key, "every_s"), what, f"at least {facts.least_s}")
        tenant = settings.tenants.get(poller.tenant)
        if tenant is None:
            known = ", ".join(settings.tenants) or "none yet: add [tenants.NAME]"
            close = closest(poller.tenant, settings.tenants)
            right = f"did you mean {close}?" if close else f"a name under tenants ({known})"
            what = "there is no such tenant"
            yield Problem((*key, "tenant"), what, right, rests_on=(("tenants",),))
        elif facts.system not in tenant.systems:
            what = f"the log {poller.log} is of {facts.system}, and the tenant has none"
            right = f"[tenants.{poller.tenant}.{facts.system}], or another log"
            yield Problem((*key, "log"), what, right, rests_on=(("tenants",),))


def _keys(key: Key, origin: SecurityEvents) -> Iterator[Problem]:
    url = origin.jwks_url
    if (url is None) == (origin.jwks_path is None):
        what = "is given, and a file too" if url else "is missing, and there is no file either"
        yield Problem((*key, "jwks_url"), what, "one of jwks_url and jwks_path")
    if url is not None:
        yield from addresses.nameless((*key, "jwks_url"), url)
        yield from addresses.encrypted((*key, "jwks_url"), url)
    if origin.previous_secret is not None and origin.secret is None:
        yield Problem((*key, "previous_secret"), "there is no secret", "both or neither")


def _tenants(settings: Settings) -> Iterator[Problem]:
    owners: dict[str, list[str]] = defaultdict(list)
    for name, tenant in settings.tenants.items():
        key = ("tenants", name)
        if not tenant.systems:
            tables = (f"[tenants.{name}.{system}]" for system in ("entra", "okta", "auth0"))
            yield Problem(key, "has no system", " or ".join(tables))
        if tenant.entra is not None:
            entra = (*key, "entra")
            yield from resting_on(entra, _entra(entra, tenant.entra))
        if tenant.okta is not None:
            okta = (*key, "okta")
            yield from resting_on(okta, _okta(okta, tenant.okta))
        if tenant.auth0 is not None:
            auth0 = (*key, "auth0")
            yield from resting_on(auth0, _auth0(auth0, tenant.auth0))
        if tenant.signals is not None:
            signals = (*key, "signals")
            yield from resting_on(signals, signals_checks.problems(signals, tenant.signals))
        if tenant.exchange is not None:
            exchange = (*key, "exchange")
            yield from resting_on(exchange, _exchange(exchange, tenant.exchange, tenant.entra))
        for domain in dict.fromkeys(domain.lower() for domain in tenant.domains):
            owners[domain].append(name)
    yield from signals_checks.shared_ids({name: t.signals for name, t in settings.tenants.items()})
    for names in owners.values():
        for name in names[1:]:
            what = f"shares a domain with tenant {names[0]}: whose people would they be?"
            yield Problem(("tenants", name, "domains"), what, "each domain in one tenant")


def _entra(key: Key, entra: Entra) -> Iterator[Problem]:
    own = [
        name
        for name in ("client_secret", "certificate_path", "access_token")
        if getattr(entra, name) is not None
    ]
    if len(own) > 1:
        what = f"{' and '.join(own)} are both given"
        yield Problem((*key, own[1]), what, "one credential; a certificate is the better one")
    if entra.client_id is None and own and own != ["access_token"]:
        yield Problem(
            (*key, "client_id"), f"is missing beside {own[0]}", "the application (client) id"
        )
    if entra.certificate_password is not None and entra.certificate_path is None:
        yield Problem(
            (*key, "certificate_password"), "there is no certificate_path", "both or neither"
        )
    yield from addresses.nameless((*key, "base_url"), entra.base_url)
    if addresses.loopback(entra.base_url):
        return
    yield from addresses.encrypted((*key, "base_url"), entra.base_url)
    if entra.access_token is not None:
        yield Problem(
            (*key, "access_token"),
            "a ready-made token is for a simulator on this machine only",
            "client_id and certificate_path (or client_secret), or a base_url on 127.0.0.1",
        )
    host = _GRAPH_HOSTS[entra.cloud]
    if entra.base_url.host != host:
        yield Problem(
            (*key, "base_url"),
            f"is not where Microsoft Graph lives for cloud {entra.cloud}",
            f"https://{host}/v1.0, or another cloud",
        )


def _okta(key: Key, okta: Okta) -> Iterator[Problem]:
    yield from addresses.nameless((*key, "org_url"), okta.org_url)
    yield from addresses.encrypted((*key, "org_url"), okta.org_url)
    host = okta.org_url.host or ""
    if host.partition(".")[0].endswith("-admin") and not addresses.loopback(okta.org_url):
        right = f"https://{host.replace('-admin', '', 1)}"
        yield Problem((*key, "org_url"), "this is the address of the admin console", right)
    if okta.api_token is not None and okta.private_key is not None:
        what = "api_token and private_key are both given"
        yield Problem(
            (*key, "api_token"), what, "one credential; the service app is the better one"
        )
    if okta.api_token is None and okta.private_key is None:
        right = "api_token, or client_id and private_key of a service app"
        yield Problem(key, "has no credential", right)
    if okta.private_key is not None and okta.client_id is None:
        yield Problem((*key, "client_id"), "is missing beside private_key", "the service app's id")
    if okta.private_key is None and okta.client_id is not None and okta.api_token is None:
        yield Problem((*key, "private_key"), "is missing beside client_id", "PEM or JWK")
    if okta.key_id is not None and okta.private_key is None:
        yield Problem((*key, "key_id"), "there is no private_key", "both or neither")
    if okta.private_key is not None and not okta.scopes:
        yield Problem((*key, "scopes"), "is empty", "at least okta.users.manage")


def _auth0(key: Key, auth0: Auth0) -> Iterator[Problem]:
    loopback = auth0.base_url is not None and addresses.loopback(auth0.base_url)
    if auth0.base_url is not None:
        yield from addresses.nameless((*key, "base_url"), auth0.base_url)
    if auth0.base_url is not None and not loopback:
        what = "an address of its own is for a simulator on this machine only"
        yield Problem((*key, "base_url"), what, f"leave it out: https://{auth0.domain} is used")
    if auth0.access_token is not None and auth0.client_secret is not None:
        what = "client_secret and access_token are both given"
        yield Problem((*key, "access_token"), what, "client_id and client_secret only")
    elif auth0.access_token is not None and not loopback:
        yield Problem(
            (*key, "access_token"),
            "a ready-made token is for a simulator on this machine only",
            "client_id and client_secret, or a base_url on 127.0.0.1",
        )
    right = "client_id and client_secret of a machine-to-machine application"
    if auth0.client_secret is not None and auth0.client_id is None:
        yield Problem((*key, "client_id"), "is missing beside client_secret", right)
    if auth0.client_secret is None and auth0.access_token is None:
        where, what = (key, "has no credential")
        if auth0.client_id is not None:
            where, what = (*key, "client_secret"), "is missing beside client_id"
        yield Problem(where, what, right)


def _exchange(key: Key, exchange: Exchange, entra: Entra | None) -> Iterator[Problem]:
    around = key[:-1]
    if entra is None:
        right = f"[{'.'.join(map(str, around))}.entra], as whose application Rescind signs in"
        yield Problem(
            key, "there is no entra section beside it", right, rests_on=((*around, "entra"),)
        )
        return
    url = exchange.base_url
    if url is not None:
        yield from addresses.nameless((*key, "base_url"), url)
        if not addresses.loopback(url):
            what = "an address of its own is for a simulator on this machine only"
            yield Problem((*key, "base_url"), what, "leave it out: the cloud's own is used")
    elif entra.access_token is not None and exchange.enabled:
        what = "is missing beside entra.access_token, which is for a simulator only"
        yield Problem((*key, "base_url"), what, "the simulator's address on this machine")


def _chat(settings: Settings) -> Iterator[Problem]:
    for name, url in settings.chat.urls.items():
        schema, mark, _ = url.get_secret_value().partition("://")
        key = ("chat", "urls", name)
        if not mark:
            yield Problem(key, "is no apprise URL", "schema://..., for example slack://...")
        elif schema.lower() not in settings.chat.schemas:
            # The schema is not quoted: where it is none, it may be the beginning of a secret.
            right = f"one of {', '.join(settings.chat.schemas)}, or add it to chat.schemas"
            what, schemas = "its schema is not among chat.schemas", ("chat", "schemas")
            yield Problem(key, what, right, rests_on=(schemas,))


def _playbooks(settings: Settings) -> Iterator[Problem]:
    folder = settings.playbooks.folder
    if folder is not None and not os.access(folder, os.R_OK | os.X_OK):
        what = "there is no such folder, or it cannot be read"
        yield Problem(("playbooks", "folder"), what, "a folder with your *.yaml in it")
    elif folder is not None and not folder.is_dir():
        yield Problem(("playbooks", "folder"), "is no folder", "a folder with your *.yaml in it")


def _everywhere(host: str) -> bool:
    """Tell whether a server on ``host`` listens on all addresses; a browser can go to none of these."""
    if host in ("0", "*"):
        return True
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
