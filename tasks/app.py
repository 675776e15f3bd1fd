"""The Celery application: three tasks that carry ids, and the settings that make losing one harmless.

Celery is the doorbell and the executor. No result backend, no countdown, no canvas, no beat. A fourth
task carries an alert of a detector that speaks Celery; its message is kept until the alert is stored.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from celery import Celery
from celery.exceptions import Reject
from celery.signals import setup_logging
from kombu import Exchange, Queue
from kombu.exceptions import OperationalError

from config.settings import Settings
from tasks import discreet, memory
from tasks.faults import where
from tasks.queued import StillUnstored

_log = logging.getLogger(__name__)

INTAKE = "rescind.intake"
PERFORM = "rescind.perform"
TELL = "rescind.tell"
#: What detectors send: source, payload and proof (``tasks/queued.py``).
ALERT = "rescind.alert"

#: Which queue a task goes to, after the prefix of this installation.
_QUEUES = {INTAKE: "urgent", ALERT: "alerts", PERFORM: "steps", TELL: "notices"}

#: Seconds. The timeout has to exceed the second a blocking pop waits; a broker that hangs must not
#: hold the web process. The visibility timeout exceeds what an alert's message is held for.
_REDIS = {
    "visibility_timeout": 120,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "queue_order_strategy": "priority",
}
_RABBITMQ = {"confirm_publish": True}
#: A RabbitMQ that is short of memory or disk takes messages and confirms none.
_CONFIRM_S = 2


class CeleryBell:
    """Rings by sending a task message."""

    heard = True

    def __init__(self, app: Celery, prefix: str) -> None:
        """Send through ``app`` to the queues of ``prefix``."""
        self._app = app
        self._prefix = prefix

    def alert(self, alert_id: str) -> None:
        """Call somebody to take up an alert."""
        self._send(INTAKE, alert_id)

    def step(self, step_id: str) -> None:
        """Call somebody to perform a step."""
        self._send(PERFORM, step_id)

    def notice(self, notice_id: str) -> None:
        """Call somebody to deliver a message."""
        self._send(TELL, notice_id)

    def _send(self, task: str, row_id: str) -> None:
        route = f"{self._prefix}.{_QUEUES[task]}"
        self._app.send_task(
            task,
            (row_id,),
            queue=route,
            routing_key=route,
            ignore_result=True,
            retry=True,
            confirm_timeout=_CONFIRM_S,
        )


def make_app(settings: Settings) -> Celery:
    """Build the application for these settings; tasks are added with ``register``."""
    setup_logging.connect(_keep_logging, weak=False)
    discreet.hush()
    url = settings.broker.url.get_secret_value()
    app = Celery("rescind", broker=url, set_as_current=False)
    prefix = settings.broker.prefix
    exchange = Exchange(prefix, type="topic")
    names = [f"{prefix}.{queue}" for queue in _QUEUES.values()]
    queues = [Queue(name, exchange, routing_key=name) for name in names]
    app.conf.update(
        task_queues=queues,
        task_default_queue=f"{prefix}.steps",
        task_default_exchange=prefix,
        task_default_exchange_type="topic",
        task_default_routing_key=f"{prefix}.steps",
        task_create_missing_queues=False,
        task_serializer="json",
        accept_content=["json"],
        enable_utc=True,
        result_backend=None,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_pool="threads",
        worker_consumer="tasks.consumer:CarefulConsumer",
        worker_concurrency=settings.engine.concurrency,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_pool_limit=20,
        broker_pool_acquire_timeout=2.0,
        broker_connection_timeout=2.0,
        task_publish_retry=True,
        task_publish_retry_policy={
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0.1,
            "interval_max": 0.2,
        },
        broker_transport=f"{memory.__name__}:Transport" if url.startswith("memory") else None,
        broker_transport_options=_transport_options(url, prefix),
    )
    return app


def register(
    app: Celery,
    *,
    intake: Callable[[str], None],
    perform: Callable[[str], None],
    tell: Callable[[str], None],
    take: Callable[[tuple[Any, ...], Mapping[str, Any]], None],
    dropped: Callable[[], None],
) -> None:
    """Bind the tasks to what they do in this process.

    ``take`` gets an alert's arguments unread; ``dropped`` is called for each message that is no task of
    ours, by the thread that reads messages, and must not keep it waiting.
    """
    app.dropped = dropped
    for name, work in ((INTAKE, intake), (PERFORM, perform), (TELL, tell)):
        app.task(name=name, ignore_result=True, shared=False)(_shell(work))
    app.task(name=ALERT, ignore_result=True, shared=False)(_taking(take))
    app.finalize()
    # pool threads resolve the current app; without this they would find another, empty one
    app.set_default()


def warm(app: Celery) -> None:
    """Declare the queues and open a connection, so that the first ring is not the slow one."""
    with app.producer_pool.acquire(block=True) as producer:
        for queue in app.amqp.queues.values():
            producer.maybe_declare(queue)


def refusals(app: Celery) -> tuple[type[Exception], ...]:
    """What this kind of broker raises where it answers and does not let us in."""
    unconnected = app.connection_for_write()
    return (*unconnected.connection_errors, *unconnected.channel_errors)


def warm_quietly(app: Celery) -> None:
    """Warm up where the broker lets us; where it does not, start all the same: alerts are stored."""
    try:
        warm(app)
    except (OSError, OperationalError):
        _log.warning("the broker does not answer; alerts are stored and taken up when it does")
    except refusals(app) as error:
        _log.warning(
            "the broker refuses us (%s); alerts are stored and taken up when it does not",
            type(error).__name__,
        )


def _shell(work: Callable[[str], None]) -> Callable[[str], None]:
    def run(row_id: str) -> None:
        try:
            work(row_id)
        except Exception as error:  # noqa: BLE001 - Celery would log what the exception quotes
            # nothing is lost: what is not done stands in the database, and is called for again
            _log.error("%s: %s", row_id, where(error))

    return run


def _taking(take: Callable[[tuple[Any, ...], Mapping[str, Any]], None]) -> Callable[..., None]:
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            take(args, kwargs)
        except StillUnstored:
            raise Reject("it could not be stored", requeue=True) from None
        except Exception as error:  # noqa: BLE001 - Celery would log what the exception quotes
            _log.error("a message could not be looked at: %s", where(error))

    return run


def _transport_options(url: str, prefix: str) -> dict[str, Any]:
    if url.startswith(("redis", "valkey")):
        return _REDIS | {"global_keyprefix": f"{prefix}:"}
    if url.startswith(("amqp", "pyamqp")):
        return dict(_RABBITMQ)
    return {}


def _keep_logging(**_: Any) -> None:
    """Leave logging to the command that started this process."""
