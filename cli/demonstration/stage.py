"""The stage of the demonstration: a temporary folder, the simulator and `rescind serve`, as processes."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import httpx

from cli.demonstration.chat import ChatRoom
from cli.demonstration.responder import Responder

#: In whose name the practice tenant writes down what Rescind does.
CLIENT_ID = "4322eaea-0c2e-5da7-b441-49e7e8295ab3"

_STARTS_WITHIN_S = 60.0
_SECRET_NAMES = ("RESCIND_", "OKTA_", "AZURE_")


class DidNotStart(Exception):
    """A process of the demonstration did not start."""


@dataclass(frozen=True, slots=True)
class Victim:
    """The person whose tokens are stolen."""

    name: str
    display_name: str
    object_id: str


class Stage:
    """Everything the demonstration needs, gone when it is left."""

    def __init__(self, victim: str = "nora.lind@contoso.com") -> None:
        """Prepare for ``victim``, one of the simulator's people."""
        self._stack = ExitStack()
        self._victim_name = victim
        self.hook_secret = secrets.token_urlsafe(32)
        self.responder = Responder("riley.responder", secrets.token_urlsafe(24))
        self.simulator_url = f"http://127.0.0.1:{_free_port()}"
        self.rescind_url = f"http://127.0.0.1:{_free_port()}"

    def __enter__(self) -> Self:
        """Start the simulator, the chat room and `rescind serve`; return when all answer."""
        with ExitStack() as stack:
            self.folder = Path(stack.enter_context(TemporaryDirectory(prefix="rescind-demo-")))
            self.chat = ChatRoom()
            stack.callback(self.chat.close)
            self.config = self._configure()
            port = self.simulator_url.rpartition(":")[2]
            simulator = self._spawn(stack, "simulator", "--port", port)
            self._add_responder()
            server = self._spawn(stack, "serve", "--config", str(self.config))
            self._await(simulator, f"{self.simulator_url}/_sim/state")
            self._await(server, f"{self.rescind_url}/healthz")
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything and remove the folder."""
        self._stack.close()

    def state(self) -> dict[str, Any]:
        """Return the simulator's state of the victim."""
        state = httpx.get(f"{self.simulator_url}/_sim/state", trust_env=False).json()
        people = state["users"].values()
        return next(dict(one) for one in people if one["upn"] == self._victim_name)

    @property
    def victim(self) -> Victim:
        """The person whose tokens are stolen."""
        return Victim(self._victim_name, "Nora Lind", self.state()["entra"]["id"])

    def post(self, alert: dict[str, Any]) -> httpx.Response:
        """Post an alert as the detector would."""
        return httpx.post(
            f"{self.rescind_url}/hooks/sentinel",
            json=alert,
            headers={"Authorization": f"Bearer {self.hook_secret}"},
            timeout=10,
            trust_env=False,
        )

    def _configure(self) -> Path:
        config = self.folder / "rescind.toml"
        config.touch(mode=0o600)
        port = self.rescind_url.rpartition(":")[2]
        config.write_text(
            f"""\
instance = "demo"
database.url = "sqlite:///{self.folder / "rescind.db"}"
web.port = {port}

[sources.sentinel]
kind = "sentinel"
origin = {{ proof = "shared_secret", header = "Authorization", secret = "{self.hook_secret}" }}

[tenants.contoso]
domains = ["contoso.com"]

[tenants.contoso.entra]
tenant_id = "contoso.com"
client_id = "{CLIENT_ID}"
base_url = "{self.simulator_url}/v1.0"
access_token = "simulated-graph-token"

[tenants.contoso.okta]
org_url = "{self.simulator_url}"
api_token = "simulated-okta-token"

# nobody waits a day for the demo's end
[playbooks.parameters.cm0080]
watch_minutes = 0
watch_again_minutes = 0

[chat.urls]
oncall = "{self.chat.apprise_url}"
""",
            encoding="utf-8",
        )
        return config

    def _add_responder(self) -> None:
        self._run("migrate", "--config", str(self.config))
        self._run(
            "users", "add", self.responder.name, "--role", "approver", "--password-stdin",
            "--config", str(self.config),
            typed=self.responder.password + "\n",
        )  # fmt: skip

    def _run(self, *arguments: str, typed: str = "") -> None:
        done = subprocess.run(  # noqa: S603 - our own command
            _command(*arguments),
            input=typed,
            text=True,
            capture_output=True,
            cwd=self.folder,
            env=_environment(),
            timeout=_STARTS_WITHIN_S,
            check=False,
        )
        if done.returncode:
            raise DidNotStart(f"rescind {arguments[0]}: {done.stderr.strip()}")

    def _spawn(self, stack: ExitStack, *arguments: str) -> subprocess.Popen[bytes]:
        log = stack.enter_context((self.folder / f"{arguments[0]}.log").open("wb"))
        process = subprocess.Popen(  # noqa: S603 - our own command
            _command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.folder,
            env=_environment(),
        )
        stack.callback(_end, process)
        return process

    def _await(self, process: subprocess.Popen[bytes], url: str) -> None:
        end = time.monotonic() + _STARTS_WITHIN_S
        while time.monotonic() < end:
            if process.poll() is not None:
                break
            try:
                if httpx.get(url, timeout=2, trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        logs = "\n".join(
            path.read_text(errors="replace")[-2000:] for path in self.folder.glob("*.log")
        )
        raise DidNotStart(f"{url} did not answer\n{logs}")


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "cli.main", *arguments]


def _environment() -> dict[str, str]:
    """Return the environment without anything that would reach the settings or a real tenant."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_SECRET_NAMES)}


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
