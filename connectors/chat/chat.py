"""Telling people. A message carries no authority: what is decided, the console decides."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apprise import Apprise, AppriseResultStatus, NotifyFormat

from config.settings import Chat as ChatSettings
from connectors import errors
from connectors.chat.delivery import ChannelDelivery, ChannelStatus, Delivery, sum_up
from connectors.chat.transport import asset, channel, forms, schema_of

_STATUSES: dict[AppriseResultStatus, ChannelStatus] = {
    AppriseResultStatus.SUCCESS: "sent",
    AppriseResultStatus.TIMEOUT: "unknown",
}
# apprise gives some tags a meaning of their own ("all", "always"); with a prefix no name is one.
_TAG = "channel-"
#: What Slack, Mattermost, Discord, Teams and Matrix take for a call of everybody, or of somebody by
#: id; an invisible word joiner (U+2060) behind it makes it mere text.
_MENTION = re.compile(r"<(?=[!@#])|@(?=(?:all|channel|everyone|here|room|team)\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a channel cannot be used, and what its address would have to look like.

    ``allowed`` tells whether its schema is among those that may be used at all.
    """

    why: str
    right: str
    allowed: bool


def _calling_nobody(text: str) -> str:
    return _MENTION.sub("\\g<0>\u2060", text)


class Chat:
    """The channels people are told through. Safe to share between threads and across a fork."""

    def __init__(self, settings: ChatSettings, about_url: str = "") -> None:
        """Build the channels; nothing is sent, and a bad address is only told by ``check``.

        Loads apprise's plugins where there is any channel, which takes a few seconds.

        Args:
            settings: names, addresses, allowed schemas, and how long one channel may take.
            about_url: where a message may say it comes from.
        """
        self._timeout_s = settings.timeout_s
        self._names = tuple(settings.urls)
        self._unusable: dict[str, Unusable] = {}
        self._apprise = Apprise(asset=asset(settings.timeout_s, about_url))
        for name, secret in settings.urls.items():
            url = secret.get_secret_value()
            plugin = channel(url, settings.schemas, self._apprise.asset, _TAG + name)
            if plugin is None:
                self._unusable[name] = _unusable(schema_of(url), settings.schemas)
            else:
                self._apprise.add(plugin)

    @property
    def unusable(self) -> Mapping[str, Unusable]:
        """The channels that cannot be used, by name."""
        return self._unusable

    def check(self) -> None:
        """Check all addresses, without sending.

        Raises:
            errors.Refused: naming each channel that cannot be used and its schema, never its
                address.
        """
        if self._unusable:
            raise errors.Refused(
                "; ".join(f"chat.urls.{name}: {one.why}" for name, one in self._unusable.items()),
                remedy="Correct the channel's address, or allow its schema in chat.schemas.",
            )

    def tell(self, title: str, body: str, *, channel: str | None = None) -> Delivery:
        """Send a message and wait until every channel answered or ran out of time.

        Both texts are plain text: markup and links in them arrive as they are written. A mention of
        everybody in them calls nobody: names and titles in a message come from alerts.

        Args:
            title: one line.
            body: the message.
            channel: the name of one channel; None for all.

        Returns:
            What became of it. Never raises for a channel that fails.
        """
        if not self._names:
            return Delivery("nobody", reason="no channel is set up (chat.urls)")
        if channel is not None and channel not in self._names:
            return Delivery("nobody", reason=f"there is no channel {channel}")
        names = self._names if channel is None else (channel,)
        began = time.monotonic()
        usable = [name for name in names if name not in self._unusable]
        told = self._send(_calling_nobody(title), _calling_nobody(body), usable)
        return sum_up(
            [told.get(name, ChannelDelivery(name, "failed")) for name in names],
            time.monotonic() - began,
        )

    def _send(self, title: str, body: str, names: Iterable[str]) -> dict[str, ChannelDelivery]:
        tags = [_TAG + name for name in names]
        if not tags:
            return {}
        result = self._apprise.notify(
            body=body,
            title=title,
            body_format=NotifyFormat.TEXT,
            tag=tags,
            match_always=False,
            timeout=self._timeout_s,
        )
        return {told.channel: told for told in map(_delivery, result)}


def _delivery(result: Any) -> ChannelDelivery:  # noqa: ANN401 - apprise is not typed
    (tag,) = result.tag
    return ChannelDelivery(
        str(tag).removeprefix(_TAG), _STATUSES.get(result.status, "failed"), result.url_id
    )


def _unusable(schema: str, schemas: tuple[str, ...]) -> Unusable:
    if schema not in schemas:
        right = "another schema, or this one in chat.schemas"
        return Unusable(f"the schema {schema}:// is not allowed", right, allowed=False)
    known = forms(schema)
    if not known:
        right = "another schema; https://appriseit.com lists them"
        return Unusable(f"apprise has no {schema}:// here", right, allowed=True)
    why = f"apprise does not understand this {schema}:// address"
    return Unusable(why, " or ".join(known), allowed=True)
