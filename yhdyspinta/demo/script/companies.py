"""Made-up companies, and what the CRMs of Lempäälän Kehitys, the employment area and Business Tampere tell of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from contracts.envelope import Data
from contracts.events.leads import EventHeld, EventPlanned, LeadOpened, LeadWithdrawn
from contracts.events.visits import (
    CompanyVisitCancelled,
    CompanyVisitJoined,
    CompanyVisitMade,
    CompanyVisitMoved,
    CompanyVisitPlanned,
    DevelopmentPathUpdated,
)
from yhdyspinta.demo.acts import Act, Publish
from yhdyspinta.demo.script.days import later, moment, open_day, some_day, within
from yhdyspinta.demo.systems import made_up

TRADES = (
    "Metalli", "Puutyö", "Leipomo", "Logistiikka", "Sähkö", "Rakennus", "Hoiva", "Muovi", "Ohjelmisto", "Maatila",
    "Kuljetus", "Siivous", "Konepaja", "Tekstiili", "Elintarvike", "Huolto", "Kiinteistö", "Puutarha",
)
SYSTEM_OF = {
    "lempaalan-kehitys": "lempaalan-kehitys-crm", "tampere-region": "tampere-region-crm",
    "business-tampere": "business-tampere-crm",
}
COORDINATOR = {"lempaala": "lempaalan-kehitys", "vesilahti": "vesilahti"}
PURPOSES = ("getting-to-know", "recruiting", "competence", "growth", "follow-up", "research-and-development")
NEEDS = (
    "labour", "labour", "competence", "growth", "research-and-development", "international-recruiting", "labour",
)
VISITS, PATHS, EVENTS = 110, 24, 12
"""How many a year."""


@dataclass(frozen=True)
class Company:
    business_id: str
    name: str
    municipality: str


def business_id(number: int) -> str | None:
    """The business id of a number with its check digit; None where there is no such id."""
    digits = f"{number:07}"
    rest = sum(int(d) * w for d, w in zip(digits, (7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return None if rest == 1 else f"{digits}-{(11 - rest) % 11}"


def companies() -> list[Company]:
    """Seventy-two of them, a fifth in Vesilahti; names and numbers belong to nobody."""
    numbers = (made for n in range(1, 1000) if (made := business_id(n)))
    rng = Random("companies")
    return [
        Company(next(numbers), f"{first} {trade} Oy (keksitty)", "vesilahti" if rng.random() < 0.2 else "lempaala")
        for first in ("Esimerkin", "Mallilan", "Kuvitelman", "Harjoituksen") for trade in TRADES
    ]


def acts_of(year: int) -> Iterator[Act]:
    """A year's visits, leads, steps of development paths and events."""
    known, rng = companies(), Random(f"companies {year}")
    for number in range(1, VISITS + 1):
        yield from _Visit(Random(f"visit {year} {number}"), f"{year}-visit-{number}", rng.choice(known), year).acts()
    for number in range(1, PATHS + 1):
        yield from _path(rng, f"{year}-path-{number}", rng.choice(known), year)
    for number in range(1, EVENTS + 1):
        yield from _event(rng, f"{year}-event-{number}", year, number)


