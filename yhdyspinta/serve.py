"""HTTP for one service or several: each under its own path, one address; an orderly end on SIGTERM and Ctrl-C."""

import asyncio
import contextlib
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


@dataclass(frozen=True)
class Certificate:
    """What HTTP is spoken with off this machine: files in PEM."""

    chain: Path
    key: Path


@asynccontextmanager
async def listening(app: Any, host: str, port: int, certificate: Certificate | None = None) -> AsyncIterator[None]:
    """Answers HTTP while the block runs; on the way out requests in hand are finished.

    Raises `SettingsError` before it listens where others than this machine would be answered without TLS.
    """
    if host not in LOOPBACK and certificate is None:
        raise SettingsError(f"On {host} others can listen in, so HTTP is spoken there with TLS alone. Give "
                            "--certificate and --key, or listen on 127.0.0.1 behind a gateway on this machine.")
    server = uvicorn.Server(uvicorn.Config(
        app, host=host, port=port, log_config=None, access_log=False, lifespan="off", server_header=False,
        timeout_graceful_shutdown=5, h11_max_incomplete_event_size=65_536,
        ssl_certfile=certificate.chain if certificate else None, ssl_keyfile=certificate.key if certificate else None))
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


async def serve(settings: Sequence[Settings], host: str, port: int, certificate: Certificate | None = None) -> None:
    """Runs services until SIGTERM: HTTP ends first, then consumers and relays finish what is in hand."""
    telemetry.set_up("yhdyspinta" if len(settings) > 1 else settings[0].service)
    stop = asyncio.Event()
    on_signals(stop.set)
    services = [build(s) for s in settings]
    collect_seldom()
    app = compose(services, routes=events.Pages().routes())
    async with listening(app, host, port, certificate), together(services):
        await stop.wait()
