"""`yhdyspinta backup DIR` and `yhdyspinta restore DIR`: all stores but the keys."""

import os
from pathlib import Path
from typing import Annotated

import typer

from chassis.clock import system_clock
from yhdyspinta import provision
from yhdyspinta.backup import BackupError, dumps, folders, opened
from yhdyspinta.commands import output


def backup(folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")]) -> None:
    """Writes a backup of all stores but the keys: of the embedded servers while nothing runs, of databases of your own
    (DATABASE_ADMIN_URL) while all goes on.

    Exit code 0: it is made; 1: it could not be made, a database not reached too; 2: used wrongly.
    """
    try:
        if _embedded():
            made = folders.back_up(provision.folder(), folder.absolute(), system_clock(), output.say)
        else:
            made = dumps.back_up(provision.from_environment(), folder.absolute(), system_clock(), output.say)
    except BackupError as fault:
        output.give_up(str(fault))
    output.say(f"The backup of {made.made_at:%Y-%m-%d %H:%M} UTC is in {folder}: {', '.join(made.files)}. It holds "
               "personal data in sealed form and passwords: keep it as you keep those. Keys are never in it.")


def restore(
    folder: Annotated[Path, typer.Argument(help="A folder that `yhdyspinta backup` wrote.")],
    replace: Annotated[bool, typer.Option("--replace", help="What is there now is replaced.")] = False,
) -> None:
    """Puts a backup in the place of what is there, today's keys aside: who has withdrawn since stays erased. The
    services must be down.

    Exit code 0: it is restored; 1: it could not be used, a database not reached too; 2: used wrongly.
    """
    try:
        kind = opened(folder).kind
        if (kind == folders.KIND) is not _embedded():
            output.give_up("This backup is of the embedded servers: unset DATABASE_ADMIN_URL and KAFKA_BOOTSTRAP."
                           if kind == folders.KIND else "This backup is of a server's databases: name it with "
                           "DATABASE_ADMIN_URL, and the broker with KAFKA_BOOTSTRAP.")
        if not replace and _something_there():
            output.give_up("There are data already. Say --replace if they may go.")
        if kind == folders.KIND:
            made = folders.restore(provision.folder(), folder, output.say)
        else:
            made = dumps.restore(provision.from_environment(), folder, output.say)
    except BackupError as fault:
        output.give_up(str(fault))
    output.say(f"Restored as of {made.made_at:%Y-%m-%d %H:%M} UTC. Start the services: they read again what came "
               "after, and keys that are erased stay erased.")


def _embedded() -> bool:
    return "DATABASE_ADMIN_URL" not in os.environ and "KAFKA_BOOTSTRAP" not in os.environ


def _something_there() -> bool:
    return not _embedded() or (provision.folder() / folders.STORES["databases"]).exists()
