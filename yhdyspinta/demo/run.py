"""The demo: Kafka, Postgres, all services and their people on one machine, under one address.

Pages open as soon as the services are up; the demo's year is played behind them (`yhdyspinta.demo.year`). On the way
down HTTP ends first, then the year, then the services, then Postgres and Kafka.
"""

import asyncio
import logging
import os
import signal
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chassis import telemetry
from chassis.clock import system_clock
from chassis.database import migrate
from chassis.service import Service
from chassis.settings import LOOPBACK, Settings, SettingsError
from yhdyspinta import events, provision
from yhdyspinta.demo import issuer
from yhdyspinta.demo.front import AtPublicAddress, Front, rows
from yhdyspinta.demo.mail_catcher import MailCatcher
from yhdyspinta.demo.progress import Progress
from yhdyspinta.demo.stage import Stage
from yhdyspinta.demo.traces import Traces
from yhdyspinta.demo.year import Year
from yhdyspinta.embedded import EmbeddedError, Servers, running
from yhdyspinta.embedded.processes import full_disk, locked, require_port
from yhdyspinta.serve import SERVICES, compose, listening, on_signals

log = logging.getLogger(__name__)

LEAST_BYTES = 60_000_000
"""Free space below which the demo ends by itself, in order, before Kafka or Postgres has to."""
WATCH_SECONDS = 5.0


def run(folder: Path, host: str, port: int) -> None:
    """Starts everything in `folder` and returns after Ctrl-C or SIGTERM, when all has ended in order.

    Raises `EmbeddedError` with a sentence: what keeps it from starting, or what ended it.
    """
    if host not in LOOPBACK:
        raise EmbeddedError(f"The demo's sign-in asks for no password, so the demo listens on this machine alone, not "
                            f"on {host}. Leave --host out; for others to use it, set up `yhdyspinta serve` with an "
                            "issuer of your own (OIDC_ISSUER).")
    console = Console()
    smtp = _port("YHDYSPINTA_SMTP_PORT", 1025)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "running.lock", f"The demo runs in {folder} already. Use that one, end it with Ctrl-C where "
                "it was started, or give another folder with YHDYSPINTA_VAR."):
        require_port(port, "PORT (make demo PORT=8001) or --port")
        require_port(smtp, "YHDYSPINTA_SMTP_PORT")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _logging_to(folder / "demo.log"), _servers(folder, console) as servers:
            asyncio.run(_Demo(servers, console, host, port, smtp).live())
    except KeyboardInterrupt:
        pass
    except BaseExceptionGroup as faults:
        raise _first(faults, folder / "demo.log") from None
    console.print("All has ended in order. Start again to go on from here; `make clean` removes everything.")


