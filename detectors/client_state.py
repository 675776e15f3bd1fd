"""Proof that Microsoft Graph's change notifications come from our subscription: each carries its secret.

Source: Microsoft Learn, "Receive change notifications through webhooks". ``clientState`` is a shared
secret inside the content, so it is taken out before the content is kept: whoever may read an alert
could otherwise make one.
"""

from __future__ import annotations

import json

from pydantic import JsonValue

from config.origins import ClientState
from detectors.alert import NotUnderstood
from detectors.genuine import NotGenuine, Proven
from detectors.payload import decode
from detectors.secret import any_equal

_NAME = "clientState"


def prove(origin: ClientState, body: bytes) -> Proven:
    """Check each notification of a delivery by itself.

    Graph puts notifications of several subscriptions into one delivery; one of a subscription that
    was forgotten must not take the others with it, as Graph would send the same again. So what proves
    itself is taken, and the rest is left out and told.

    Returns:
        The proof; ``content`` holds the genuine notifications without their secret.

    Raises:
        NotGenuine: the body is no list of notifications, or none of them proves itself.
    """
    try:
        value = decode(body)
    except NotUnderstood:
        # which key stands twice, say, would be a stranger's word in our log
        raise NotGenuine("no change notifications: the body is not sound JSON") from None
    listed = value.get("value") if isinstance(value, dict) else None
    if not isinstance(listed, list) or not listed:
        raise NotGenuine("no change notifications: the body has no list named value")
    genuine: list[JsonValue] = []
    all_new = True
    for one in listed:
        sent = one.get(_NAME) if isinstance(one, dict) else None
        given = [sent.encode("utf-8", "surrogatepass")] if isinstance(sent, str) else []
        current, previous = (
            any_equal(given, origin.secret),
            any_equal(given, origin.previous_secret),
        )
        if isinstance(one, dict) and (current or previous):
            genuine.append({key: item for key, item in one.items() if key != _NAME})
            all_new = all_new and current
    wrong = len(listed) - len(genuine)
    told = f"{wrong} of {len(listed)} notifications do not carry the source's {_NAME}"
    if not genuine:
        raise NotGenuine(told)
    return Proven(
        by_previous_secret=not all_new,
        content=json.dumps({"value": genuine}, separators=(",", ":")).encode(),
        left_out=told if wrong else "",
    )
