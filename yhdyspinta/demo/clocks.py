"""The demo's two times: the year that is played, and now.

While the year is played, what happens in it happens at its own time, and whoever signs in meanwhile acts now: pages
and API of a service run on the machine's time, and an event that is newer than the year's day is handled at the
machine's time too. So a session does not run out with the year's days, and a referral made during the load is of
today.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from chassis.broker import Handler, Subscription
from chassis.clock import system_clock
from chassis.database import Database, Session
from chassis.service import Service, Timer
from contracts.envelope import Event

ENDLESS = frozenset({"keys", "gauges"})
"""Timers that run beside the year as well."""
NOT_OF_THE_YEAR = frozenset({"publish figures", "old rows", "old sessions", "old sign-ins", "old idempotency keys"})
"""Timers whose work the year has no use for; its figures are published each month."""


class DemoClock:
    """Stands at the moment of the year that is played; when nothing is played it is the machine's time."""

    def __init__(self) -> None:
        self._at: datetime | None = None

    def __call__(self) -> datetime:
        return self._at or system_clock()

    def stand_at(self, moment: datetime) -> None:
        self._at = moment.astimezone(UTC)

    @property
    def stands(self) -> bool:
        return self._at is not None

    def run(self) -> None:
        """From here on the machine's time."""
        self._at = None


@dataclass
class Parted:
    """A service on both times. `now` is its pages' and API's database, which the caller closes; `timers` are what it
    does by itself each so often, by hand while the year is played."""

    service: Service
    now: Database
    timers: Sequence[Timer]


def part(service: Service, clock: DemoClock, live_from: datetime) -> Parted:
    """Lets people act now beside the year: pages and API run on the machine's time, and so does what handles an event
    that is not older than `live_from`. Before the service starts."""
    now = Database(service.settings, system_clock)
    now.keys = service.database.keys
    service.app.state.web.database, service.app.state.web.clock = now, system_clock
    # a record is not ahead of time because the year is behind
    service.consumers.clock = system_clock
    for projector in service.projectors:
        projector.clock = system_clock
    service.consumers.subscriptions = [_at_its_time(each, live_from) for each in service.consumers.subscriptions]
    timers = service.timers
    service.timers = [each if each.name in ENDLESS else _not_while_played(each, clock) for each in timers]
    return Parted(service, now, [each for each in timers if each.name not in {*ENDLESS, *NOT_OF_THE_YEAR}])


def _at_its_time(subscription: Subscription, live_from: datetime) -> Subscription:
    def timed(handler: Handler) -> Handler:
        async def handle(db: Session, event: Event[Any]) -> None:
            if event.time >= live_from:
                db.now = system_clock()
            await handler(db, event)

        return handle

    return replace(subscription, handlers={m: timed(handler) for m, handler in subscription.handlers.items()})


def _not_while_played(timer: Timer, clock: DemoClock) -> Timer:
    async def run() -> None:
        if not clock.stands:
            await timer.run()

    return replace(timer, run=run)
