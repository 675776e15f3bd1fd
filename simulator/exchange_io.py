"""What every cmdlet needs: the mailbox it is about, and errors in the admin API's shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.answers import JsonObject
from simulator.entra_state import EntraUser
from simulator.exchange_state import Mailbox
from simulator.tenant import Tenant

NOT_FOUND = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException"


class ExchangeError(Exception):
    """An error to answer with: status, code, the exception's type and its message."""

    def __init__(self, status: int, code: str, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.kind, self.message = status, code, kind, message


def exchange_body(status: int, code: str, kind: str, message: str) -> JsonObject:
    """The admin API's error shape: the exception's type inside, and before a bar in the details."""
    error: JsonObject = {"code": code, "message": ""}
    if kind:
        error["details"] = [
            {"code": "Context", "target": "", "message": f"Ex{status:06X}|{kind}|{message}"}
        ]
        error["innererror"] = {
            "message": message,
            "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
            "internalexception": {"message": message, "type": kind},
        }
    return {"error": error}


def not_found(what: object) -> ExchangeError:
    """The error of a cmdlet that finds no such object."""
    message = f"The operation couldn't be performed because object '{what}' couldn't be found."
    return ExchangeError(404, "NotFound", NOT_FOUND, message)


def owner_of(tenant: Tenant, identity: object) -> EntraUser:
    """The person with a mailbox whom a cmdlet names."""
    user = tenant.entra_user(str(identity))
    if user is None or not user.has_mailbox:
        raise not_found(identity)
    return user


def live(tenant: Tenant, parameters: Mapping[str, Any], name: str = "Identity") -> Mailbox:
    """The mailbox to change."""
    return tenant.exchange.mailbox(owner_of(tenant, parameters.get(name)).id)


def seen(tenant: Tenant, parameters: Mapping[str, Any], name: str = "Identity") -> Mailbox:
    """The mailbox as readers see it."""
    return tenant.seen(live(tenant, parameters, name))
