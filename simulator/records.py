"""The things a tenant holds besides its users: people, applications, groups, lifetime policies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simulator.app_keys import AppKeys
from simulator.auth0_state import Auth0User
from simulator.entra_state import EntraUser
from simulator.okta_state import OktaUser


@dataclass
class Person:
    """One human being and the account in each system; either may be missing."""

    key: str
    upn: str
    entra: EntraUser | None = None
    okta: OktaUser | None = None
    auth0: Auth0User | None = None


@dataclass
class Application:
    """An application registration together with its service principal.

    The token lifetime policies are assigned to either object, at most one to each. An app of
    another organization has its service principal here only.
    """

    id: str
    app_id: str
    service_principal_id: str
    display_name: str
    okta_client_id: str
    application_policies: list[str] = field(default_factory=list)
    service_principal_policies: list[str] = field(default_factory=list)
    created: float | None = None
    registered_here: bool = True
    owner_organization_id: str | None = None
    single_page: bool = False
    account_enabled: bool = True
    owners: list[str] = field(default_factory=list)
    keys: AppKeys = field(default_factory=AppKeys)
    principal_keys: AppKeys = field(default_factory=AppKeys)


@dataclass
class Group:
    """A group of the directory; `members` are object ids."""

    id: str
    name: str
    types: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    role_assignable: bool = False
    # Whether its members are Global Administrators by it; only a role-assignable group can do that.
    administrators: bool = False
    synced: bool = False


@dataclass
class LifetimePolicy:
    """A tokenLifetimePolicy; the definition is kept as the string Graph takes and gives."""

    id: str
    display_name: str
    definition: list[str]
    access_token_s: float | None
    organization_default: bool = False

    def to_json(self) -> dict[str, Any]:
        """The tokenLifetimePolicy resource."""
        return {
            "id": self.id,
            "deletedDateTime": None,
            "definition": self.definition,
            "displayName": self.display_name,
            "isOrganizationDefault": self.organization_default,
        }


@dataclass
class Findings:
    """What Microsoft has found by itself: risk detections, and Defender's alerts."""

    risks: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