class _Demo:
    """One run of the demo, from the migrations to the last request."""

    def __init__(self, servers: Servers, console: Console, host: str, port: int, smtp: int) -> None:
        self.servers, self.console = servers, console
        self.host, self.port, self.smtp = host, port, smtp
        self.folder = servers.folder
        name = f"[{host}]" if ":" in host else host
        self.public_url = f"http://{name}:{port}"
        self.stage = Stage(Progress(self.folder / "demo" / "progress.json"))

    async def live(self) -> None:
        stop = asyncio.Event()
        on_signals(stop.set)
        with self.console.status("Topics, accounts, databases …"):
            place = provision.from_environment()
            await provision.everything(place, with_databases=_own_postgres() or "DATABASE_ADMIN_URL" in os.environ)
            settings = [self._settings(place, name) for name in SERVICES]
            for each in settings:
                await migrate(each)
        async with AsyncExitStack() as stack:
            traces = telemetry.watch(Traces())
            catcher = MailCatcher(self.smtp)
            await catcher.start()
            stack.push_async_callback(catcher.stop)
            with self.console.status("Services …"):
                parted = await self.stage.services(settings, stack)
            services = [each.service for each in parted]
            year = await stack.enter_async_context(self.stage.year(place, parted))
            front = Front(self.public_url, [s.name for s in services], place.clients,
                          place.kafka["bootstrap.servers"], year.loading)
            app = compose(services, {
                "/issuer": issuer.application(f"{self.public_url}/issuer", system_clock, demo=True),
                "/mail": catcher.app(),
                "/traces": traces.app(),
            }, [*events.Pages().routes(), *front.routes()])
            await stack.enter_async_context(
                listening(AtPublicAddress(app, self.public_url), self.host, self.port))
            self._say(services, place)
            await self._until(stop, year)

    def _settings(self, place: provision.Place, service: str) -> Settings:
        """A service's settings here; what the environment says of its database and TLS goes before."""
        env = os.environ
        made = place.settings(
            service, public_url=self.public_url, issuer=f"{self.public_url}/issuer", smtp_port=self.smtp, demo=True,
            extra=self.stage.extra)
        return replace(
            made, database_url=env.get(f"DATABASE_URL_{service.upper()}") or env.get("DATABASE_URL")
            or made.database_url,
            kafka_ca=Path(env["KAFKA_CA"]) if "KAFKA_CA" in env else None,
            database_ca=Path(env["DATABASE_CA"]) if "DATABASE_CA" in env else None)

    def _say(self, services: Sequence[Service], place: provision.Place) -> None:
        """Where to look, and whom to be."""
        table = Table(title="Whom to be (nobody has a password)", title_justify="left", title_style="bold", box=None,
                      pad_edge=False, header_style="dim")
        for column in ("role", "name", "begin at"):
            table.add_column(column, overflow="fold", no_wrap=column != "role")
        for row in rows(self.public_url, [s.name for s in services]):
            table.add_row(row.role, row.person.name, row.address)
        self.console.print(table)
        for what, where in (
            ("Front page", f"{self.public_url}/"), ("Mails", f"{self.public_url}/mail/"),
            ("Client files of other systems", str(place.clients)), ("Log", str(self.folder / "demo.log")),
        ):
            self.console.print(f"{what}: {where}", markup=False, highlight=False, soft_wrap=True)
        self.console.print("Ctrl-C ends it.")

    async def _until(self, stop: asyncio.Event, year: Year) -> None:
        """Until Ctrl-C, telling how far the year is; raises where a server has ended or the disk is full."""
        stopped = asyncio.create_task(stop.wait())
        shown = asyncio.create_task(year.show(self.console))
        try:
            while not stopped.done():
                await asyncio.wait({stopped}, timeout=WATCH_SECONDS)
                self._watch()
        finally:
            shown.cancel()
            stopped.cancel()
            self.console.print("Ending …")

    def _watch(self) -> None:
        for server, own in ((self.servers.kafka, _own_kafka()), (self.servers.postgres, _own_postgres())):
            if own and server.pid is None:
                raise EmbeddedError(f"{type(server).__name__} has ended. Its log is {server.log}. Start again; nothing "
                                    "that was stored is lost.")
        disk = os.statvfs(self.folder)
        if disk.f_bavail * disk.f_frsize < LEAST_BYTES:
            raise full_disk(self.folder)


def _own_kafka() -> bool:
    return "KAFKA_BOOTSTRAP" not in os.environ


def _own_postgres() -> bool:
    return not any(name.startswith("DATABASE_URL") or name == "DATABASE_ADMIN_URL" for name in os.environ)


@contextmanager
def _servers(folder: Path, console: Console) -> Iterator[Servers]:
    """Kafka and Postgres of the folder, where the environment names no others."""
    kafka, postgres = _own_kafka(), _own_postgres()
    first = kafka and not (folder / "embedded" / "jars").exists()
    console.print("Kafka and Postgres are fetched and started; the first time takes a minute." if first
                  else "Kafka and Postgres are started.")
    with running(folder, kafka=kafka, postgres=postgres) as servers:
        if servers.adopted and (kafka or postgres):
            console.print("They had gone on after the last run and were taken over.")
        yield servers


@contextmanager
def _logging_to(file: Path) -> Iterator[None]:
    """JSON lines in one file, the last run's beside it; the terminal keeps to sentences."""
    if file.exists():
        file.replace(file.with_suffix(".log.1"))
    with open(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as stream:
        telemetry.set_up("demo", stream=stream)
        logging.captureWarnings(True)
        warnings.simplefilter("default")
        try:
            yield
        finally:
            logging.getLogger().handlers.clear()


def _first(faults: BaseExceptionGroup[BaseException], file: Path) -> Exception:
    """What ended the demo, in a sentence."""
    leaves: list[BaseException] = []
    todo: list[BaseException] = [faults]
    while todo:
        fault = todo.pop()
        if isinstance(fault, BaseExceptionGroup):
            todo.extend(fault.exceptions)
        else:
            leaves.append(fault)
    for fault in leaves:
        log.error("the demo ended by %s", telemetry.name_of(fault))
        if isinstance(fault, EmbeddedError | SettingsError):
            return fault
    return EmbeddedError(f"A part of the demo failed ({telemetry.name_of(leaves[0])}), so all of it has ended in "
                         f"order. The log is {file}.")


def _port(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise EmbeddedError(f"{name} is {text!r}: give it a port number, 1 to 65535.")
    return int(text)
