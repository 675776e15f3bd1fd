"""Delivering messages to people, and keeping whether anybody was told."""

from __future__ import annotations

import logging
from dataclasses import asdict

from connectors.chat.chat import Chat
from ledger import notices
from tasks.service import Service

_log = logging.getLogger(__name__)

#: How long one delivery may take before another process tries, in seconds beyond the chat timeout.
_GRACE_S = 15.0


class Teller:
    """Delivers messages for one process."""

    def __init__(self, service: Service) -> None:
        """Send through the channels the settings name.

        Raises:
            connectors.errors.Refused: a channel's address is not usable; it is named, not shown.
        """
        self._service = service
        self._chat = Chat(service.settings.chat, service.settings.web.console_url)
        self._chat.check()

    def tell(self, notice_id: str) -> None:
        """Deliver one message and record how it went; what failed is tried again later."""
        service, chat = self._service, self._service.settings.chat
        lease_s = chat.timeout_s + _GRACE_S
        with service.database.write() as connection:
            notice = notices.claim(connection, notice_id, lease_s)
        if notice is None:
            return
        delivery = self._chat.tell(notice.title, notice.body)
        again = delivery.status == "failed" and notice.attempts < chat.attempts
        if delivery.status != "sent":
            _log.warning("message %s (%s): %s", notice.kind, notice.id, delivery.status)
        with service.database.write() as connection:
            notices.settle(
                connection,
                service.audit,
                notice,
                state=delivery.status,
                result=asdict(delivery),
                retry_after_s=min(60.0, 2.0**notice.attempts) if again else None,
            )
