"""What this machine alone can tell: secrets and client files, disk, the plan."""

import shutil
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

from chassis.calendar import helsinki_day
from chassis.secret_files import OPEN_TO_OTHERS
from chassis.settings import Settings
from contracts import plan
from yhdyspinta import provision
from yhdyspinta.doctor.finding import Finding, attend, good, wrong
from yhdyspinta.embedded.processes import NEEDED_BYTES

ROOM = 2_000_000_000
"""Free bytes below which somebody should see to the disk."""
NEEDED = ("kafka-password", "database-password")


def plan_in_force(now: datetime) -> Iterator[Finding]:
    """Whether a plan is in force today, and for how long."""
    today = helsinki_day(now)
    current = plan.on(today)
    until = f"{plan.ALL[-1].valid_until:%Y-%m-%d}"
    do = "Put the next plan's file into contracts/plan and bring the services to that version."
    if current.outside_validity:
        yield wrong("plan", str(current.year), f"No plan is in force today: that of {current.year} is used.", do)
    elif plan.runs_out(today):
        yield attend("plan", str(current.year), f"The last plan ends on {until}, and none follows.", do)
    else:
        yield good("plan", str(current.year), f"The plan of {current.year} is in force; the last one ends on {until}.")


def files(place: provision.Place | None, services: Collection[Settings]) -> list[Finding]:
    """Secret files, client files and the disks that they and the key stores lie on."""
    found = [finding for each in services for finding in _secrets(each)]
    if place is not None and place.clients.is_dir():
        found.append(_modes("secrets", "clients", place.clients))
    folders = {each.keys for each in services if each.keys} | {each.secrets for each in services}
    if place is not None:
        folders.add(place.folder)
    return [*found, *_disks([folder for folder in folders if folder.exists()])]


def _secrets(settings: Settings) -> Iterator[Finding]:
    folder, service = settings.secrets, settings.service
    if not folder.is_dir():
        yield wrong("secrets", service, f"The folder of secrets {folder} is not there.",
                    "Run `yhdyspinta provision`, or set SECRETS_DIR.")
        return
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        yield wrong("secrets", service, f"{folder} lacks {', '.join(missing)}.",
                    "Run `yhdyspinta provision`, or put the files there, readable by the service's user alone.")
    yield _modes("secrets", service, folder)


def _modes(area: str, about: str, folder: Path) -> Finding:
    """Whether nobody else can read what is in a folder."""
    open_ones = sorted(f for f in folder.iterdir() if f.is_file() and f.stat().st_mode & OPEN_TO_OTHERS)
    if open_ones:
        return wrong(area, about, f"Others can read {', '.join(f.name for f in open_ones)} in {folder}.",
                     f"Run `chmod 600 {folder}/*`, and make anew what others may have read.")
    return good(area, about, f"The files in {folder} are their owner's alone.")


def _disks(folders: Collection[Path]) -> Iterator[Finding]:
    """The room on each disk, told once."""
    for folder in {each.stat().st_dev: each for each in sorted(folders, reverse=True)}.values():
        free = shutil.disk_usage(folder).free
        says = f"The disk of {folder} has {free // 1_000_000} MB left."
        do = "Make room: Kafka and Postgres end by themselves on a full disk, and lose nothing."
        if free < NEEDED_BYTES:
            yield wrong("disk", str(folder), says, do)
        elif free < ROOM:
            yield attend("disk", str(folder), says, do)
        else:
            yield good("disk", str(folder), says)
