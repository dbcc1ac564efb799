"""`yhdyspinta demo` and `yhdyspinta serve`: everything on this machine, or services on servers of your own."""

import asyncio
import os
from pathlib import Path
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
    """Starts Kafka, Postgres and all services on this machine, with generated people. Ctrl-C ends it."""
    from yhdyspinta.demo.run import run

    run(provision.folder(), host, port)


def serve(
    services: Annotated[list[str] | None, typer.Argument(help="Which services; all when none is named.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = LOOPBACK,
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    certificate: Annotated[Path | None, typer.Option(help="TLS certificate chain, PEM; needed off 127.0.0.1.",
                                                     envvar="HTTP_CERTIFICATE")] = None,
    key: Annotated[Path | None, typer.Option(help="Its private key, PEM.", envvar="HTTP_KEY")] = None,
) -> None:
    """Runs services on the broker and databases that the environment names."""
    from yhdyspinta.serve import Certificate
    from yhdyspinta.serve import serve as serve_them

    if host != LOOPBACK and os.environ.get("YHDYSPINTA_DEMO") == "1":
        output.give_up("The demo's sign-in asks for no password, so it listens on 127.0.0.1 alone. Set OIDC_ISSUER to "
                       "an issuer of your own and unset YHDYSPINTA_DEMO.")
    asyncio.run(serve_them([provision.settings_of(service) for service in known(services)], host, port,
                           Certificate(certificate, key) if certificate and key else None))


