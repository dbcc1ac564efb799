"""The clients of the script and the courses of their cases: who comes when, what begins, how it ends.

Coaching has exactly the plan's figures in its first year [3.2]; the other services have plausible ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Literal

from contracts.events.casework import NotBegun, Origin, Outcome, PlanAfter
from yhdyspinta.demo.script.days import later, open_day, open_days, some_day, within
from yhdyspinta.demo.systems import made_up

Path = Literal["area", "joint", "party", "own"]
"""`area`: referred by the area and kept with our pages; `joint`: referred, and PARty tells what happens; `party`: came
by themselves, known to PARty alone; `own`: came by themselves, and kept with our pages."""

FIRST_NAMES = (
    "Aada", "Aleksi", "Anni", "Arttu", "Eino", "Elias", "Ella", "Emilia", "Fatima", "Hanna", "Helmi", "Henna", "Iiris",
    "Ilmari", "Inka", "Jenni", "Joel", "Joonas", "Kaapo", "Katri", "Kerttu", "Lauri", "Leo", "Lotta", "Mahdi", "Maiju",
    "Mette", "Milla", "Nea", "Nooa", "Oona", "Onni", "Otso", "Peppi", "Pinja", "Reetta", "Roope", "Saga", "Sara",
    "Siiri", "Taavi", "Tekla", "Tuukka", "Ukko", "Valtteri", "Vilja", "Väinö", "Yasmin",
)
LAST_NAMES = ("Esimerkki", "Mallila", "Keksitty", "Kuvitelma", "Harjoitus", "Kokeilu", "Testilä", "Näyteinen")
GOOD: tuple[Outcome, ...] = ("work", "education", "got-needed-service")
OTHER: tuple[Outcome, ...] = ("work-trial", "other-service", "moved", "interrupted")


@dataclass(frozen=True)
class Person:
    """A made-up client. `client` is PARty's id of them."""

    key: str
    name: str
    phone: str
    birth_year: int
    municipality: str

    @property
    def client(self) -> str:
        return made_up("client", self.key)


@dataclass(frozen=True)
class Course:
    """One case from its beginning to its end, if it has one. `history`: it was there before the script began, and
    PARty told of it when it was connected. `before`: an earlier case of the same person."""

    key: str
    person: Person
    service: str
    provider: str
    origin: Origin
    path: Path
    asked_on: date
    began_on: date | None = None
    ended_on: date | None = None
    outcome: Outcome | None = None
    not_begun: NotBegun | None = None
    closed_on: date | None = None
    period_plan: PlanAfter | None = None
    withdrawn_on: date | None = None
    cancelled: bool = False
    history: bool = False
    before: "Course | None" = None

    @property
    def case_id(self) -> str:
        """PARty's id of the case."""
        return made_up("case", self.key)

    @property
    def is_referred(self) -> bool:
        return self.path in ("area", "joint")

    @property
    def handle(self) -> str:
        """What acts of our own service name it by."""
        return self.case_id if self.path == "party" else self.key

    def open_on(self, day: date) -> bool:
        """Whether it has begun and not ended on a day."""
        return self.began_on is not None and self.began_on < day and (self.ended_on is None or self.ended_on >= day)


@dataclass(frozen=True)
class Figures:
    """What a year of coaching comes to: distinct clients, of them new, ended cases, of them with a good outcome."""

    clients: int
    new: int
    ended: int
    good: int


@dataclass(frozen=True)
class Kind:
    """How many come to a service in a year, from where, and how long it takes."""

    began: int
    unbegun: int
    referred: float
    days: tuple[int, int]
    wait: tuple[int, int]
    ages: tuple[int, int]
    providers: dict[str, str] = field(default_factory=lambda: {"lempaala": "lempaala", "vesilahti": "lempaala"})
    vesilahti: float = 0.2


KINDS = {
    "coaching": Kind(0, 44, 0.6, (40, 260), (5, 16), (19, 61)),
    "pointti": Kind(40, 8, 1.0, (54, 56), (8, 30), (18, 27)),
    "outreach": Kind(44, 16, 0.25, (40, 220), (3, 12), (16, 28), {"lempaala": "lempaala", "vesilahti": "vesilahti"}),
    "ohjaamo": Kind(40, 3, 0.2, (1, 60), (0, 5), (18, 28)),
    "immigrant-services": Kind(20, 2, 0.15, (60, 240), (3, 10), (66, 78)),
    "wellbeing-planner": Kind(16, 2, 0.2, (20, 150), (3, 10), (22, 74), {"vesilahti": "vesilahti"}, 1.0),
}
OWN = ("outreach", "immigrant-services", "wellbeing-planner")
"""Services whose workers record some of those who come by themselves in our pages."""
UNBEGUN: tuple[NotBegun, ...] = (
    "not-reached", "declined", "not-reached", "withdrawn", "declined", "not-reached", "no-capacity", "declined",
    "not-eligible", "not-reached",
)
WITHDRAWN_LATER = 4
"""Clients of coaching who withdraw the consent after it began, each year."""
NEEDS = {
    "coaching": "job-or-studies", "pointti": "own-path", "outreach": "own-path", "ohjaamo": "job-or-studies",
    "immigrant-services": "integration", "wellbeing-planner": "everyday-life",
}


