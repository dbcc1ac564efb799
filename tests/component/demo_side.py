"""The demo's year in a test's world: all six services, a script of one's own, a mail server that catches."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import orjson

from chassis import calendar
from chassis.clock import system_clock
from chassis.service import together
from contracts.topics import SERVICES, TOPICS
from yhdyspinta.demo import clocks, directory, script
from yhdyspinta.demo.acts import Act
from yhdyspinta.demo.clocks import DemoClock, Parted
from yhdyspinta.demo.mail_catcher import MailCatcher
from yhdyspinta.demo.progress import Progress
from yhdyspinta.demo.script.days import first_day
from yhdyspinta.demo.year import Year
from yhdyspinta.embedded.processes import free_port
from yhdyspinta.serve import build

FIRST_YEAR = calendar.helsinki_day(system_clock()).year - 1


def some_acts(until: date) -> list[Act]:
    """A small part of the script, whole courses of it, up to a day: every ninth case and company."""
    return [act for act in script.write(FIRST_YEAR, until)
            if int.from_bytes(act.key.split("/")[0].encode()) % 9 == 0]


@dataclass
class Demo:
    """What runs: the year, its services on both times, and the mails that were sent."""

    year: Year
    parted: dict[str, Parted]
    mails: MailCatcher


@asynccontextmanager
async def demo(world: Any, folder: Path, until: date, acts: list[Act]) -> AsyncIterator[Demo]:
    """The services of the demo, with its year to be played from where `folder` says it is."""
    progress, clock = Progress(folder / "progress.json"), DemoClock()
    mails = MailCatcher(free_port())
    async with AsyncExitStack() as stack:
        await mails.start()
        stack.push_async_callback(mails.stop)
        if not progress.complete:
            clock.stand_at(progress.stands_at(first_day(FIRST_YEAR)))
        today = calendar.at(calendar.helsinki_day(progress.began), time.min)
        extra = {"notices_from": progress.began.isoformat(), "figures_from": str(FIRST_YEAR)}
        parted = {}
        for name in SERVICES:
            settings = world.settings(name, demo=True, smtp_port=mails.port, extra=extra)
            parted[name] = clocks.part(
                build(settings, system_clock if name == "notify" else clock), clock, live_from=today)
            stack.push_async_callback(parted[name].now.close)
        await stack.enter_async_context(together([each.service for each in parted.values()]))
        year = await stack.enter_async_context(Year(
            world.place, list(parted.values()), clock, progress, first_year=FIRST_YEAR, until=until, acts=acts))
        await directory.fill(year.database("notify"), calendar.helsinki_day(progress.began))
        yield Demo(year, parted, mails)


async def told(world: Any) -> dict[str, Counter[str]]:
    """What lies on the common topics, without what differs each time: random ids, keys, times of the day."""
    found = {}
    for name, topic in TOPICS.items():
        if "from-" not in name and name not in ("area.contact-details.v1", "shared.audit-heads.v1"):
            records = await world.records(name)
            found[topic.name] = Counter(_plain(r.value) for r in records if r.value)
    return found


_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SECRET = re.compile(r"[A-Za-z0-9_.-]{43,}")


def _plain(value: bytes) -> str:
    event = orjson.loads(value)
    text = orjson.dumps([event["type"], _days({**event["data"], "time": event["time"]})]).decode()
    return _SECRET.sub("key", _ID.sub("id", text))


def _days(value: Any) -> Any:
    """Moments as the day that they are of."""
    if isinstance(value, dict):
        return {name: _days(part) for name, part in sorted(value.items()) if name != "correlationid"}
    if isinstance(value, list):
        return [_days(part) for part in value]
    if isinstance(value, str) and "T" in value and re.match(r"\d{4}-\d\d-\d\dT", value):
        return calendar.helsinki_day(datetime.fromisoformat(value)).isoformat()
    return value
