"""Where an Okta event happened: address, network, agent, device, session, app."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request


@dataclass(frozen=True)
class Scene:
    """What a System Log event tells besides who and whom.

    `app` is id and name of the app; `by_app` says that the app, not the person, is the actor, as in
    token grants. `session` is the log's external session id.
    """

    ip: str
    asn: int | None = None
    network: str | None = None
    place: tuple[str, str] | None = None
    agent: str = ""
    device: tuple[str, str] | None = None
    session: str | None = None
    app: tuple[str, str] | None = None
    by_app: bool = False
    result: str = "SUCCESS"
    reason: str | None = None

    def at(self, **changes: Any) -> Scene:
        """The same place with something different."""
        return replace(self, **changes)

    def facts(self) -> dict[str, Any]:
        """The parts of a LogEvent this decides."""
        city, country = self.place or (None, None)
        return {
            "client": {
                "ipAddress": self.ip,
                "userAgent": {"rawUserAgent": self.agent, "os": "Unknown", "browser": "UNKNOWN"},
                "device": "Computer",
                "id": self.app[0] if self.app and self.by_app else None,
                "zone": None,
                "geographicalContext": {"city": city, "country": country, "postalCode": "10115"},
            },
            "device": {"id": self.device[0], "name": self.device[1]} if self.device else None,
            "authenticationContext": {
                "authenticationStep": 0,
                "externalSessionId": self.session or "unknown",
                "rootSessionId": self.session,
            },
            "outcome": {"result": self.result, "reason": self.reason},
            "securityContext": {"asNumber": self.asn, "asOrg": self.network, "isProxy": False},
        }


#: Rescind's own machine, as the org sees it.
OURS = Scene("198.51.100.7", 64496, "Contoso", ("Oslo", "Norway"), "rescind")
#: Where everybody works from.
HOME = Scene(
    "198.51.100.23", 64500, "Example Broadband", ("Oslo", "Norway"),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0",
)  # fmt: skip
#: Where the thief sits.
THIEF = Scene(
    "203.0.113.66", 64666, "Example Hosting", ("Frankfurt", "Germany"), "python-requests/2.32"
)


def scene_of(request: Request) -> Scene:
    """Where a request came from: `X-Forwarded-For` as a trusted proxy would write it, or the peer."""
    forwarded = request.headers.get("x-forwarded-for", "").split(",")[0].strip()
    peer = request.client.host if request.client else "127.0.0.1"
    ip = forwarded or peer
    known = next((scene for scene in (OURS, HOME, THIEF) if scene.ip == ip), Scene(ip))
    return known.at(agent=request.headers.get("user-agent", ""))
