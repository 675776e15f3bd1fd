"""Opening the port, before anything starts that would have to be stopped again."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterable

import typer


def listening(host: str, port: int, *, settings: tuple[str, str]) -> list[socket.socket]:
    """Return sockets that own ``port`` on every address ``host`` has; they do not listen yet.

    ``settings`` are the names of what sets host and port. Where the port cannot be had, say why in
    one line on stderr and exit with 2.
    """
    sockets: list[socket.socket] = []
    refused: OSError | None = None
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(infos):
            try:
                sockets.append(_bound(family, kind, protocol, address))
            except OSError as error:
                refused = error
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
    except OSError as error:
        refused = error
        close(sockets)
        sockets.clear()
    if not sockets:
        print(_why(host, port, refused, settings), file=sys.stderr)
        raise typer.Exit(2)
    return sockets


def close(sockets: Iterable[socket.socket]) -> None:
    """Give the port back."""
    for each in sockets:
        each.close()


def _bound(family: int, kind: int, protocol: int, address: object) -> socket.socket:
    # The protocol is named, or asyncio leaves Nagle's algorithm on.
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
    except OSError:
        made.close()
        raise
    return made


def _why(host: str, port: int, error: OSError | None, settings: tuple[str, str]) -> str:
    at_host, at_port = settings
    if error is not None and error.errno == errno.EADDRINUSE:
        what = "the port is in use"
        remedy = f"stop what uses it, or choose another with {at_port}"
    elif error is not None and error.errno in (errno.EACCES, errno.EPERM):
        what = "it is not allowed"
        remedy = f"choose a port from 1024 up with {at_port}"
    else:
        what = (error.strerror if error else None) or "there is no such address here"
        remedy = f"give an address of this machine with {at_host}"
    return f"rescind: cannot listen on {host} port {port}: {what}. {remedy[0].upper()}{remedy[1:]}."
