"""Disable suspicious inbox rules: noted in full first, disabled, never deleted.

Source: Microsoft Graph v1.0, messageRule; CISA CM0082. Hidden rules and mailbox forwarding are
not to be seen through Graph, and are told as such.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from connectors import errors, readback
from connectors.action import (
    ActionSpec,
    Exposure,
    Impact,
    Observation,
    Outcome,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
    Verdict,
)
from connectors.each import each
from connectors.entra import ids, powershell, residue, rules
from connectors.entra.action import EntraAction, answered
from connectors.entra.client import Request

Json = dict[str, Any]

_PATH = "/users/{id}/mailFolders/inbox/messageRules"
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


class DisableInboxRules(EntraAction[RuleParameters]):
    """Stops mail from being forwarded, hidden or deleted behind the owner's back."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.disable_inbox_rules",
        system="entra",
        title="Disable suspicious inbox rules",
        countermeasure="CM0082",
        impact=Impact.MEDIUM,
        reversible=True,
        d3fend=("D3-RC",),
        attack=("T1114.003", "T1564.008"),
        permissions=("MailboxSettings.ReadWrite", "User.Read.All"),
        parameters=RuleParameters,
        disrupts="The disabled rules no longer sort mail until they are enabled again.",
        leaves_open="Rules that forward, hide or delete mail go on doing so.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One PATCH for each suspicious rule."""
        path = _PATH.format(id=ids.object_id(target.id)) + "/{rule}"
        why = "for each suspicious rule found; the rule is kept, and noted in full first"
        return (PlannedCall("PATCH", path, '{"isEnabled": false}', why),)

    async def observe(self, target: Target) -> Observation:
        """Read all rules and judge them."""
        user = await self._user(target)
        try:
            found = await self._list(target)
        except errors.NotFound:
            reason = "The account has no mailbox in Exchange Online."
            return Observation(user, verdict=Verdict(Outcome.SKIPPED, reason))
        own, names = await self._own_domains(user), await self._folder_names(target, found)
        suspicious = self._judged(found, own, names)
        snapshot = {
            "userPrincipalName": user.get("userPrincipalName"),
            "own_domains": sorted(own),
            "folder_names": names,
            "rules": found,
            "suspicious": suspicious,
        }
        enabled = [item for item in suspicious if item["enabled"]]
        verdict = None
        if enabled and all(item["read_only"] for item in enabled):
            verdict = Verdict(
                Outcome.MANUAL,
                "The suspicious rules are read-only: Graph cannot change them.",
                _by_hand(str(user.get("userPrincipalName")), enabled),
            )
        return Observation(snapshot, satisfied=not enabled, verdict=verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Disable the rules that were suspicious at first sight and are enabled still."""
        enabled = {rule.get("id") for rule in await self._list(target) if rule.get("isEnabled")}
        items = [item for item in _ours(before) if item["id"] in enabled]
        return Receipt({"rules": await self._set_all(target, items, enabled=False)})

    async def verify(
        self,
        target: Target,
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See no suspicious rule enabled, those added meanwhile included."""
        own = set(before.snapshot.get("own_domains") or ())
        names = before.snapshot.get("folder_names") or {}

        async def look() -> readback.Reading:
            judged = self._judged(await self._list(target), own, names)
            on = [item for item in judged if item["enabled"]]
            left = [item for item in on if not item["read_only"]]
            seen = "; ".join(f"{item['name']!r} {', '.join(item['reasons'])}" for item in on)
            return readback.Reading(not left, f"suspicious and enabled: {seen or 'none'}", found=on)

        reading = await readback.until(look, patience, self._sleep)
        name = str(before.snapshot.get("userPrincipalName"))
        proof = readback.proof(
            reading,
            check=f"GET {_PATH}",
            expected="no suspicious rule is enabled",
            exposure=_unseen(name),
        )
        left = reading.found
        if not left:
            return proof
        return readback.then_by_hand(
            proof, "Read-only rules have to be disabled by hand:\n" + _by_hand(name, left)
        )

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """One PATCH for each rule that was disabled."""
        path = _PATH.format(id=ids.object_id(target.id)) + "/{rule}"
        why = "for each rule that was disabled"
        return (PlannedCall("PATCH", path, '{"isEnabled": true}', why),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Enable the rules that were enabled before and still exist."""
        off = {rule.get("id") for rule in await self._list(target) if not rule.get("isEnabled")}
        items = [item for item in _ours(before) if item["id"] in off]
        return Receipt({"rules": await self._set_all(target, items, enabled=True)})

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """See the rules enabled that were enabled before, as far as they still exist."""
        wanted = {item["id"] for item in _ours(before)}

        async def look() -> readback.Reading:
            rules_now = await self._list(target)
            off = [
                r.get("id") for r in rules_now if r.get("id") in wanted and not r.get("isEnabled")
            ]
            return readback.Reading(not off, f"{len(off)} of {len(wanted)} rules are disabled")

        reading = await readback.until(look, patience, self._sleep)
        return readback.proof(reading, check=f"GET {_PATH}", expected="all are enabled again")

    async def _list(self, target: Target) -> list[Json]:
        return await self._client.items(
            Request(
                "GET",
                _PATH,
                lambda graph, ids: _rules(graph, ids["id"]),
                params={"id": target.id},
                bucket=_BUCKET,
                needs="the permission MailboxSettings.Read or MailboxSettings.ReadWrite",
            )
        )

    async def _set_all(self, target: Target, items: list[Json], *, enabled: bool) -> list[Json]:
        async def change(item: Json) -> Json:
            answer = await self._change(
                Request(
                    "PATCH",
                    _PATH + "/{rule}",
                    lambda graph, ids: _rules(graph, ids["id"]).by_message_rule_id(ids["rule"]),
                    params={"id": target.id, "rule": item["id"]},
                    body={"isEnabled": enabled},
                    bucket=_BUCKET,
                    needs=self._needs,
                )
            )
            return answered(answer)

        wanted = [
            {"id": item["id"], "reasons": item["reasons"], "enabled": enabled} for item in items
        ]
        return await each(wanted, change)

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


def _ours(before: Observation) -> list[Json]:
    """The rules this action is about: suspicious, enabled at first sight, and changeable."""
    suspicious: list[Json] = before.snapshot.get("suspicious") or []
    return [item for item in suspicious if item["enabled"] and not item["read_only"]]


def _by_hand(user_principal_name: str, items: list[Json]) -> str:
    mailbox = powershell.quoted(user_principal_name)
    lines = []
    for item in items:
        name = item["name"]
        if powershell.printable(name):
            lines.append(
                f"Disable-InboxRule -Mailbox {mailbox} -Identity {powershell.quoted(name)}"
            )
        else:
            lines.append(
                f"Get-InboxRule -Mailbox {mailbox} | Where-Object Priority -eq "
                f"{int(item['sequence'] or 0)} | Disable-InboxRule"
            )
    return "\n".join(lines)


def _unseen(user_principal_name: str) -> tuple[Exposure, ...]:
    mailbox = powershell.quoted(user_principal_name)
    return (
        Exposure(
            "entra",
            "hidden inbox rules",
            residue.UNKNOWN,
            f"Graph does not show them: Get-InboxRule -Mailbox {mailbox} -IncludeHidden",
        ),
        Exposure(
            "entra",
            "forwarding set on the mailbox itself",
            residue.UNKNOWN,
            f"Graph does not show it: Get-Mailbox {mailbox} | "
            "Format-List ForwardingAddress,ForwardingSmtpAddress",
        ),
    )
