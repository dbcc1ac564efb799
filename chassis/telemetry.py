"""What a service tells of itself: traces, metrics, logs. Nothing here holds personal data.

Traces are W3C Trace Context in the headers `traceparent` and `tracestate`: parent and child within a side, a
link across sides, for each side keeps its own traces. Log lines are JSON with the trace id.
"""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO, TypeVar

from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, SpanKind, get_current_span, get_tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram

from chassis.settings import SettingsError, closed

REQUESTS = Histogram("yhdyspinta_request_seconds", "HTTP requests", ["service", "route", "status"])
HANDLED = Counter("yhdyspinta_events_handled", "Events handled", ["service", "topic"])
HANDLING = Histogram("yhdyspinta_event_seconds", "Time from record to commit", ["service", "topic"])
REPEATED = Counter("yhdyspinta_events_repeated", "Events seen before", ["service", "topic"])
IGNORED = Counter("yhdyspinta_events_ignored", "Events that lawfully came late", ["reason"])
DEAD = Counter("yhdyspinta_dead_letters", "Events that could not be handled", ["service", "topic", "reason"])
RETRIED = Counter("yhdyspinta_retries", "Transient faults met", ["service", "topic"])
RELAYED = Counter("yhdyspinta_outbox_published", "Outbox rows acknowledged by the broker", ["service"])
RELAY_REFUSED = Counter("yhdyspinta_outbox_refused", "Outbox rows the broker refused", ["service", "topic"])
OUTBOX_AGE = Gauge("yhdyspinta_outbox_age_seconds", "Age of the oldest row not yet published", ["service"])
LAG = Gauge("yhdyspinta_consumer_lag", "Records not yet handled", ["service", "topic"])
OUTBOX = Gauge("yhdyspinta_outbox_rows", "Outbox rows not yet published", ["service"])
PARKED = Gauge("yhdyspinta_parked", "Events that wait for what they are about to be opened", ["service"])
SECURITY = Counter("yhdyspinta_security_events", "Events of the security log", ["service", "event"])
ALARMS = Counter("yhdyspinta_security_alarms", "Alarms of the security log", ["service", "event"])
READY = Gauge("yhdyspinta_ready", "1 when the service is ready, 0 when it is not", ["service"])
OBLIGATIONS = Gauge("yhdyspinta_obligations", "Open obligations; state is open or late", ["service", "kind", "state"])
PLAN_ENDS = Gauge("yhdyspinta_plan_days_left", "Days until the last plan's validity ends", ["service"])
FOLDED = Counter("yhdyspinta_events_folded", "Events folded into a projection", ["service", "projection"])

P = TypeVar("P")
_tracer = get_tracer("yhdyspinta")
_propagator = TraceContextTextMapPropagator()


def headers() -> tuple[str | None, str | None]:
    """`traceparent` and `tracestate` of the current span; (None, None) outside one."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent"), carrier.get("tracestate")


def trace_id() -> str | None:
    """32 hex digits, or None outside a trace."""
    context = get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else None


@contextmanager
def handling(name: str, record_headers: Sequence[tuple[str, bytes | None]], same_side: bool) -> Iterator[None]:
    """A span around the handling of a record: child of its writer's within a side, linked to it across sides.

    Its ids alone are taken: `tracestate` is another system's text, and would go on into spans, outbox and topics.
    """
    carrier = {k: v.decode("ascii", "replace") for k, v in record_headers if v and k == "traceparent"}
    remote = _propagator.extract(carrier)
    context: SpanContext = get_current_span(remote).get_span_context()
    links = [Link(context)] if context.is_valid and not same_side else []
    parent = remote if same_side else None
    with _tracer.start_as_current_span(name, context=parent, links=links, kind=SpanKind.CONSUMER,
                                       record_exception=False, set_status_on_exception=False):
        yield


class JsonLines(logging.Formatter):
    """One JSON object a line. An exception is its class alone: its text may quote values."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "security", {})
        if identity := trace_id():
            line["trace_id"] = identity
        if record.exc_info and record.exc_info[0]:
            line["exception"] = name_of(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


class ForPeople(logging.Formatter):
    """The same in a terminal: time, level, message, and of an exception its class alone."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fault = f" ({name_of(record.exc_info[1])})" if record.exc_info and record.exc_info[0] else ""
        level = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        return f"{at} {level}{record.getMessage()}{fault}"


def check_endpoint(endpoint: str) -> None:
    """Raises `SettingsError` where traces would go over plain HTTP to another machine."""
    if not closed(endpoint):
        raise SettingsError("Traces go to another machine over https alone: give the endpoint an https address.")


def _log_security_to(file: str | None) -> None:
    log = logging.getLogger("yhdyspinta.security")
    log.setLevel(logging.INFO)
    for old in list(log.handlers):
        log.removeHandler(old)
        old.close()
    if file is not None:
        handler = _Private(file)
        handler.setFormatter(JsonLines())
        log.addHandler(handler)
    log.propagate = file is None


class _Private(logging.FileHandler):
    """A file that its owner alone reads."""

    def _open(self) -> Any:
        return open(os.open(self.baseFilename, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600), "a", encoding="utf-8")


def name_of(fault: BaseException | None) -> str:
    """Class of a fault, with its SQLSTATE if it has one, and where it was raised: never its text."""
    if fault is None:
        return "none"
    name = type(fault).__qualname__
    cause = getattr(fault, "orig", None) or fault
    state = getattr(cause, "sqlstate", None)
    at = fault.__traceback__
    while at and at.tb_next:
        at = at.tb_next
    where = f" at {at.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{at.tb_lineno}" if at else ""
    return f"{name} {state}{where}" if state else f"{name}{where}"


def watch(processor: P) -> P:
    """Lets a processor see this process' spans; after `set_up`."""
    provider: Any = trace.get_tracer_provider()
    provider.add_span_processor(processor)
    return processor


def set_up(
    service: str, *, level: int = logging.INFO, stream: TextIO | None = None
) -> None:
    """Logs as JSON lines on standard error, or to `stream`, in a terminal for people; those of the security log to a
    file of their own where the environment names one (`SECURITY_LOG`); client libraries speak at WARNING; traces to an
    OTLP collector where it names one (`OTEL_EXPORTER_OTLP_ENDPOINT`). Called once a process."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ForPeople() if handler.stream.isatty() else JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    _log_security_to(os.environ.get("SECURITY_LOG"))
    for library in ("aiokafka", "faststream", "httpx", "httpcore", "uvicorn", "sqlalchemy", "alembic", "asyncio"):
        logging.getLogger(library).setLevel(logging.WARNING)
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    endpoints = [os.environ[name] for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
                 if name in os.environ]
    for endpoint in endpoints:
        check_endpoint(endpoint)
    if endpoints:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
