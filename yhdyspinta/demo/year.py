"""The demo's year is played, not faked: day by day, through the handlers and topics that everybody else uses.

Each day the clock is set, what time does by itself is done (deadlines, the turn of the year, what is forgotten), the
day's acts are done in order, and the day ends when all that they set going has come to rest. Each month the figures
are published. Broken off at any point, it goes on where it stopped: the day in hand is played again, and what was done
of it is not done twice.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from time import monotonic

from babel.dates import format_date
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from chassis import calendar
from chassis.calendar import helsinki_day
from chassis.database import Database
from chassis.decisions import Refused
from chassis.telemetry import name_of
from services.reporting.publishing import publish
from yhdyspinta.demo import script
from yhdyspinta.demo.acts import Act, Command, Publish
from yhdyspinta.demo.clocks import DemoClock, Parted
from yhdyspinta.demo.front import Loading
from yhdyspinta.demo.progress import Progress
from yhdyspinta.demo.quiet import NotQuietError, Quiet
from yhdyspinta.demo.script.days import first_day
from yhdyspinta.demo.systems import NotTakenError, Systems, made_up
from yhdyspinta.embedded import EmbeddedError
from yhdyspinta.provision import Place

log = logging.getLogger(__name__)

MORNING = time(8)
"""When offices open, and owners are reminded."""
EACH_DAY = frozenset({"deadlines", "client situations"})
"""Timers of the services that are due every day of the year (months open on their first); the others each week."""
SECONDS_A_DAY = 180
"""Longest wait for a day's effects; on a busy machine a busy day takes seconds."""


