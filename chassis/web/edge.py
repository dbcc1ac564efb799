"""Around every answer: the host must be ours, headers that shut the browser's doors, a reference, span, metrics.

The last catch is here too: what nobody expected is logged by class and place alone, and answered as a problem.
"""

import logging
import secrets
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.trace import SpanKind, get_tracer
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import telemetry
from chassis.settings import Settings
from chassis.web import problems

log = logging.getLogger(__name__)
_tracer = get_tracer("yhdyspinta.web")

POLICY = "; ".join([
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
    "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
])
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
OF_THE_MACHINE = ("/health/live", "/health/ready", "/metrics")
"""Asked by the machine's own probes, by whatever name they know it; they tell codes and numbers alone."""


def hosts_of(settings: Settings) -> frozenset[str]:
    """Host names (with port) that the service answers to: its public address, and `HOSTS` of the set-up."""
    return frozenset({urlsplit(settings.public_url).netloc, *settings.extra.get("hosts", "").split()})


def origins_of(settings: Settings) -> frozenset[str]:
    """What `Origin` a browser sends from our own pages."""
    return frozenset(f"{urlsplit(settings.public_url).scheme}://{host}" for host in hosts_of(settings))


class Edge:
    """ASGI middleware around a service's application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self.hosts = hosts_of(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        request.state.reference = secrets.token_hex(4)
        began, status = perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._head(MutableHeaders(scope=message), path)
            await send(message)

        with _tracer.start_as_current_span(
            scope["method"], kind=SpanKind.SERVER, record_exception=False, set_status_on_exception=False
        ) as span:
            span.set_attribute("yhdyspinta.reference", request.state.reference)
            span.set_attribute("yhdyspinta.service", self.settings.service)
            try:
                if path not in OF_THE_MACHINE and request.headers.get("host") not in self.hosts:
                    answer = PlainTextResponse(
                        f"This service answers at {self.settings.public_url}{self.settings.prefix_path}/\n", 421)
                    await answer(scope, receive, sending)
                else:
                    await self.app(scope, receive, sending)
            except Exception as fault:
                if status:
                    log.error("reference %s, after the answer began: %s", request.state.reference,
                              telemetry.name_of(fault))
                    raise ConnectionAbortedError from None
                await problems.failed(request, fault)(scope, receive, sending)
            finally:
                route = _pattern(scope)
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.response.status_code", status)
                telemetry.REQUESTS.labels(self.settings.service, route, str(status)).observe(perf_counter() - began)

    def _head(self, headers: MutableHeaders, path: str) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        if not self.settings.demo and self.settings.public_url.startswith("https://"):
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if not path.startswith("/static/"):
            headers.setdefault("Cache-Control", "no-store")


def _pattern(scope: Scope) -> str:
    """The route's pattern, never the path: ids do not belong into metrics."""
    route: Any = scope.get("route")
    return str(getattr(route, "path", "-"))
