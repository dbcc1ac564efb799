"""What reporting does with topics that it does not fold: the area's reports are taken in one by one, for their
sender reads why one is refused; and who leaves the directory is signed out."""

from collections.abc import Awaitable, Callable
from typing import Any

from chassis import directory
from chassis.broker import Subscription
from chassis.database import Session, driver
from contracts.envelope import Event
from contracts.events.results import CostsReported, ResultsReported
from services.reporting.fold import RESULTS_TOPIC, FactsFold, Pseudonym


def subscriptions(pseudonym: Pseudonym, changed: Callable[[], Awaitable[None]]) -> tuple[Subscription, ...]:
    """`changed` is told when the figures may be others."""

    async def take_report(db: Session, event: Event[Any]) -> None:
        """A later report of the month replaces it. Raises `Refusal` (`unknown-code`, `year-closed`)."""
        fold = FactsFold(pseudonym)
        fold.add(event)
        await fold.write(await driver(db.connection))
        await changed()

    return (
        Subscription(RESULTS_TOPIC, {ResultsReported: take_report, CostsReported: take_report}),
        directory.FOLLOWING,
    )
