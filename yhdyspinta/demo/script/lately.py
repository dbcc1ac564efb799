"""The last days before the year ends: what then waits for people, whatever day of the year it is.

Nothing here begins or ends, so no figure of a year changes.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from chassis.calendar import add_business_days, is_business_day
from contracts.events.casework import Origin
from contracts.events.coaching import RightAddress
from yhdyspinta.demo import acts
from yhdyspinta.demo.acts import Act
from yhdyspinta.demo.script.clients import KINDS, NEEDS, Person, people
from yhdyspinta.demo.script.days import moment

REFERRED = (
    (9, "coaching", "petra-kuvitelma"), (7, "outreach", "mikko-mallila"), (6, "coaching", "mikko-mallila"),
    (3, "pointti", "aino-esimerkki"), (2, "coaching", "aino-esimerkki"), (1, "coaching", "mikko-mallila"),
    (1, "ohjaamo", "jonas-harjoitus"), (0, "coaching", "mikko-mallila"), (0, "pointti", "mikko-mallila"),
)
"""Business days before the last one, service, case manager. The first has waited too long by now."""

APPROACHED: tuple[tuple[int, str, str, Origin], ...] = (
    (4, "laura-kokeilu", "lempaala", "self"), (2, "veera-keksitty", "vesilahti", "yhteisetsiva"),
)
"""Young people who get in touch by themselves: business days before the last one, who records it, residence, origin."""


def acts_of(until: date) -> Iterator[Act]:
    """Referrals and approaches of the last days: some not opened yet, one late, two given back, one withdrawn."""
    rng, last = Random(f"lately {until}"), until
    while not is_business_day(last):
        last -= timedelta(days=1)

    def day(before: int) -> date:
        return add_business_days(last, -before)

    for number, (before, service, case_manager) in enumerate(REFERRED, 1):
        person, key = _client(rng, service, until.year), f"lately-{until}-{number}"
        yield acts.Refer(
            at=moment(rng, day(before), 9, 12), key=f"{key}/refer", by=case_manager, referral=key,
            municipality=person.municipality, birth_year=person.birth_year, to=service, need=NEEDS[service],
            name=person.name, phone=person.phone)
        if number == 2:
            yield acts.GiveBack(at=moment(rng, day(2), 13, 15), key=f"{key}/return", by="laura-kokeilu", case=key,
                                reason="no-capacity")
        elif number == 3:
            yield acts.GiveBack(
                at=moment(rng, day(1), 13, 15), key=f"{key}/return", by="juha-mallila", case=key,
                reason="wrong-address", right_address=RightAddress(organisation="lempaala", service="ohjaamo"))
        elif number == 5:
            yield acts.Reveal(at=moment(rng, day(1), 13, 13), key=f"{key}/reveal", by="sanni-esimerkki", case=key)
            yield acts.Attempt(at=moment(rng, day(1), 14, 14), key=f"{key}/attempt", by="sanni-esimerkki", case=key,
                               channel="call", reached=False)
        elif number == 6:
            yield acts.WithdrawAtArea(at=moment(rng, day(0), 13, 15), key=f"{key}/withdraw", by=case_manager,
                                      referral=key)
    for number, (before, worker, municipality, origin) in enumerate(APPROACHED, 1):
        key = f"lately-{until}-own-{number}"
        yield acts.OpenCase(
            at=moment(rng, day(before), 9, 12), key=f"{key}/open", by=worker, case=key, municipality=municipality,
            of="outreach", origin=origin, asked_on=day(before))


def _client(rng: Random, service: str, year: int) -> Person:
    """Somebody from Lempäälä, where every service but one is."""
    return next(p for p in people(rng, year, service) if KINDS[service].providers.get("lempaala")
                and p.municipality == "lempaala")
