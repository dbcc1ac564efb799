"""All services in one process on the demo's clocks, and the year that is played on them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, time

from chassis import calendar
from chassis.clock import system_clock
from chassis.service import together
from chassis.settings import Settings
from yhdyspinta.demo import clocks, directory
from yhdyspinta.demo.clocks import DemoClock, Parted
from yhdyspinta.demo.progress import Progress
from yhdyspinta.demo.script.days import first_day
from yhdyspinta.demo.year import Year
from yhdyspinta.provision import Place
from yhdyspinta.serve import build


class Stage:
    """Where the year of `progress` is played: the last full calendar year, and the running one until yesterday."""

    def __init__(self, progress: Progress) -> None:
        self.progress, self.clock = progress, DemoClock()
        began = calendar.helsinki_day(progress.began)
        self.today, self.first_year, self.until = began, began.year - 1, began - calendar.ONE_DAY

    @property
    def first_day(self) -> date:
        return first_day(self.first_year)

    @property
    def extra(self) -> Mapping[str, str]:
        """What its services' settings hold: nobody is mailed of the year, and figures begin with it."""
        return {"notices_from": self.progress.began.isoformat(), "figures_from": str(self.first_year)}

    async def services(self, settings: Sequence[Settings], stack: AsyncExitStack) -> list[Parted]:
        """All services, running. Notify alone lives now: what is of the year's days is old to it."""
        if not self.progress.complete:
            self.clock.stand_at(self.progress.stands_at(self.first_day))
        today = calendar.at(self.today, time.min)
        parted = []
        for each in settings:
            service = build(each, system_clock if each.service == "notify" else self.clock)
            parted.append(clocks.part(service, self.clock, live_from=today))
            stack.push_async_callback(parted[-1].now.close)
        await stack.enter_async_context(together([each.service for each in parted]))
        return parted

    @asynccontextmanager
    async def year(self, place: Place, parted: Sequence[Parted]) -> AsyncIterator[Year]:
        """The demo's year, being played while the block runs; broken off at the end of the act in hand."""
        async with Year(place, parted, self.clock, self.progress, first_year=self.first_year,
                        until=self.until) as year:
            for each in parted:
                each.service.app.state.web.notice = year.notice
            await directory.fill(year.database("notify"), self.today)
            task = asyncio.create_task(year.run(), name="year")
            try:
                yield year
            finally:
                year.stop()
                await task
