"""``rescind simulator``: a tenant to practise on, over real HTTP."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from simulator import server


def command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8490,
) -> None:
    """Serve a practice tenant: Microsoft Graph, Entra sign-in, Okta and Auth0 on one port, with state.

    Its tokens, its people and how to script faults: docs/simulator.md.
    """
    try:
        server.run(host, port, _tell)
    except OSError as error:
        why = f"cannot listen on {host} port {port}: {error.strerror or error}"
        print(f"rescind: {why}. Choose another with --port or --host.", file=sys.stderr)
        raise typer.Exit(2) from error


def _tell(simulator: server.Simulator) -> None:
    tenant = simulator.tenant
    print(f"The practice tenant is at {simulator.url}")
    print(f"Microsoft Graph: {simulator.url}/v1.0, access_token {tenant.graph_api_token}")
    print(f"Okta: {simulator.url}, api_token {tenant.okta_api_token}")
    print(f"Auth0: {simulator.url}, access_token {tenant.auth0_api_token}", flush=True)
