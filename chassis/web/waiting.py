"""`Odottaa minua`: what waits for a person in this service, in order of deadline; each service's home.

    @routes.page("GET", "/", policy=web.signed_in)
    async def home(page: Page, db: Db) -> Response:
        return waiting.render(page, await tasks_of(db, page), happened=[…])

    @routes.page("GET", "/waiting/count", policy=web.signed_in)
    async def count(page: Page, db: Db) -> Response:
        return waiting.count(page, await tasks_of(db, page))
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response

from chassis.web.formats import local_day
from chassis.web.texts import N_

if TYPE_CHECKING:
    from chassis.web.page import Page

_SPELLED = (
    N_("One thing."), N_("Two things."), N_("Three things."), N_("Four things."), N_("Five things."),
    N_("Six things."), N_("Seven things."), N_("Eight things."), N_("Nine things."), N_("Ten things."),
)


@dataclass(frozen=True)
class Task:
    """One row: until when, what (a link), why and what happens if nobody acts, and the one act.

    `address` and `act_address` are paths of this service. With `post` the act is done by the press itself.
    `instead_of`: the name of the colleague who is away, where it waits for a substitute.
    """

    due: date | datetime
    title: str
    address: str
    why: str
    act: str
    act_address: str | None = None
    post: bool = False
    instead_of: str | None = None


@dataclass(frozen=True)
class Happened:
    """What happened since the last visit, in a sentence with a link."""

    sentence: str
    address: str
    link: str


@dataclass(frozen=True)
class Group:
    title: str
    tasks: Sequence[Task]


def render(page: "Page", tasks: Iterable[Task], *, happened: Sequence[Happened] = (),
           next_due: date | datetime | None = None) -> Response:
    """The page; to the part that refreshes itself the list alone. `next_due` is said when nothing waits."""
    ordered = sorted(tasks, key=lambda task: (local_day(task.due), isinstance(task.due, datetime), str(task.due)))
    return page.render(
        "chassis/waiting-list.html" if page.is_fragment else "chassis/waiting.html",
        groups=_groups(ordered, page.today), lead=lead(page, ordered), first=ordered[0] if ordered else None,
        happened=happened, next_due=next_due)


def count(page: "Page", tasks: Iterable[Task]) -> Response:
    """How many wait, and how many are late: what another service's tab shows."""
    every = list(tasks)
    late = sum(local_day(task.due) < page.today for task in every)
    number = str(len(every))
    return PlainTextResponse(f"{number}, {page.ngettext('%(num)s late', '%(num)s late', late)}" if late else number)


def lead(page: "Page", tasks: Sequence[Task]) -> str:
    """The sentence that stands first: how many, and which are late."""
    number = len(tasks)
    late = sum(local_day(task.due) < page.today for task in tasks)
    if not number:
        return ""
    many = page.ngettext("%(num)s thing.", "%(num)s things.", number)
    things = page.gettext(_SPELLED[number - 1]) if number <= len(_SPELLED) else many
    if number == 1:
        how = page.gettext("It is late.") if late else page.gettext("There is time.")
    elif not late:
        how = page.gettext("There is time for all of them.")
    elif late == number:
        how = page.gettext("All of them are late.")
    else:
        how = page.ngettext("The first is late, there is time for the others.",
                            "The first %(num)s are late, there is time for the others.", late)
    return f"{things} {how}"


def _groups(tasks: Sequence[Task], today: date) -> list[Group]:
    """Today and late, this week, later; a group without tasks is left out."""
    sunday = today + timedelta(days=6 - today.weekday())
    days = [(local_day(task.due), task) for task in tasks]
    groups = [
        Group(N_("Today and late"), [task for day, task in days if day <= today]),
        Group(N_("This week"), [task for day, task in days if today < day <= sunday]),
        Group(N_("Later"), [task for day, task in days if day > max(sunday, today)]),
    ]
    return [group for group in groups if group.tasks]
