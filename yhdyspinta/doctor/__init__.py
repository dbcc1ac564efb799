"""What may be wrong in a set-up, each with what to do: a list of findings, made without changing anything.

`here` looks at files, disk, plan; `kafka` at the broker as its administrator and as every account; `service` at each
service's database, key store, outbox and pages; `certificates` at whatever is spoken to with TLS.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from chassis.settings import Settings, SettingsError
from contracts.topics import SERVICES
from yhdyspinta import provision
from yhdyspinta.doctor import certificates, here, kafka, service
from yhdyspinta.doctor.finding import Finding, State, wrong

__all__ = ["Finding", "State", "examine"]


async def examine(place: provision.Place | None, settings: Callable[[str], Settings], services: Sequence[str],
                  now: datetime) -> list[Finding]:
    """All that can be said of the set-up. `place` is None where the administrator's ways are not known here; `settings`
    gives a service's, or raises `SettingsError`."""
    known: dict[str, Settings] = {}
    found: list[Finding] = list(here.plan_in_force(now))
    for name in services:
        try:
            known[name] = settings(name)
        except SettingsError as fault:
            found.append(wrong("settings", name, str(fault), "Set it, or run this where the service runs."))
    found += here.files(place, known.values())
    parts = await asyncio.gather(
        asyncio.to_thread(kafka.examine, place, known, everyone=set(services) == set(SERVICES)),
        asyncio.to_thread(certificates.examine, known.values(), now),
        *(service.examine(each) for each in known.values()),
    )
    return [*found, *_flat(parts)]


def _flat(parts: Iterable[Iterable[Finding]]) -> Iterable[Finding]:
    return (finding for part in parts for finding in part)
