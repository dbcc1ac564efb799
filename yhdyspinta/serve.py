"""HTTP for one service or several: each under its own path, one address; an orderly end on SIGTERM and Ctrl-C."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from chassis import telemetry
from chassis.clock import Clock, system_clock
from chassis.service import Service, collect_seldom, together
from chassis.settings import LOOPBACK, Settings, SettingsError
from yhdyspinta import events

SERVICES = ("referral", "coaching", "leads", "feedback", "notify", "reporting")


@dataclass(frozen=True)
class Certificate:
    """What the server shows, and its key: PEM files."""

    certificate: Path
    key: Path

    @classmethod
    def from_environment(cls) -> "Certificate | None":
        """`HTTP_CERTIFICATE` and `HTTP_KEY`; None where HTTP is plain, for a gateway on this machine."""
        files = [os.environ.get(name) for name in ("HTTP_CERTIFICATE", "HTTP_KEY")]
        if not any(files):
            return None
        certificate, key = files
        if not certificate or not key or not Path(certificate).is_file() or not Path(key).is_file():
            raise SettingsError("HTTP_CERTIFICATE and HTTP_KEY go together: give the paths of two PEM files that are "
                                "there, or neither.")
        return cls(Path(certificate), Path(key))


def build(settings: Settings, clock: Clock = system_clock) -> Service:
    """The service that the settings name, built but not started."""
    service: Service = import_module(f"services.{settings.service}.app").build(settings, clock)
    return service


def compose(services: Sequence[Service], more: Mapping[str, Any] | None = None,
            routes: Sequence[BaseRoute] = ()) -> Starlette:
    """One ASGI application: `/<service>` for each, other applications by path, and routes of the root."""
    mounts: list[BaseRoute] = [Mount(f"/{s.name}", app=s.app) for s in services]
    mounts += [Mount(path, app=app) for path, app in (more or {}).items()]
    return Starlette(routes=[*mounts, *routes])


@asynccontextmanager
async def listening(app: Any, host: str, port: int, tls: Certificate | None = None) -> AsyncIterator[None]:
    """Answers HTTP, with a certificate HTTPS, while the block runs; on the way out requests in hand are finished.

    Raises `SettingsError` before it listens where others than this machine would be answered without TLS.
    """
    if host not in LOOPBACK and tls is None:
        raise SettingsError(f"On {host} others can listen in, so HTTP is spoken there with TLS alone. Set "
                            "HTTP_CERTIFICATE and HTTP_KEY, or listen on 127.0.0.1 behind a gateway on this machine.")
    server = uvicorn.Server(uvicorn.Config(
        app, host=host, port=port, log_config=None, access_log=False, lifespan="off", server_header=False,
        timeout_graceful_shutdown=5, h11_max_incomplete_event_size=65_536,
        ssl_certfile=tls.certificate if tls else None, ssl_keyfile=tls.key if tls else None))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment] # signals are ours
    task = asyncio.create_task(server.serve(), name="http")
    while not server.started and not task.done():  # noqa: ASYNC110 - it has no event to wait for
        await asyncio.sleep(0.01)
    if task.done():
        task.result()
        raise RuntimeError(f"HTTP on {host}:{port} did not start")
    try:
        yield
    finally:
        server.should_exit = True
        await task


def on_signals(stop: Callable[[], None]) -> None:
    """Calls `stop` at SIGTERM and Ctrl-C."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


async def serve(settings: Sequence[Settings], host: str, port: int) -> None:
    """Runs services until SIGTERM: HTTP ends first, then consumers and relays finish what is in hand."""
    telemetry.set_up("yhdyspinta" if len(settings) > 1 else settings[0].service)
    stop = asyncio.Event()
    on_signals(stop.set)
    services = [build(s) for s in settings]
    collect_seldom()
    app = compose(services, routes=events.Pages().routes())
    async with listening(app, host, port, Certificate.from_environment()), together(services):
        await stop.wait()
