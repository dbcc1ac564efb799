"""The manager tells the employment area of each month: as the system counts it, with free places and a wish [3.2]."""

from collections.abc import Iterator
from datetime import date
from random import Random

from chassis.calendar import add_business_days
from contracts.plan import ALL
from yhdyspinta.demo import acts
from yhdyspinta.demo.acts import Act
from yhdyspinta.demo.people import holders
from yhdyspinta.demo.script.days import moment

BY = ALL[-1].client_situation.reported_by
MANAGER = holders(BY.organisation, BY.role)[0].id
FREE_PLACES = {"coaching": (0, 6), "pointti": (0, 4)}


def acts_of(year: int) -> Iterator[Act]:
    """The twelve months of a year, each told on one of the first business days of the next."""
    for month in range(1, 13):
        for service in ALL[-1].client_situation.services:
            code = f"{year}-{month:02}"
            rng = Random(f"situation {service} {code}")
            free = rng.randint(*FREE_PLACES[service])
            after = date(year + month // 12, month % 12 + 1, 1)
            yield acts.ReportSituation(
                at=moment(rng, add_business_days(after, rng.randint(1, 3)), 13, 15), key=f"situation/{service}/{code}",
                by=MANAGER, of=service, month=code, free_places=free, more_referrals_wanted=free > 1)
