"""`yhdyspinta doctor`: everything that can be wrong in a set-up, each with what to do."""

import asyncio
import os
from collections import Counter
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from chassis.clock import system_clock
from chassis.settings import SettingsError
from yhdyspinta import doctor as doctors
from yhdyspinta import provision
from yhdyspinta.commands import output
from yhdyspinta.commands.setup import Services, known
from yhdyspinta.doctor import Finding, State

SIGNS = {State.GOOD: "✓", State.ATTEND: "!", State.WRONG: "✗", State.UNKNOWN: "?"}


def doctor(
    services: Services = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only what is not good.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Looks at all that can be wrong in a set-up, and says what it found and what to do. Changes nothing.

    Broker, accounts, access list, topics, lag, dead letters, databases, schemas, outboxes, key stores, secrets,
    certificates, clocks, disk, plan, mail, pages.

    Exit code 0: nothing is wrong; 1: something is, or nothing is set up here; 2: used wrongly. Lines with ! work and
    want somebody's attention.
    """
    folder = provision.folder()
    if "KAFKA_BOOTSTRAP" not in os.environ and not (folder / "secrets").exists():
        output.give_up(f"Nothing is set up in {folder}. Run `make demo`, or set KAFKA_BOOTSTRAP and DATABASE_ADMIN_URL "
                       "and run `yhdyspinta provision`; YHDYSPINTA_VAR names another folder.")
    place: provision.Place | None
    try:
        place = provision.from_environment()
    except SettingsError:
        place = None
    with Console(stderr=True).status("Looking at broker, databases, files …"):
        found = asyncio.run(doctors.examine(place, provision.settings_of, known(services), system_clock()))
    if json:
        output.as_json([asdict(finding) for finding in found])
    else:
        _print([finding for finding in found if not quiet or finding.state != State.GOOD])
        counted = Counter(finding.state for finding in found)
        output.say(f"{counted[State.GOOD]} good, {counted[State.ATTEND]} to attend to, {counted[State.WRONG]} wrong, "
                   f"{counted[State.UNKNOWN]} not known.")
    if any(finding.state == State.WRONG for finding in found):
        raise typer.Exit(1)


def _print(found: list[Finding]) -> None:
    for finding in found:
        output.say(f"{SIGNS[finding.state]} {finding.area}, {finding.about}: {finding.says}")
        if finding.do:
            output.say(f"    → {finding.do}")
