"""``rescind simulator``: a tenant to practise on, over real HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from simulator import server


def command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8490,
) -> None:
    """Serve a practice tenant: Microsoft Graph, Entra sign-in and Okta on one port, with state.

    Its tokens, its people and how to script faults: docs/simulator.md.
    """
    server.run(host, port)