class Year:
    """The year of one demo: `first_year`, then the next up to `until`. `run` plays it to its end or until `stop`; open
    it with `async with`. `acts`: another script than the demo's own."""

    def __init__(self, place: Place, parted: Sequence[Parted], clock: DemoClock, progress: Progress, *,
                 first_year: int, until: date, acts: Sequence[Act] | None = None) -> None:
        self.clock, self.progress = clock, progress
        self.first_year, self.until, self._acts = first_year, until, acts
        services = {each.service.name: each.service for each in parted}
        self.timers = {each.service.name: each.timers for each in parted}
        self.first_day = first_day(self.first_year)
        self.systems = Systems(place.clients, place.prefix, place.kafka)
        self.quiet = Quiet(services, place.kafka, clock)
        self.refused: list[str] = []
        self._databases = {
            name: service.database if name != "notify" else Database(service.settings, clock)
            for name, service in services.items()
        }
        self.failed = ""
        self._stopping = False
        self._changed = asyncio.Event()

    async def __aenter__(self) -> "Year":
        await self.quiet.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.quiet.close()
        await self._databases["notify"].close()

    def database(self, service: str) -> Database:
        """A service's database on the year's clock."""
        return self._databases[service]

    def stop(self) -> None:
        """Plays no more once the act in hand is done."""
        self._stopping = True

    # --- how far it is

    def loading(self, language: str = "fi") -> Loading:
        return loading(self.progress, self.first_day, self.until, language, stopped=bool(self.failed))

    def notice(self) -> str | None:
        """What stands above every page while the year is loading."""
        if self.progress.complete:
            return None
        at = self.loading()
        return (f"Demon vuosi latautuu: nyt {at.day}, viimeinen päivä {at.until}. Luettelot ja luvut täyttyvät, ja "
                "vanhat määräajat näkyvät myöhässä, kunnes lataus on valmis.")

    async def show(self, console: Console) -> None:
        """Progress in the terminal, until it is done."""
        if self.progress.complete:
            return
        columns = (TextColumn("The demo's year"), BarColumn(), TextColumn("{task.fields[day]}"), TimeElapsedColumn())
        with Bar(*columns, console=console, transient=True) as bar:
            task = bar.add_task("", total=1.0, day="")
            while not (self.progress.complete or self.failed):
                at = self.loading("en")
                bar.update(task, completed=at.share, day=f"{at.day} of {at.until}")
                await self._change(1.0)
        until = _spelled(self.until, "en")
        console.print(self.failed or f"The demo's year has been played up to {until}. From here on time runs.")

    async def ended(self) -> None:
        """Returns when the year is complete or was broken off."""
        while not (self.progress.complete or self.failed):
            await self._change(5.0)

    async def _change(self, seconds: float) -> None:
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            pass

    # --- playing

    async def run(self) -> None:
        """Plays what is left of the year; then the clock runs. What ends it before is in `failed`, a sentence: people
        go on without it, and the clock stands, for what the year set going is of its days."""
        try:
            if not self.progress.complete and await self.play():
                await self._arrive()
        except Exception as fault:
            why = str(fault) if isinstance(fault, NotQuietError | NotTakenError | EmbeddedError) else name_of(fault)
            log.error("the year was broken off: %s", why)
            self.failed = f"The demo's year was broken off ({why}). Start again, and it goes on from there."
        if self.progress.complete:
            self.clock.run()
        self._changed.set()

    async def play(self) -> bool:
        """Plays the days that are left; False when it was stopped before."""
        self.progress.begin(script.identity(self.first_year))
        acts = self._acts
        if acts is None:
            acts = await asyncio.to_thread(script.write, self.first_year, self.until)
        days = _by_day(acts)
        began = monotonic()
        day = self.progress.done_until or self.first_day - calendar.ONE_DAY
        await self.quiet.wait(SECONDS_A_DAY)
        while day < self.until:
            day += calendar.ONE_DAY
            if self._stopping or not await self._day(day, days.get(day, ())):
                return False
        log.info("the year was played up to %s in %.0f s", self.until, monotonic() - began)
        return True

    async def _day(self, day: date, acts: Sequence[Act]) -> bool:
        """One day, whole; False when it was broken off."""
        busy = bool(acts) or calendar.is_business_day(day)
        if busy:
            self.clock.stand_at(calendar.at(day, MORNING))
            await self._what_time_does(day)
            for act in acts:
                if self._stopping:
                    return False
                await self._act(act)
            await self.systems.flush()
            await self.quiet.wait(SECONDS_A_DAY)
            if _is_first_open(day):
                await self._publish_figures()
        self.progress.day_is_done(day)
        self._changed.set()
        return True

    async def _act(self, act: Act) -> None:
        self.clock.stand_at(act.at)
        if isinstance(act, Publish):
            self.systems.publish(act.system, made_up("event", act.key), act.at, act.told(self.progress.referrals))
        elif isinstance(act, Command):
            try:
                async with self.database(act.service).begin() as db:
                    await act.once(db, self.progress.referrals)
            except (Refused, LookupError, ValueError) as fault:  # somebody acted in the same case meanwhile
                code = fault.refusal.code if isinstance(fault, Refused) else "not-there"
                self.refused.append(f"{act.key} {type(act).__name__}: {code}")
                log.warning("the year's act %s (%s) was refused: %s", act.key, type(act).__name__, code)

    async def _what_time_does(self, day: date, *, all_of_it: bool = False) -> None:
        """What the services do by themselves each so often: the deadlines each day, all else each week and at the
        turn of a month."""
        all_of_it = all_of_it or _is_first_open(day) or day.weekday() == 0
        for name, timers in self.timers.items():
            for timer in timers:
                if name != "notify" and (all_of_it or timer.name in EACH_DAY):
                    await timer.run()

    async def _publish_figures(self) -> None:
        async with self.database("reporting").begin() as db:
            await publish(db)

    async def _arrive(self) -> None:
        """The moment before this run began: what is due by then is told, and nobody is mailed of it."""
        self.clock.stand_at(self.progress.began - timedelta(seconds=1))
        await self._what_time_does(helsinki_day(self.progress.began), all_of_it=True)
        await self.quiet.wait(SECONDS_A_DAY)
        await self._publish_figures()
        await self.quiet.wait(SECONDS_A_DAY)
        self.progress.year_is_done()


def loading(progress: Progress, first_day: date, until: date, language: str, *, stopped: bool = False) -> Loading:
    """How far a year is that lasts from `first_day` until `until`."""
    done = until if progress.complete else progress.done_until or first_day
    whole = (until - first_day).days or 1
    return Loading(min(1.0, max(0.0, (done - first_day).days / whole)), _spelled(done, language),
                   _spelled(until, language), progress.complete, stopped)


def _by_day(acts: Sequence[Act]) -> Mapping[date, Sequence[Act]]:
    days: dict[date, list[Act]] = defaultdict(list)
    for act in acts:
        days[helsinki_day(act.at)].append(act)
    return days


def _is_first_open(day: date) -> bool:
    """Whether it is the month's first business day."""
    return calendar.is_business_day(day) and calendar.add_business_days(day, -1).month != day.month


def _spelled(day: date, language: str) -> str:
    return format_date(day, "d.M.y" if language == "fi" else "d MMM y", locale=language)
