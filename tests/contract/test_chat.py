"""People are told over real HTTP, as plain text, and it is known who was not."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from apprise import OverflowMode
from pydantic import SecretStr

from config.settings import Chat as ChatSettings
from connectors import errors
from connectors.chat.chat import Chat
from connectors.chat.transport import asset, channel

SECRET = "T0pSecretHookPath"


class Listener:
    """A webhook receiver: answers with ``status``, after ``delay_s``, and keeps what came."""

    def __init__(
        self, status: int = 200, delay_s: float = 0.0, headers: dict[str, str] | None = None
    ) -> None:
        self.received: list[tuple[str, str, dict[str, str], bytes]] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                received.append((self.command, self.path, dict(self.headers), body))
                time.sleep(delay_s)
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = answer  # noqa: N815 - the base class's names

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, query: str = "") -> str:
        return f"json://127.0.0.1:{self.port}/hooks/{SECRET}{query}"

    @property
    def payload(self) -> dict[str, object]:
        ((_, _, _, body),) = self.received
        loaded: dict[str, object] = json.loads(body)
        return loaded


Listen = Callable[..., Listener]


@pytest.fixture
def listen() -> Iterator[Listen]:
    started: list[Listener] = []

    def start(**behaviour: Any) -> Listener:
        started.append(Listener(**behaviour))
        return started[-1]

    yield start
    for listener in started:
        listener.server.shutdown()
        listener.server.server_close()


def chat(timeout_s: float = 30.0, **urls: str) -> Chat:
    secrets = {name.replace("_", "-"): SecretStr(url) for name, url in urls.items()}
    return Chat(ChatSettings(urls=secrets, timeout_s=timeout_s))


def test_the_text_arrives_as_it_is_written(listen: Listen) -> None:
    hook = listen()
    body = "Revoked: 3 < 4 & <https://evil.example|Approve>\n*bold* \\n {{x}} :tada: é"

    delivery = chat(soc=hook.url()).tell("Token theft: Nora <Lind>", body)

    assert delivery.status == "sent"
    assert [told.channel for told in delivery.channels] == ["soc"]
    assert delivery.reason == ""
    assert hook.payload["message"] == body
    assert hook.payload["title"] == "Token theft: Nora <Lind>"


def test_a_mention_in_an_alert_calls_nobody(listen: Listen) -> None:
    hook = listen()
    url = f"mmost://127.0.0.1:{hook.port}/3ccdd113474722377935511fc85d3dd4"

    body = "<!channel> <@U123> @here @Everyone & <b> of nora@contoso.com @heredity"
    assert chat(soc=url).tell("t @channel", body).status == "sent"
    text = str(hook.payload["text"])
    assert not re.search(r"(?i)<!|<@|@(here|channel|everyone)\b", text)
    assert "& <b> of nora@contoso.com @heredity" in text
    assert text.replace("\u2060", "").endswith(body)


@pytest.mark.parametrize(("query", "cut"), [("", False), ("&overflow=truncate", True)])
def test_a_long_message_is_sent_in_parts_unless_the_address_has_it_cut(
    listen: Listen, query: str, cut: bool
) -> None:
    hook = listen()
    url = f"mmost://127.0.0.1:{hook.port}/3ccdd113474722377935511fc85d3dd4?image=no{query}"
    lines = [f"- step {number} of a long plan" for number in range(400)]

    assert chat(soc=url).tell("Approve?", "\n".join(lines)).status == "sent"

    texts = [str(json.loads(body)["text"]) for _, _, _, body in hook.received]
    assert all(len(text) <= 4000 for text in texts), "Mattermost takes no longer one"
    assert lines[0] in texts[0]
    assert (len(texts) == 1) is cut
    assert (lines[-1] in texts[-1]) is not cut


@pytest.mark.parametrize(
    ("url", "mode"),
    [
        ("discord://1234567890/abcdefghijklmnopqrstuvwxyz0123456789", OverflowMode.SPLIT),
        ("tgram://123456789:AAabcdefghijklmnopqrstuvwxyz012345/12345", OverflowMode.SPLIT),
        ("pagerduty://abcdefghijklmnopqrstuvwxyz012345@abcdefghijklmnop", OverflowMode.TRUNCATE),
        ("workflow://teams.example.com/643e69f83c8944/KODuebWbDGYFr0z0eu", OverflowMode.UPSTREAM),
    ],
)
def test_a_text_no_vendor_takes_whole_does_not_leave_people_untold(
    url: str, mode: OverflowMode
) -> None:
    allowed = (*ChatSettings().schemas, "workflow")  # apprise's other name of workflows
    plugin = channel(url, allowed, asset(5.0, ""), "t")
    assert plugin is not None
    assert plugin.overflow_mode is mode


def test_it_says_who_sent_it_and_fetches_no_picture(listen: Listen) -> None:
    hook = listen()
    url = f"mmost://127.0.0.1:{hook.port}/3ccdd113474722377935511fc85d3dd4?image=yes"

    chat(soc=url).tell("t", "b")

    ((_, _, headers, raw),) = hook.received
    assert headers["User-Agent"] == "Rescind"
    assert b"github" not in raw
    assert b"http" not in raw


@pytest.mark.parametrize("query", ["", "?redirect=yes"])
def test_a_redirect_is_a_failure_and_is_not_followed(listen: Listen, query: str) -> None:
    elsewhere = listen()
    hook = listen(status=302, headers={"Location": f"http://127.0.0.1:{elsewhere.port}/caught"})

    delivery = chat(soc=hook.url(query=query)).tell("t", "b")

    assert delivery.status == "failed"
    assert delivery.reason == "soc: failed"
    assert elsewhere.received == []


@pytest.mark.parametrize("status", [400, 403, 404, 410, 429, 500, 503])
def test_a_refusal_is_a_failure_even_if_the_address_calls_itself_optional(
    listen: Listen, status: int
) -> None:
    hook = listen(status=status)
    assert chat(soc=hook.url(query="?optional=yes")).tell("t", "b").status == "failed"


def test_nobody_listening_is_a_failure() -> None:
    assert chat(soc="json://127.0.0.1:9/x").tell("t", "b").status == "failed"


def test_some_told_and_some_not_is_partial_and_names_who(listen: Listen) -> None:
    good, bad = listen(), listen(status=500)

    delivery = chat(soc=good.url(), on_call=bad.url()).tell("t", "b")

    assert delivery.status == "partial"
    assert {told.channel: told.status for told in delivery.channels} == {
        "soc": "sent",
        "on-call": "failed",
    }
    assert "on-call: failed" in delivery.reason
    assert len({told.url_id for told in delivery.channels}) == 2


def test_a_silent_channel_is_unknown_and_holds_nobody_up(listen: Listen) -> None:
    hook = listen(delay_s=30.0)

    delivery = chat(timeout_s=1.0, soc=hook.url()).tell("t", "b")

    assert delivery.status == "unknown"
    assert delivery.elapsed < 20


def test_one_channel_can_be_named(listen: Listen) -> None:
    soc, audit = listen(), listen()
    both = chat(soc=soc.url(), audit=audit.url())

    assert both.tell("t", "b", channel="audit").status == "sent"
    assert (len(soc.received), len(audit.received)) == (0, 1)


@pytest.mark.parametrize("name", ["all", "always"])
def test_no_channel_name_means_more_than_itself(listen: Listen, name: str) -> None:
    special, other = listen(), listen()
    both = chat(**{name: special.url(), "soc": other.url()})

    both.tell("t", "b", channel=name)
    assert (len(special.received), len(other.received)) == (1, 0)
    both.tell("t", "b", channel="soc")
    assert (len(special.received), len(other.received)) == (1, 1)


def test_without_a_channel_nobody_is_told_and_it_is_said() -> None:
    delivery = chat().tell("t", "b")
    assert (delivery.status, delivery.reason) == ("nobody", "no channel is set up (chat.urls)")


def test_an_unknown_channel_tells_nobody(listen: Listen) -> None:
    hook = listen()
    assert chat(soc=hook.url()).tell("t", "b", channel="sock").status == "nobody"
    assert hook.received == []


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"dbus://{SECRET}", "the schema dbus:// is not allowed"),
        (f"apprise://127.0.0.1/{SECRET}", "the schema apprise:// is not allowed"),
        (f"syslog://{SECRET}", "the schema syslog:// is not allowed"),
        (f"nosuch://{SECRET}", "the schema nosuch:// is not allowed"),
        (f"https://example.com/{SECRET}", "the schema https:// is not allowed"),
        (SECRET, "the schema none:// is not allowed"),
        (f"slack://{SECRET}", "apprise does not understand this slack:// address"),
    ],
)
def test_an_address_that_cannot_be_used_is_named_by_channel_and_schema_only(
    listen: Listen, caplog: pytest.LogCaptureFixture, url: str, why: str
) -> None:
    caplog.set_level(logging.DEBUG)
    hook = listen()
    both = chat(soc=hook.url(), broken=url)

    with pytest.raises(errors.Refused) as refused:
        both.check()

    assert f"chat.urls.broken: {why}" in str(refused.value)
    assert "chat.urls.soc" not in str(refused.value)
    assert SECRET not in str(refused.value)
    assert SECRET not in caplog.text
    assert both.tell("t", "b").status == "partial"


def test_a_vendors_own_address_counts_as_its_schema() -> None:
    hook = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    chat(soc=hook).check()
    with pytest.raises(errors.Refused, match="https://"):
        Chat(ChatSettings(urls={"soc": SecretStr(hook)}, schemas=("json",))).check()


def test_only_the_schema_itself_is_allowed_not_its_plugin() -> None:
    settings = ChatSettings(urls={"soc": SecretStr("json://127.0.0.1:9/x")}, schemas=("jsons",))
    with pytest.raises(errors.Refused, match="json://"):
        Chat(settings).check()


def test_usable_addresses_pass_the_check_and_nothing_is_sent(listen: Listen) -> None:
    hook = listen()
    chat(soc=hook.url()).check()
    chat().check()
    assert hook.received == []


def test_no_address_and_no_text_reaches_the_log(
    listen: Listen, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("apprise").setLevel(logging.DEBUG)
    good, bad = listen(), listen(status=500)

    delivery = chat(soc=good.url(), other=bad.url(), down=f"json://127.0.0.1:9/{SECRET}").tell(
        "t", "Nora Lind"
    )

    assert delivery.status == "partial"
    assert SECRET not in caplog.text
    assert "Nora" not in caplog.text
    assert SECRET not in repr(delivery)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_tells_too(listen: Listen) -> None:
    hook = listen()
    people = chat(soc=hook.url())
    assert people.tell("from", "the parent").status == "sent"

    child = os.fork()
    if child == 0:
        os._exit(0 if people.tell("from", "the child").status == "sent" else 1)

    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert [json.loads(raw)["message"] for *_, raw in hook.received] == ["the parent", "the child"]