def people(rng: Random, year: int, service: str) -> Iterator[Person]:
    """Made-up clients without end; names of the invented families, phone numbers of a series kept for fiction."""
    kind, number = KINDS[service], 0
    while True:
        number += 1
        municipality = "vesilahti" if rng.random() < kind.vesilahti else "lempaala"
        yield Person(
            f"{service}-{year}-{number}", f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}",
            f"+358415550{rng.randrange(1000):03}", year - rng.randint(*kind.ages), municipality)


def of_service(rng: Random, service: str, year: int) -> list[Course]:
    """A year of a service that no figure of the plan binds."""
    kind, coming = KINDS[service], people(rng, year, service)
    made = []
    for number in range(1, kind.began + 1):
        began_on = _first_day(rng, service, year)
        course = _asked(rng, f"{year}-{service}-{number}", next(coming), service, began_on)
        ended_on = open_day(began_on + timedelta(days=rng.randint(*kind.days)))
        outcome = rng.choice(GOOD) if rng.random() < 0.65 else rng.choice(OTHER)
        made.append(replace(
            course, began_on=began_on, ended_on=ended_on, outcome=outcome,
            period_plan=_plan_for(rng, outcome) if service == "pointti" else None))
    return made + _unbegun(rng, service, year, coming)


def history(rng: Random, service: str, year: int, still_open: int, ended: int) -> list[Course]:
    """Cases that began in the year before the script's and that PARty tells of when it is connected."""
    coming, made = people(rng, year, service), []
    for number in range(1, still_open + ended + 1):
        person = next(coming)
        began_on = some_day(rng, date(year, 2, 5), date(year, 11, 15 if number <= still_open else 1))
        course = Course(
            f"{year}-{service}-h{number}", person, service, KINDS[service].providers[person.municipality],
            rng.choice(("self", "other-service", "self", "yhteisetsiva")), "party",
            later(began_on, -rng.randint(4, 14)), began_on, history=True)
        if number > still_open:
            course = replace(course, ended_on=some_day(rng, began_on + timedelta(days=25), date(year, 11, 29)),
                             outcome=rng.choice(GOOD))
        made.append(course)
    return made


def coaching(rng: Random, year: int, earlier: Sequence[Course], figures: Figures) -> list[Course]:
    """A year of coaching with exactly these figures; courses of `earlier` that are open on 1 January are given their
    end among them, if they have one."""
    new_year = date(year, 1, 1)
    going_on = [c for c in earlier if c.service == "coaching" and c.open_on(new_year)]
    here = {c.person.key for c in going_on}
    over = [c for c in earlier if c.service == "coaching" and c.ended_on and c.ended_on < new_year
            and c.person.key not in here]
    coming = people(rng, year, "coaching")
    begun = [_begun(rng, f"{year}-coaching-{n}", next(coming), year) for n in range(1, figures.new + 1)]
    back = rng.sample(_of_own_person(over), figures.clients - figures.new - len(going_on))
    for number, before in enumerate(back, 1):
        begun.append(_again(_begun(rng, f"{year}-coaching-r{number}", before.person, year), before))
    ends = _some_end(rng, [*going_on, *begun], year, figures)
    made = [ends.get(c.key, c) for c in [*going_on, *begun]]
    able = [c for c in made if c.path == "area" and c.began_on and c.began_on.year == year and _last(c) > 40]
    leaving = {c.key for c in rng.sample(able, WITHDRAWN_LATER)}
    made = [_withdrawn_later(rng, c) if c.key in leaving else c for c in made]
    return made + _unbegun(rng, "coaching", year, coming)


def _last(course: Course) -> int:
    """Days that a course lasts, as far as it is known."""
    return (course.ended_on - course.began_on).days if course.ended_on and course.began_on else 0


def _withdrawn_later(rng: Random, course: Course) -> Course:
    days = (course.began_on or course.asked_on) + timedelta(days=rng.randint(8, 30))
    return replace(course, withdrawn_on=open_day(days))


