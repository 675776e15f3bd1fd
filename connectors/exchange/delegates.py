"""Take the access of named others to a mailbox away; who they are is a person's word.

No access has a date, and most was given for work: what a thief added cannot be told from the rest.
So without a name nothing is taken away, and a person is shown everything with the line for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from connectors import errors, readback
from connectors.action import (
    ActionSpec,
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
from connectors.entra import ids, powershell
from connectors.exchange import access, lines
from connectors.exchange.access import Access
from connectors.exchange.base import (
    PERMISSION,
    ROLE,
    ExchangeAction,
    Mailbox,
    box_of,
    no_mailbox,
    planned,
    texts,
)

Json = dict[str, Any]

_NAMES = ("PrimarySmtpAddress", "WindowsLiveID", "ExternalDirectoryObjectId")
_FOLDERS = ("Calendar", "Inbox")
_CHECK = "Get-MailboxPermission, Get-RecipientPermission, Get-Mailbox, Get-MailboxFolderPermission"
_LOOK = (
    "Others have access to this mailbox. When it was given is not told: a person has to look whose "
    "is the thief's, and take it away, or name them (trustees)."
)


class DelegateParameters(BaseModel):
    """Whose access is taken away."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trustees: tuple[str, ...] = Field(
        (), description="sign-in names or mail addresses; none: nobody's, and a person is shown all"
    )


