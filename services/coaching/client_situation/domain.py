"""The monthly client situation (*asiakastilanne*): what the manager tells the employment area of a month [3.2].

Pure. The numbers are counted by the system and may be corrected; those below the plan's threshold are told as null.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

from chassis import calendar
from chassis.decisions import Decision, Refusal, decided, refuse
from contracts.events.coaching import ClientSituationReported, Residents
from contracts.plan import Plan


@dataclass(frozen=True)
class Counts:
    """A month's numbers of one municipality's residents, as measures.md defines them."""

    clients: int = 0
    new_clients: int = 0
    ended: int = 0
    waiting: int = 0

    def told(self, threshold: int) -> dict[str, int | None]:
        """As the area is told: null for what is small, a zero as it is."""
        return {name: told(number, threshold) for name, number in vars(self).items()}


COUNTS = tuple(each.name for each in fields(Counts))


@dataclass(frozen=True)
class Report:
    """What the manager tells of a month. `residents` by municipality; `revision` counts the sendings."""

    residents: Mapping[str, Counts]
    free_places: int | None
    more_referrals_wanted: bool
    reported_by: str
    reported_at: datetime
    revision: int = 1


@dataclass(frozen=True)
class Situation:
    """One month of a service: what the system counts, and what was told last. `month` is `YYYY-MM`."""

    provider: str
    service: str
    month: str
    counted: Mapping[str, Counts] = field(default_factory=dict)
    report: Report | None = None

    @property
    def id(self) -> str:
        """`lempaala:coaching:2026-03`, under which the ledger knows it."""
        return f"{self.provider}:{self.service}:{self.month}"

    @property
    def revision(self) -> int:
        return self.report.revision if self.report else 0


@dataclass(frozen=True)
class MonthNotOver(Refusal):
    """A month is told when it is over."""

    code = "month-not-over"
    sentence_en = "The month is not over yet. Its client situation is told when it has ended."
    sentence_fi = "Kuukausi ei ole vielä päättynyt. Sen asiakastilanne ilmoitetaan kuukauden päätyttyä."
    field = "/month"


@dataclass(frozen=True)
class ResidentsWrong(Refusal):
    """Each municipality whose residents the provider serves is told, and no other."""

    code = "residents-wrong"
    sentence_en = "Give the numbers of each of these municipalities once, and of no other: {known}."
    sentence_fi = "Anna luvut näistä kunnista, jokaisesta kerran, eikä muista: {known}."
    status = 422
    field = "/residents"
    known: str


@dataclass(frozen=True)
class NewAreClientsToo(Refusal):
    """New clients are some of the clients."""

    code = "new-are-clients-too"
    sentence_en = "New clients are counted among the clients, so there can't be more of them. Check both numbers."
    sentence_fi = "Uudet asiakkaat sisältyvät asiakkaisiin, joten heitä ei voi olla enempää. Tarkista molemmat luvut."
    status = 422
    field = "/residents"
    municipality: str


@dataclass(frozen=True)
class ToldMeanwhile(Refusal):
    """Somebody told of the month after it was looked at."""

    code = "told-meanwhile"
    sentence_en = "Somebody has sent this month meanwhile. Look at what was sent, and send yours if it is still right."
    sentence_fi = (
        "Joku on lähettänyt tämän kuukauden sillä välin. Katso, mitä lähetettiin, ja lähetä omasi, jos se pitää."
    )
    field = "/revision"


@dataclass(frozen=True)
class NotTheManager(Refusal):
    """The plan says whose report it is."""

    code = "not-the-manager"
    sentence_en = "Name by staff id the manager of your own organisation whose report this is."
    sentence_fi = "Nimeä henkilöstötunnuksella oman organisaatiosi päällikkö, jonka ilmoitus tämä on."
    status = 422
    field = "/reported_by"


def report(
    situation: Situation, wish: Report, seen: int | None, today: date, threshold: int
) -> Decision[Situation]:
    """The manager tells of a month that is over; told again, it replaces what was told [3.2].

    `seen` is the revision on which the manager looked, None where nobody asked. Refused with `MonthNotOver`,
    `ToldMeanwhile`, `ResidentsWrong`, `NewAreClientsToo`.
    """
    if today <= calendar.last_day_of(situation.month):
        return refuse(MonthNotOver())
    if seen is not None and seen != situation.revision:
        return refuse(ToldMeanwhile())
    if wish.residents.keys() != situation.counted.keys():
        return refuse(ResidentsWrong(", ".join(situation.counted)))
    for municipality, counts in wish.residents.items():
        if counts.new_clients > counts.clients:
            return refuse(NewAreClientsToo(municipality))
    now = Report(**{**vars(wish), "revision": situation.revision + 1})
    return decided(
        Situation(situation.provider, situation.service, situation.month, situation.counted, now),
        ClientSituationReported.model_validate({
            "month": situation.month, "provider": situation.provider, "service": situation.service,
            "residents": tuple(
                Residents.model_validate({"municipality": code, **counts.told(threshold)})
                for code, counts in now.residents.items()),
            "free_places": now.free_places, "more_referrals_wanted": now.more_referrals_wanted,
            "reported_by": now.reported_by,
        }),
    )


def told(number: int, threshold: int) -> int | None:
    """A number as the area is told it; null for one from 1 to below the threshold."""
    return None if 0 < number < threshold else number


def services_of(rules: Plan, provider: str) -> tuple[str, ...]:
    """The services of which an organisation tells each month [3.2]."""
    if rules.client_situation.reported_by.organisation != provider:
        return ()
    return tuple(service for service in rules.client_situation.services if served(rules, provider, service))


def served(rules: Plan, provider: str, service: str) -> tuple[str, ...]:
    """The municipalities whose residents a provider serves."""
    providers = rules.services[service].providers
    return tuple(code for code, each in providers.items() if each.organisation == provider)


def as_counts(numbers: Mapping[str, Any]) -> Counts:
    """Counts of their names; raises TypeError where one is missing."""
    return Counts(**{name: int(numbers[name]) for name in COUNTS})
