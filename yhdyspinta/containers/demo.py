"""The demo in containers: its front page, sign-in and mails in one, its year in another that ends when it is played.

The services' containers start when the year has been played: it is played by all of them in one process, on the year's
own clock. Front page and mails are there meanwhile, and tell how far it is.
"""

import asyncio
import os
import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from chassis.clock import system_clock
from chassis.database import Database
from chassis.settings import SettingsError
from chassis.settings import from_environment as service_settings
from yhdyspinta import events
from yhdyspinta.demo import directory, issuer
from yhdyspinta.demo.front import Front, Loading
from yhdyspinta.demo.mail_catcher import MailCatcher
from yhdyspinta.demo.progress import Progress
from yhdyspinta.demo.stage import Stage
from yhdyspinta.demo.year import loading
from yhdyspinta.provision import Place
from yhdyspinta.serve import SERVICES, Certificate, compose, listening, on_signals

ADDRESS = "https://demo:8443"
PORT, SMTP_PORT = 8443, 1025
ANYWHERE = "0.0.0.0"  # noqa: S104 - the container's own networks; the gateway listens for this machine alone


def progress_file(folder: Path) -> Path:
    return folder / "demo" / "progress.json"


def services_at(environment: Mapping[str, str]) -> dict[str, str]:
    """The public address of each service, from `PUBLIC_URL_<SERVICE>`."""
    try:
        return {service: environment[f"PUBLIC_URL_{service.upper()}"] for service in SERVICES}
    except KeyError as missing:
        raise SettingsError(f"{missing.args[0]} is not set. Give the address of the service in a browser.") from None


async def front(folder: Path, public_url: str, kafka_outside: str) -> None:
    """Answers until SIGTERM: the front page and the mails, and the issuer, which the services reach at `ADDRESS`."""
    tls = Certificate.from_environment()
    if tls is None:
        raise SettingsError("HTTP_CERTIFICATE and HTTP_KEY are not set. Give this container's PEM files.")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tls.certificate, tls.key)
    stop = asyncio.Event()
    on_signals(stop.set)

    def how_far(language: str) -> Loading:
        stage = Stage(Progress(progress_file(folder)))
        return replace(loading(stage.progress, stage.first_day, stage.until, language), apart=True)

    page = Front(public_url, SERVICES, Path("clients"), kafka_outside, how_far)
    catcher = MailCatcher(SMTP_PORT, ANYWHERE, context)
    app = compose((), {
        "/issuer": issuer.application(f"{ADDRESS}/issuer", system_clock, demo=os.environ.get("YHDYSPINTA_DEMO") == "1",
                                      seen_at=f"{public_url}/issuer", services_at=services_at(os.environ)),
        "/mail": catcher.app(),
    }, [*events.Pages().routes(), *page.routes()])
    await catcher.start()
    try:
        async with listening(app, ANYWHERE, PORT, tls):
            await stop.wait()
    finally:
        await catcher.stop()


async def play(place: Place, *, days: bool) -> str:
    """Fills the directory and plays what is left of the year, or with `days` unset lets the demo begin today.

    Returns why it was broken off, a sentence; empty when it is complete.
    """
    stage = Stage(Progress(progress_file(place.folder)))
    if stage.progress.complete:
        return ""
    settings = [replace(service_settings(service), extra=dict(stage.extra)) for service in SERVICES]
    if not days:
        database = Database(next(each for each in settings if each.service == "notify"), system_clock)
        await directory.fill(database, stage.today)
        await database.close()
        stage.progress.year_is_done()
        return ""
    stop = asyncio.Event()
    on_signals(stop.set)
    async with AsyncExitStack() as stack:
        parted = await stage.services(settings, stack)
        year = await stack.enter_async_context(stage.year(place, parted))
        stopped, ended = asyncio.create_task(stop.wait()), asyncio.create_task(year.ended())
        await asyncio.wait({stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        ended.cancel()
    if not stage.progress.complete:
        return year.failed or "The demo's year was stopped. `docker compose up` goes on from there."
    return ""