class RemoveDelegates(ExchangeAction[DelegateParameters]):
    """``exchange.remove_delegates``."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="exchange.remove_delegates",
        system="exchange",
        title="Take named others' access to the mailbox away",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=True,
        d3fend=("D3-UAP",),
        attack=("T1098.002",),
        permissions=(PERMISSION,),
        roles=(ROLE,),
        parameters=DelegateParameters,
        disrupts="Those named no longer read the mailbox, its calendar or send in its name.",
        leaves_open=lines.DELEGATES_OPEN,
    )

    def by_hand(self, target: Target) -> str:
        """Show all, and take each away on a yes."""
        return lines.delegates(box_of(target))

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One cmdlet for each right of those named; none without names."""
        return tuple(
            planned(*access.removal(each_kind, ids.object_id(target.id)), "where it is given")
            for each_kind in _kinds(self._parameters.trustees)
        )

    async def observe(self, target: Target) -> Observation:
        """List everybody's access; choose what those named have."""
        try:
            mailbox = await self._mailbox(target)
            found = await self._listed(target, mailbox)
        except errors.NotFound:
            return no_mailbox()
        named = frozenset(name.casefold() for name in self._parameters.trustees)
        chosen = [item for item in found if item.is_of(named)]
        others = [item for item in found if item not in chosen]
        snapshot: Json = {
            "mailbox": mailbox.name,
            "remove": [item.to_json() for item in chosen],
            "others": [item.to_json() for item in others],
        }
        verdict = None
        if others and not chosen and not named:
            verdict = Verdict(Outcome.MANUAL, _LOOK, _by_hand(target, others))
        return Observation(snapshot, satisfied=not chosen, verdict=verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Take away what was chosen and is given still."""
        now = await self._listed(target, await self._mailbox(target))
        going = [item for item in _chosen(before) if item in now]
        return Receipt({"access": await self._do(target, going, access.removal)})

    async def verify(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See that those named have none any more."""
        named = frozenset(name.casefold() for name in self._parameters.trustees)

        async def look() -> readback.Reading:
            now = await self._listed(target, await self._mailbox(target))
            left = [_told(item) for item in now if item.is_of(named)]
            return readback.Reading(not left, f"left: {', '.join(left) or 'none'}")

        reading = await readback.until(look, patience, self._sleep)
        expected = f"no access of {len(named)} named"
        return readback.proof(reading, check=_CHECK, expected=expected)

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """One cmdlet for each right that was taken away."""
        return tuple(
            planned(*access.giving(each_kind, ids.object_id(target.id)), "where it was taken away")
            for each_kind in _kinds(self._parameters.trustees)
        )

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Give back what was taken away."""
        now = await self._listed(target, await self._mailbox(target))
        back = [item for item in _chosen(before) if item not in now]
        return Receipt({"access": await self._do(target, back, access.giving)})

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """See all of it given again."""

        async def look() -> readback.Reading:
            now = await self._listed(target, await self._mailbox(target))
            missing = [_told(item) for item in _chosen(before) if item not in now]
            return readback.Reading(not missing, f"missing: {', '.join(missing) or 'none'}")

        reading = await readback.until(look, patience, self._sleep)
        return readback.proof(reading, check=_CHECK, expected="as before")

    async def _listed(self, target: Target, mailbox: Mailbox) -> list[Access]:
        box = ids.object_id(target.id)
        found = [
            *map(access.full_access, await self._read("Get-MailboxPermission", Identity=box)),
            *map(access.send_as, await self._read("Get-RecipientPermission", Identity=box)),
        ]
        found += [
            Access("send_on_behalf", who)
            for who in texts(mailbox.properties.get("GrantSendOnBehalfTo"))
        ]
        for place in await self._folders(box):
            permissions = await self._read("Get-MailboxFolderPermission", Identity=place)
            found += [access.on_folder(item, place) for item in permissions]
        listed = [item for item in found if item is not None]
        return await self._known(listed) if self._parameters.trustees else listed

    async def _known(self, listed: list[Access]) -> list[Access]:
        """Add by what other names the directory knows each holder, where it knows one."""
        names: dict[str, frozenset[str]] = {}
        for who in dict.fromkeys(item.who for item in listed if not item.everybody):
            try:
                recipients = await self._read("Get-Recipient", Identity=who)
            except errors.NotFound:
                recipients = ()
            one = recipients[0] if len(recipients) == 1 else {}
            names[who] = frozenset(str(one[name]) for name in _NAMES if one.get(name))
        return [replace(item, also=names.get(item.who, frozenset())) for item in listed]

    async def _folders(self, box: str) -> list[str]:
        # By id: their names are in the owner's language.
        places = []
        for kind in _FOLDERS:
            listed = await self._read("Get-MailboxFolderStatistics", Identity=box, FolderScope=kind)
            places += [
                f"{box}:{folder['FolderId']}"
                for folder in listed
                if folder.get("FolderType") == kind and folder.get("FolderId")
            ]
        return places

    async def _do(self, target: Target, going: Iterable[Access], how: Any) -> list[Json]:  # noqa: ANN401 - one of two functions
        async def change(item: Json) -> Json:
            one = access.from_json(item)
            cmdlet, parameters = how(one, ids.object_id(target.id))
            return await self._change(target, cmdlet, parameters, trustee=one.who, kind=one.kind)

        return await each([item.to_json() for item in going], change)


def _kinds(trustees: Iterable[str]) -> list[Access]:
    kinds = (
        ("full_access", ("FullAccess",), ""),
        ("send_as", ("SendAs",), ""),
        ("send_on_behalf", (), ""),
        ("folder", (), "{folder}"),
    )
    return [Access(kind, who, rights, place) for who in trustees for kind, rights, place in kinds]


def _chosen(before: Observation) -> list[Access]:
    return [access.from_json(item) for item in before.snapshot["remove"]]


def _told(item: Access) -> str:
    return f"{item.kind} of {item.who!r}"


def _by_hand(target: Target, others: Iterable[Access]) -> str:
    return "\n".join(
        _line(*access.removal(item, ids.object_id(target.id)))
        if not item.everybody
        else _line(
            "Set-MailboxFolderPermission",
            {"Identity": item.place, "User": item.who, "AccessRights": "None"},
        )
        for item in others
    )


def _line(cmdlet: str, parameters: Mapping[str, Any]) -> str:
    told = [f"-{name} {_value(value)}" for name, value in parameters.items() if value is not False]
    asks = " -Confirm" if cmdlet.startswith("Remove-") else ""
    return f"{cmdlet} {' '.join(told)}{asks}"


def _value(value: object) -> str:
    if isinstance(value, dict):
        return f"@{{Remove={powershell.quoted(str(value['Remove']))}}}"
    return ",".join(map(powershell.quoted, texts(value)))
