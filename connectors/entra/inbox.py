"""Inbox rules of a mailbox: read, judged, and what Graph does not show of them.

Source: Microsoft Graph v1.0, messageRule; CISA CM0082. Hidden rules and mailbox forwarding are
not to be seen through Graph, and are told as such.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from connectors import errors
from connectors.action import Exposure, Observation, Outcome, Target, Verdict
from connectors.entra import rules
from connectors.entra.action import EntraAction
from connectors.entra.client import Request
from connectors.exchange import lines

Json = dict[str, Any]

PATH = "/users/{id}/mailFolders/inbox/messageRules"
_BUCKET = "outlook"
_FOLDER_CAP = 10


class RuleParameters(BaseModel):
    """Which rules count as suspicious."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    own_domains: tuple[str, ...] = Field(
        (), description="mail domains to which forwarding is harmless, besides the tenant's own"
    )
    keywords: tuple[str, ...] = Field(
        rules.KEYWORDS, description="words that make a hiding or forwarding rule suspicious"
    )


P = TypeVar("P", bound=RuleParameters)


class RuleAction(EntraAction[P]):
    """An action on the suspicious rules of one inbox."""

    async def _look(self, target: Target) -> Observation:
        """Read all rules and judge them; skipped where there is no mailbox."""
        user = await self._user(target)
        try:
            found = await self._list(target)
        except errors.NotFound:
            reason = "The account has no mailbox in Exchange Online."
            return Observation(user, verdict=Verdict(Outcome.SKIPPED, reason))
        own, names = await self._own_domains(user), await self._folder_names(target, found)
        snapshot = {
            "userPrincipalName": user.get("userPrincipalName"),
            "own_domains": sorted(own),
            "folder_names": names,
            "rules": found,
            "suspicious": self._judged(found, own, names),
        }
        return Observation(snapshot)

    async def _judged_again(self, target: Target, before: Observation) -> list[Json]:
        """Read all rules once more and judge them by what was known at first."""
        own = set(before.snapshot.get("own_domains") or ())
        return self._judged(
            await self._list(target), own, before.snapshot.get("folder_names") or {}
        )

    def _one(self, method: str, target: Target, rule_id: str, body: Json | None = None) -> Request:
        return Request(
            method,
            PATH + "/{rule}",
            lambda graph, ids: _rules(graph, ids["id"]).by_message_rule_id(ids["rule"]),
            params={"id": target.id, "rule": rule_id},
            body=body,
            bucket=_BUCKET,
            needs=self._needs,
        )

    def _new(self, target: Target, body: Json) -> Request:
        return Request(
            "POST",
            PATH,
            lambda graph, ids: _rules(graph, ids["id"]),
            params={"id": target.id},
            body=body,
            bucket=_BUCKET,
            needs=self._needs,
        )

    async def _list(self, target: Target) -> list[Json]:
        return await self._client.items(
            Request(
                "GET",
                PATH,
                lambda graph, ids: _rules(graph, ids["id"]),
                params={"id": target.id},
                bucket=_BUCKET,
                needs="the permission MailboxSettings.Read or MailboxSettings.ReadWrite",
            )
        )

    async def _own_domains(self, user: Json) -> set[str]:
        own = {rules.domain_of(user.get("userPrincipalName")), rules.domain_of(user.get("mail"))}
        own.update(domain.strip().casefold() for domain in self._parameters.own_domains)
        request = Request(
            "GET",
            "/organization",
            lambda graph, _: graph.organization,
            query={"select": "verifiedDomains"},
        )
        try:
            for company in await self._client.items(request):
                own.update(
                    str(domain.get("name")).casefold()
                    for domain in company.get("verifiedDomains") or ()
                )
        except errors.ConnectorError:
            # Known domains make fewer rules suspicious; without them the check is the stricter.
            pass
        return own - {""}

    async def _folder_names(self, target: Target, found: list[Json]) -> dict[str, str]:
        names: dict[str, str] = {}
        wanted = dict.fromkeys(folder for rule in found for folder in rules.folders_of(rule))
        for folder in list(wanted)[:_FOLDER_CAP]:
            request = Request(
                "GET",
                "/users/{id}/mailFolders/{folder}",
                lambda graph, ids: graph.users.by_user_id(ids["id"]).mail_folders.by_mail_folder_id(
                    ids["folder"]
                ),
                params={"id": target.id, "folder": folder},
                query={"select": "displayName"},
                bucket=_BUCKET,
            )
            try:
                names[folder] = str((await self._client.read(request)).body.get("displayName"))
            except errors.Forbidden:
                # Folder names take a permission of their own; without it this sign is not judged.
                break
            except errors.ConnectorError:
                continue
        return names

    def _unseen(self, target: Target, snapshot: Json) -> tuple[Exposure, ...]:
        """What may forward or hide mail and is not to be seen through Graph, unless Exchange is asked."""
        if self._client.mailbox_is_asked:
            return ()
        name = str(snapshot.get("userPrincipalName"))
        return lines.unseen(name, target.id, target.since)

    def _judged(self, found: list[Json], own: set[str], names: dict[str, str]) -> list[Json]:
        judged = []
        for rule in found:
            why = rules.reasons(
                rule, own_domains=own, folder_names=names, keywords=self._parameters.keywords
            )
            if why:
                judged.append(
                    {
                        "id": str(rule.get("id")),
                        "name": str(rule.get("displayName") or ""),
                        "sequence": rule.get("sequence"),
                        "enabled": rule.get("isEnabled") is not False,
                        "read_only": rule.get("isReadOnly") is True,
                        "reasons": list(why),
                    }
                )
        return judged


def _rules(graph: Any, user_id: str) -> Any:  # noqa: ANN401 - the SDK's builders are untyped here
    return graph.users.by_user_id(user_id).mail_folders.by_mail_folder_id("inbox").message_rules