class _Visit:
    """One visit from its plan to what came of it."""

    def __init__(self, rng: Random, key: str, company: Company, year: int) -> None:
        self.rng, self.key, self.company = rng, key, company
        own = ("lempaalan-kehitys", "tampere-region", "business-tampere")
        weights = (6, 3, 2) if company.municipality == "lempaala" else (0, 5, 3)
        self.organisation = rng.choices(own, weights)[0]
        self.on = some_day(rng, *within(year))
        self.ids = {"business_id": company.business_id, "municipality": company.municipality}
        self.visit = {**self.ids, "visit_id": made_up("visit", key), "organisation": self.organisation}
        together = rng.random() < 0.3
        coordinator = COORDINATOR[company.municipality]
        self.with_whom = [self.organisation]
        if (self.organisation != coordinator and rng.random() < 0.8) or (together and self.organisation != coordinator):
            self.with_whom.append(coordinator)
        self.count = 0

    def tell(self, day: date, model: type[Data], system: str | None = None, /, **fields: object) -> Publish:
        self.count += 1
        return Publish(at=moment(self.rng, day, 8 + self.count % 8, 8 + self.count % 8), key=f"{self.key}/{self.count}",
                       system=SYSTEM_OF[system or self.organisation], data=model.model_validate(fields))

    def acts(self) -> Iterator[Act]:
        planned_on = later(self.on, -self.rng.randint(4, 22))
        yield self.tell(planned_on, CompanyVisitPlanned, **self.visit, company_name=self.company.name, on=self.on,
                        organisations=tuple(self.with_whom), purpose=self.rng.choice(PURPOSES))
        chance, on = self.rng.random(), self.on
        if chance < 0.08:
            yield self.tell(max(planned_on, later(on, -1)), CompanyVisitCancelled, **self.visit,
                            reason=self.rng.choice(("company-wish", "illness", "not-needed")))
            return
        if chance < 0.2:
            on = later(on, self.rng.randint(2, 9))
            yield self.tell(max(planned_on, later(self.on, -1)), CompanyVisitMoved, **self.visit, on=on)
        if chance > 0.75 and (joining := self._who_joins()):
            self.with_whom.append(joining)
            yield self.tell(max(planned_on, later(self.on, -2)), CompanyVisitJoined, joining,
                            **{**self.visit, "organisation": joining})
        need = self.rng.choice(NEEDS) if self.rng.random() < 0.55 else None
        yield self.tell(on, CompanyVisitMade, **self.visit, company_name=self.company.name, on=on,
                        organisations=tuple(self.with_whom), needs=(need,) if need else ())
        if need:
            yield from self._lead(later(on, self.rng.randint(0, 2)) if on.month < 12 else on, need)

    def _who_joins(self) -> str | None:
        others = [name for name in SYSTEM_OF if name not in self.with_whom]
        return self.rng.choice(others) if others else None

    def _lead(self, day: date, need: str) -> Iterator[Act]:
        lead = {**self.ids, "lead_id": made_up("lead", self.key), "need": need,
                "opened_by_organisation": self.organisation}
        yield self.tell(day, LeadOpened, **lead, visit_id=self.visit["visit_id"])
        if self.rng.random() < 0.06:
            yield self.tell(later(day, self.rng.randint(3, 12)), LeadWithdrawn, **lead, organisation=self.organisation,
                            reason=self.rng.choice(("company-wish", "duplicate")))


def _path(rng: Random, key: str, company: Company, year: int) -> Iterator[Act]:
    organisation = "lempaalan-kehitys" if company.municipality == "lempaala" else "business-tampere"
    step, day = rng.choice(("personnel", "research-and-development", "personnel")), some_day(rng, *within(year))
    for count, state in enumerate(("planned", "ongoing", "done")):
        yield Publish(at=moment(rng, day), key=f"{key}/{count}", system=SYSTEM_OF[organisation],
                      data=DevelopmentPathUpdated.model_validate({
                          "business_id": company.business_id, "municipality": company.municipality,
                          "organisation": organisation, "step": step, "state": state, "on": day}))
        day = open_day(day + timedelta(days=rng.randint(25, 80)))
        if rng.random() < 0.3:
            return


def _event(rng: Random, key: str, year: int, number: int) -> Iterator[Act]:
    """Company and recruiting events; in spring the information session for graduating students [2.1, 3.4]."""
    kind = "student-info" if number == 4 else ("company", "recruiting")[number % 2]
    on = open_day(date(year, 4, 16)) if kind == "student-info" else some_day(rng, *within(year))
    organisation = "tampere-region" if kind != "company" else "lempaalan-kehitys"
    organisers = (organisation, "lempaala") if kind != "company" else (organisation,)
    told = {"event_id": made_up("event", key), "kind": kind, "on": on, "organisers": organisers,
            "municipality": "vesilahti" if number % 5 == 0 else "lempaala"}
    yield Publish(at=moment(rng, max(later(on, -rng.randint(15, 30)), date(year - 1, 12, 9))), key=f"{key}/planned",
                  system=SYSTEM_OF[organisation], data=EventPlanned.model_validate(told))
    yield Publish(at=moment(rng, on, 16, 17), key=f"{key}/held", system=SYSTEM_OF[organisation],
                  data=EventHeld.model_validate({**told, "attendance": rng.randint(14, 95)}))
