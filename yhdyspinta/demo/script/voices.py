"""Feedback that the municipalities' own systems take in [5], and what the employment area's BI reports [6]."""

from collections.abc import Iterator
from datetime import date
from math import cos, pi
from random import Random

from chassis.calendar import add_business_days
from contracts.events.feedback import FeedbackSubmitted
from contracts.events.results import CostsReported, ResultsReported
from contracts.fields import FeedbackId
from yhdyspinta.demo.acts import Act, Publish
from yhdyspinta.demo.script.days import moment, some_day, within
from yhdyspinta.demo.systems import made_up

FEEDBACK = {"lempaala": 100, "vesilahti": 28}
"""How much feedback comes in a year."""
SERVICES = ("coaching", "coaching", "pointti", "outreach", "ohjaamo", "immigrant-services")
PRAISE = (
    "Sain ajan nopeasti ja minua kuunneltiin.", "Valmentaja auttoi hakemusten kanssa. Kiitos!",
    "Pointissa oli hyvä porukka.", "Ohjaus omaan suuntaan löytyi.", "Palvelu oli ystävällistä ja selkeää.",
)
BLAME = (
    "Odotin vastausta liian kauan.", "En tiennyt, kenelle soittaa.", "Lomakkeet olivat vaikeita.",
    "Aika peruttiin kahdesti.", "Neuvoja sai vain arkiaamuisin.",
)


def feedback(year: int) -> Iterator[Act]:
    for municipality, many in FEEDBACK.items():
        rng = Random(f"feedback {municipality} {year}")
        for number in range(1, many + 1):
            yield _feedback(rng, municipality, f"{year}-feedback-{municipality}-{number}", year)


def _feedback(rng: Random, municipality: str, key: str, year: int) -> Publish:
    about_area = rng.random() < 0.35
    rating = rng.choices((1, 2, 3, 4, 5), (1, 2, 4, 8, 6) if not about_area else (2, 3, 6, 6, 3))[0]
    at = moment(rng, some_day(rng, *within(year)), 8, 19)
    services = SERVICES if municipality == "lempaala" else ("outreach", "wellbeing-planner")
    text = rng.choice(PRAISE if rating > 3 else BLAME) if rng.random() < 0.6 else None
    return Publish(
        at=at, key=key, system=f"{municipality}-feedback",
        data=FeedbackSubmitted(
            feedback_id=FeedbackId(made_up("feedback", key)), municipality=municipality,
            about="employment-area" if about_area else "municipal-service",
            service=None if about_area else rng.choice(services),
            channel=rng.choices(("form", "email", "phone", "visit"), (6, 2, 1, 1))[0],
            rating=rating if rng.random() < 0.9 else None, text=text, reply_wanted=bool(text) and rng.random() < 0.3,
            received_at=at))


# --- the employment area, month by month

_SIZE = {"lempaala": 1.0, "vesilahti": 0.19}


def results_and_costs(year: int) -> Iterator[Act]:
    """Each month's report comes on the eighth business day of the next."""
    for month in range(1, 13):
        for municipality, size in _SIZE.items():
            rng = Random(f"results {municipality} {year} {month}")
            following = date(year + month // 12, month % 12 + 1, 1)
            at = moment(rng, add_business_days(following, 8), 10, 13)
            spelled = f"{year}-{month:02}"
            for kind, data in (
                ("results", ResultsReported(month=spelled, municipality=municipality,
                                            measures=_results(rng, size, year, month))),
                ("costs", CostsReported(month=spelled, municipality=municipality, items=_costs(rng, size))),
            ):
                yield Publish(at=at, key=f"{spelled}-{municipality}-{kind}", system="tampere-region-bi", data=data)


def _results(rng: Random, size: float, year: int, month: int) -> dict[str, int | float]:
    """More are out of work in winter and in July than in autumn."""
    season = 1 + 0.07 * cos((month - 1) / 12 * 2 * pi) + (0.05 if month == 7 else 0)
    unemployed = round(1040 * size * season * (1.02 if year % 2 else 1) * rng.uniform(0.98, 1.02))
    workforce = 11_600 * size

    def some(share: float) -> int:
        return round(share * size * rng.uniform(0.85, 1.15))

    return {
        "unemployed-jobseekers": unemployed, "long-term-unemployed": round(unemployed * rng.uniform(0.34, 0.37)),
        "young-unemployed": round(unemployed * rng.uniform(0.11, 0.13)),
        "unemployment-rate": round(100 * unemployed / workforce, 1), "new-vacancies": some(150),
        "job-search-talks": some(620), "work-trials-started": some(38), "training-started": some(44),
        "ended-by-work": some(112), "customer-rating": round(rng.uniform(3.6, 4.1), 2),
    }


def _costs(rng: Random, size: float) -> dict[str, int]:
    """Euro cents."""
    monthly = {"staff": 108_000, "services-bought": 41_000, "wage-subsidies": 63_000, "start-up-grants": 9_000,
               "benefit-share": 156_000, "premises-and-other": 17_000}
    return {code: round(euros * size * rng.uniform(0.92, 1.08) * 100) for code, euros in monthly.items()}
