"""A chat room for the demonstration: receives what Rescind sends, as any webhook channel would."""

from __future__ import annotations

import json
import queue
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    title: str
    body: str


class ChatRoom:
    """Listens on a loopback port; ``messages`` fills as they arrive."""

    def __init__(self) -> None:
        """Start listening."""
        self.messages: queue.Queue[Message] = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.messages))
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="chat-room", daemon=True
        )
        self._thread.start()

    @property
    def apprise_url(self) -> str:
        """Where Rescind is told to send."""
        return f"json://127.0.0.1:{self._server.server_address[1]}/room"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def _handler(messages: queue.Queue[Message]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            content = json.loads(self.rfile.read(length))
            self.send_response(204)
            self.end_headers()
            messages.put(Message(content.get("title", ""), content.get("message", "")))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing: the demonstration shows the messages itself."""

    return Handler
