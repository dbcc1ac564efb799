"""What comes to the service corridor and where the clerk directs it: nearly all is the employment area's [3.7]."""

from collections.abc import Iterator, Mapping
from random import Random

from contracts import plan
from services.referral.triage.domain import Channel
from yhdyspinta.demo.acts import Act, DirectInquiry
from yhdyspinta.demo.script.days import BUSY, moment, open_days, within

CLERK = "anne-esimerkki"
A_DAY = (1, 2, 3, 3, 4, 6)
"""How many come on a day."""
CHANNELS: Mapping[Channel, int] = {"post": 2, "call": 5, "email": 2, "visit": 4}
SELDOM = {"named-person": 0.4, "named-person-asked": 0.4, "international-recruitment": 0.1}
"""What decides less often than the rest, among a channel's rules."""


def inquiries(year: int) -> Iterator[Act]:
    """A year's inquiries, by the rules that the plan has on the day."""
    rng = Random(f"corridor {year}")
    for day in open_days(*within(year)):
        for number in range(round(rng.choice(A_DAY) * BUSY[day.month - 1])):
            channel = rng.choices(list(CHANNELS), list(CHANNELS.values()))[0]
            rules = list(plan.on(day).triage.form(channel))
            rule = rng.choices(rules, [SELDOM.get(code, 1.0) for code in rules])[0]
            yield DirectInquiry(at=moment(rng, day, 8, 15), key=f"inquiry-{day}-{number}", by=CLERK, channel=channel,
                                rule=rule)