def _of_own_person(courses: Sequence[Course]) -> list[Course]:
    """The last course of each person."""
    return list({c.person.key: c for c in courses}.values())


def _again(course: Course, before: Course) -> Course:
    """A course of somebody who was here before. Whom our own pages alone know comes by them again, so that the coach
    says who it is; whom PARty knows, it knows."""
    if before.path == "area" and course.path == "party":
        return replace(course, before=before, path="area", origin="referral")
    return replace(course, before=before)


def _begun(rng: Random, key: str, person: Person, year: int) -> Course:
    began_on = some_day(rng, *within(year))
    return replace(_asked(rng, key, person, "coaching", began_on), began_on=began_on)


def _some_end(rng: Random, courses: Sequence[Course], year: int, figures: Figures) -> dict[str, Course]:
    """As many of the courses as the figures say end in the year, so many of them well."""
    first, last = within(year)
    spans = {c.key: max(first, (c.began_on or first) + timedelta(days=KINDS["coaching"].days[0])) for c in courses}
    able = sorted((c for c in courses if open_days(spans[c.key], last)), key=lambda c: (c.began_on or first, c.key))
    drawn = {c.key: place + rng.random() * len(able) * 0.8 for place, c in enumerate(able)}
    chosen = sorted(able, key=lambda c: drawn[c.key])[:figures.ended]
    outcomes = [rng.choices(GOOD, (5, 3, 2))[0] for _ in range(figures.good)]
    outcomes += [rng.choice(OTHER) for _ in range(figures.ended - figures.good)]
    rng.shuffle(outcomes)
    ends = {}
    for course, outcome in zip(chosen, outcomes, strict=True):
        until = min(last, spans[course.key] + timedelta(days=KINDS["coaching"].days[1] - KINDS["coaching"].days[0]))
        ends[course.key] = replace(
            course, ended_on=some_day(rng, spans[course.key], until), outcome=outcome)
    return ends


def _asked(rng: Random, key: str, person: Person, service: str, began_on: date) -> Course:
    """A course whose wait ends on a day."""
    kind = KINDS[service]
    referred = rng.random() < kind.referred
    path: Path = ("joint" if rng.random() < 0.25 else "area") if referred else "party"
    waited = max(rng.randint(*kind.wait), 3 if referred else 0)
    asked_on = began_on
    for _ in range(waited):
        asked_on = open_before(asked_on)
    if not referred and service in OWN and rng.random() < 0.5:
        path = "own"
    origin: Origin = "referral" if referred else rng.choice(("self", "self", "other-service", "yhteisetsiva"))
    return Course(key, person, service, kind.providers[person.municipality], origin, path, asked_on)


def open_before(day: date) -> date:
    """The business day before, at the turn of the year the last before the quiet weeks."""
    found = later(day, -1) if (day.month, day.day) > (1, 8) else date(day.year - (day.month == 1), 12, 18)
    while found.weekday() > 4:
        found -= timedelta(days=1)
    return found


def _first_day(rng: Random, service: str, year: int) -> date:
    """When a service begins; the workshop's periods begin together, six times a year [3.3]."""
    if service != "pointti":
        return some_day(rng, *within(year))
    starts = [open_day(date(year, month, day)) for month, day in ((1, 13), (3, 10), (5, 5), (8, 11), (10, 6))]
    return rng.choice(starts)


def _plan_for(rng: Random, outcome: Outcome) -> PlanAfter:
    return {"work": "job", "education": "education"}.get(outcome) or rng.choice(  # type: ignore[return-value]
        ("work-trial", "work-trial", "education"))


def _unbegun(rng: Random, service: str, year: int, coming: Iterator[Person]) -> list[Course]:
    """Cases that never begin, each for one of the plan's reasons."""
    made = []
    for number in range(1, KINDS[service].unbegun + 1):
        person, reason = next(coming), UNBEGUN[number % len(UNBEGUN)]
        course = _asked(rng, f"{year}-{service}-u{number}", person, service, some_day(rng, *within(year)))
        if reason in ("withdrawn", "no-capacity", "not-eligible"):
            path: Path = "joint" if reason == "withdrawn" and number % 4 == 1 else "area"
            course = replace(course, path=path, origin="referral")
        slow = service == "outreach" and reason == "not-reached"
        waited = rng.randint(55, 70) if slow else rng.randint(12, 22) if reason == "not-reached" else rng.randint(3, 8)
        closed_on = later(course.asked_on, waited)
        made.append(replace(
            course, not_begun=reason, closed_on=closed_on,
            withdrawn_on=closed_on if reason == "withdrawn" else None,
            cancelled=reason == "withdrawn" and number % 3 == 0))
    return made
