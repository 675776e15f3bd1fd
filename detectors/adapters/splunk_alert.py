"""Splunk: the webhook of an alert, notable events of Enterprise Security, and rows of a search.

A webhook's ``owner`` owns the saved search, and is nobody in it. In the Common Information Model ``user``
is the account it is about and ``src_user`` who acted on it; a risk notable names the account in
``risk_object``. ``_raw`` is the event itself.

Vendor documentation: Splunk, "Use a webhook alert action" (sid, search_name, results_link, result);
"Common Information Model Add-on Manual: Authentication, Change, Alerts"; "Enterprise Security: notable
event fields, risk notables (risk_object, annotations.mitre_attack)".
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import findings, paths, recognition, wrapped
from detectors.alert import Alert
from detectors.batch import Finding, each
from detectors.compose import Verdict
from detectors.detector import Detector
from detectors.product import Product, alert_of, detector_of, person
from detectors.recognition import Shape

_KIND = "splunk_alert"
_NAMES = "rule_title|rule_name|search_name|source"
#: What Enterprise Security ships as the numbers of its statuses and dispositions that end a notable event.
_NUMBERED = {"4": "resolved", "5": "closed"}
_DISPOSITIONS = {
    "disposition:2": "benign positive",
    "disposition:3": "false positive",
    "disposition:4": "false positive",
}
_ENVELOPES = ("results",)


def _judge(event: JsonValue, action: str, severity: str) -> Verdict:
    if not paths.text(event, "search_name|rule_name|rule_title"):
        return findings.change(action)  # a row of a search, and no alert
    techniques = paths.values(
        event,
        "annotations.mitre_attack|annotations.mitre_attack.mitre_technique_id|mitre_technique_id",
    )
    said = " ".join(
        dict.fromkeys((action, paths.text(event, "savedsearch_description|rule_description")))
    )
    state = findings.standing(event, "status_label", "disposition_label") or _NUMBERED.get(
        paths.text(event, "status", 4) if paths.text(event, "security_domain") else "", ""
    )
    state = _DISPOSITIONS.get(paths.text(event, "disposition", 20), state)
    # A search's alert need not say how grave it is: whoever made the search wants it acted on.
    rated = "high" if severity == "unknown" else severity
    return findings.finding(said, rated, [str(one) for one in techniques], state=state)


def _each_user(event: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Tell apart several users in one field: a list, or lines of it as the webhook writes them."""
    given = [one for one in paths.values(event, "user") if isinstance(one, str)]
    users: list[JsonValue] = [
        name for one in given for line in one.split("\n") if (name := line.strip())
    ]
    if len(users) < 2:
        return event
    return {**event, "user": users[0], "furtherUsers": users[1:]}


_PRODUCT = Product(
    kind=_KIND,
    title="Splunk alerts and notable events",
    documentation=(
        "https://docs.splunk.com/Documentation/Splunk/latest/Alert/Webhooks",
        "https://docs.splunk.com/Documentation/CIM/latest/User/Authentication",
        "https://docs.splunk.com/Documentation/ES/latest/User/NotableEvents",
    ),
    shapes=(
        Shape(needs=("sid", "search_name", "result|results_link"), also=("owner", "app", "results_link")),
        Shape(
            needs=("search_name|rule_name|rule_title", "urgency|security_domain|notable_type|risk_object"),
            also=("event_id", "orig_sid", "_time", "event_hash", "savedsearch_description"),
        ),
        Shape(
            needs=("_time", "_raw|sourcetype|_sourcetype", "source|index|host"),
            also=("user", "src", "_bkt", "_cd", "splunk_server"),
            surety=0.7,
            most=0.85,
        ),
        Shape(needs=("result._raw|result._time", "preview|lastrow|offset"), surety=0.8),
    ),
    envelopes=_ENVELOPES,
    targets=(
        person("risk_object", where=("risk_object_type", "user|identity|user_account")),
        person("user|dest_user|user_email|User", user_id="user_id|user_uid", name="user_name"),
        person("@", each="furtherUsers"),
    ),
    alone=False,  # who acted is "user", too, where nobody else was acted upon
    actors=(person("src_user|src_user_name|src_user_email", user_id="src_user_id"),),
    action=_NAMES,
    headline=_NAMES,
    rule="search_name|rule_name|source",
    event_id="event_id|sid",
    severity="urgency|severity|risk_severity",
    occurred_at="orig_time|firstTime|_time|info_min_time",
    last_seen_at="lastTime|_time",
    ips=("src_ip|src|client_ip|clientip",),
    agents="http_user_agent|user_agent",
    sessions="session_id|sessionId",
    devices=("dvc_id|dest_id", "dest_host|dest_nt_host"),
    apps=("app_id", "app_name"),
    judge=_judge,
    prepare=_each_user,
)  # fmt: skip
_BARE = detector_of(_PRODUCT)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read an alert's webhook, notable events, or rows of results."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def _alert(item: JsonValue, source: str) -> Alert:
    row, sent = recognition.at(item, "result"), recognition.at(item, "event")
    if isinstance(sent, dict) and isinstance(item, dict) and row is None:
        row = {**{key: found for key, found in item.items() if key != "event"}, **sent}
        outer = alert_of(_PRODUCT, row, source)  # as the HTTP Event Collector takes it
    elif isinstance(row, dict) and isinstance(item, dict):
        # The webhook's own keys say which search it was; its result is the event.
        named = {key: found for key, found in item.items() if key in ("sid", "search_name")}
        outer = alert_of(_PRODUCT, {**named, **row}, source)
    else:
        row = item
        outer = alert_of(_PRODUCT, item, source)
    return wrapped.better(outer, wrapped.original(recognition.at(row, "_raw"), source, _KIND))


DETECTOR = Detector(
    kind=_KIND,
    title=_BARE.title,
    documentation=_BARE.documentation,
    parse=parse,
    recognises=_BARE.recognises,
    takes_lines=True,
)
