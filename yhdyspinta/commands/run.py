"""`yhdyspinta demo` and `yhdyspinta serve`: everything on this machine, or services on servers of your own."""

import asyncio
import os
from typing import Annotated

import typer

from yhdyspinta import provision
from yhdyspinta.commands import output
from yhdyspinta.commands.setup import known

LOOPBACK = "127.0.0.1"


def demo(
    host: Annotated[str, typer.Option(help="Address to listen on; this machine's own alone.")] = LOOPBACK,
    port: Annotated[int, typer.Option(help="Port of the pages.", min=1, max=65535)] = 8000,
) -> None:
    """Starts Kafka, Postgres and all services on this machine, with generated people. Ctrl-C ends it.

    Exit code 0: it was ended; 1: it did not start, or a server ended; 2: used wrongly.
    """
    from yhdyspinta.demo.run import run

    run(provision.folder(), host, port)


def serve(
    services: Annotated[list[str] | None, typer.Argument(help="Which services; all when none is named.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = LOOPBACK,
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
) -> None:
    """Runs services on the broker and databases that the environment names. Off 127.0.0.1 HTTP_CERTIFICATE and HTTP_KEY
    name the PEM files of its HTTPS.

    Exit code 0: they were ended (SIGTERM, Ctrl-C); 1: they did not start; 2: used wrongly.
    """
    from yhdyspinta.serve import Certificate
    from yhdyspinta.serve import serve as serve_them

    if host != LOOPBACK and os.environ.get("YHDYSPINTA_DEMO") == "1" and Certificate.from_environment() is None:
        output.give_up("The demo's sign-in asks for no password, so it listens on 127.0.0.1 alone. Set OIDC_ISSUER to "
                       "an issuer of your own and unset YHDYSPINTA_DEMO.")
    asyncio.run(serve_them([provision.settings_of(service) for service in known(services)], host, port))
