"""The script of the demo's year: everything that happens in it, written beforehand, the same each time.

A short prelude ends the year before: PARty is connected and tells of the cases it has, the first clients are
referred. Then comes the last full calendar year, with exactly the plan's figures for coaching [3.2], then the running
year; whoever plays it stops at yesterday.
"""

import hashlib
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from random import Random

from chassis.calendar import helsinki_day
from contracts.plan import ALL
from yhdyspinta.demo.acts import Act
from yhdyspinta.demo.script import casework, clients, companies, corridor, daily, lately, together, voices
from yhdyspinta.demo.script.clients import Course, Figures
from yhdyspinta.demo.script.days import first_day

KNOWN = ALL[-1].known_figures["2024"]
FIRST_YEAR = Figures(KNOWN.clients, KNOWN.new_clients, 200, round(200 * KNOWN.outcome_permille / 1000))
"""What the plan tells of 2024: 259 clients, 155 new, 59.5 % of the ended."""
NEXT_YEAR = Figures(251, 149, 206, 127)
OPEN_BEFORE, ENDED_BEFORE = 92, 22
"""Cases of coaching that are open when the first year begins, and that have ended before."""
OTHER_SERVICES = ("pointti", "outreach", "ohjaamo", "immigrant-services", "wellbeing-planner")


def brought_on(year: int) -> tuple[date, ...]:
    """Days of the prelude on which PARty tells of what was there before."""
    return tuple(date(year - 1, 12, day) for day in (9, 10, 11, 12, 13) if date(year - 1, 12, day).weekday() < 5)


@lru_cache(maxsize=2)
def courses(year: int) -> tuple[Course, ...]:
    """All cases of the script whose first year this is."""
    made = clients.history(Random(f"history {year}"), "coaching", year - 1, OPEN_BEFORE, ENDED_BEFORE)
    made += clients.history(Random(f"outreach history {year}"), "outreach", year - 1, 12, 0)
    for each, figures in ((year, FIRST_YEAR), (year + 1, NEXT_YEAR)):
        coaching = clients.coaching(Random(f"coaching {each}"), each, made, figures)
        known = {c.key for c in coaching}
        made = [c for c in made if c.key not in known] + coaching
        for service in OTHER_SERVICES:
            made += clients.of_service(Random(f"{service} {each}"), service, each)
    begins = first_day(year)
    return tuple(c if c.history else replace(c, asked_on=max(c.asked_on, begins)) for c in made)


def write(year: int, until: date) -> list[Act]:
    """All acts of the script whose first full year this is, in order, up to a day of the next and with what waits
    then. Whoever goes on to a later day plays the same acts before."""
    acts = [act for course in courses(year) for act in casework.acts_of(course, brought_on(year))]
    for each in (year, year + 1):
        acts += [*companies.acts_of(each), *voices.feedback(each), *voices.results_and_costs(each)]
        acts += [*daily.visits(each), *daily.phenomena(each), *corridor.inquiries(each), *together.acts_of(each)]
    acts += [*lately.acts_of(until), *together.lately(until)]
    begins = first_day(year)
    return sorted((act for act in acts if begins <= helsinki_day(act.at) <= until), key=lambda act: (act.at, act.key))


def identity(year: int) -> str:
    """Names a script: its first year, and the code that writes it."""
    code = b"".join(file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py")))
    return f"{year} {hashlib.sha256(code).hexdigest()[:16]}"
