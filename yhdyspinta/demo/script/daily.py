"""What the Ohjaamos and outreach do beside the cases of others: visits without an appointment, a month's phenomena."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from contracts import plan
from contracts.events.casework import Outcome
from yhdyspinta.demo import acts
from yhdyspinta.demo.acts import Act
from yhdyspinta.demo.script.days import later, moment, open_day, some_day, within

VISITS = {"lempaala": ("emma-mallila", 70), "vesilahti": ("minna-kokeilu", 18)}
"""Who receives at each Ohjaamo, and how many come in a year."""
TEAMS = {"lempaala": ("laura-kokeilu", 6), "vesilahti": ("veera-keksitty", 2)}
"""Who records each municipality's phenomena, and how often one is met in a month at most."""
ENDS: tuple[Outcome, ...] = ("got-needed-service", "other-service", "education", "work")


def visits(year: int) -> Iterator[Act]:
    """Most matters are settled at once; of the others the case goes on for some weeks [3.5]."""
    for ohjaamo, (worker, many) in VISITS.items():
        rng = Random(f"visits {ohjaamo} {year}")
        topics = list(plan.on(date(year, 12, 31)).codes["ohjaamo-topic"])
        for number in range(1, many + 1):
            key, day = f"{year}-visit-{ohjaamo}-{number}", some_day(rng, *within(year))
            home = "vesilahti" if ohjaamo == "vesilahti" or rng.random() < 0.1 else "lempaala"
            settled = rng.random() < 0.85
            yield acts.ReceiveVisitor(
                at=moment(rng, day, 12, 15), key=f"{key}/visit", by=worker, case=key, municipality=home,
                ohjaamo=ohjaamo, topic=rng.choice(topics), settled=settled)
            if not settled:
                ended_on = later(day, rng.randint(4, 25))
                yield acts.End(at=moment(rng, ended_on, 13, 15), key=f"{key}/end", by=worker, case=key, on=ended_on,
                               outcome=rng.choice(ENDS))


def phenomena(year: int) -> Iterator[Act]:
    """Each month's observations come in the first days of the next [3.4]."""
    for municipality, (worker, most) in TEAMS.items():
        rng = Random(f"phenomena {municipality} {year}")
        for number in range(1, 13):
            month = date(year, number, 1)
            codes = plan.on(month).codes["phenomenon"]
            day = later(open_day((month + timedelta(days=32)).replace(day=1)), rng.randint(1, 6))
            yield acts.RecordPhenomena(
                at=moment(rng, day, 9, 14), key=f"{year}-phenomena-{municipality}-{number}", by=worker,
                municipality=municipality, month=month, counts={code: rng.randint(0, most) for code in codes})
