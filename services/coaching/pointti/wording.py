"""How the workshop's courses are said to people."""

from collections.abc import Mapping
from datetime import date

from chassis.web import N_
from services.coaching.cases.wording import Words
from services.coaching.pointti.courses import PlaceState, TetState
from services.coaching.pointti.domain import Group

PLACE_WORDS: Mapping[PlaceState, tuple[str, str]] = {
    PlaceState.KEPT: (N_("Place kept"), "info"),
    PlaceState.IN_PERIOD: (N_("In the period"), "success"),
    PlaceState.OVER: (N_("Plan made"), "neutral"),
    PlaceState.LEFT: (N_("Left"), "neutral"),
}
TET_WORDS: Mapping[TetState, tuple[str, str]] = {
    TetState.AGREED: (N_("Agreed"), "info"),
    TetState.OVER: (N_("Over, no work trial"), "neutral"),
    TetState.TO_SEND: (N_("Proposal waits for the manager"), "warning"),
    TetState.SENT: (N_("Proposal waits for the employment area"), "info"),
    TetState.ACCEPTED: (N_("Work trial accepted"), "success"),
    TetState.DECLINED: (N_("Work trial declined"), "neutral"),
    TetState.UNSENT: (N_("Proposal left unsent"), "neutral"),
    TetState.STOPPED: (N_("Stopped"), "neutral"),
}


def joining(words: Words, group: Group, today: date) -> str:
    """A group as one to join: its days, its free places, and that the period is shorter where it has begun."""
    page, days = words.page, f"{words.formats.date_(group.first_day)}–{words.formats.date_(group.last_day)}"
    free = page.ngettext("one free place", "%(num)s free places", group.free)
    if group.first_day >= today:
        return f"{days}, {free}"
    gone = page.ngettext(
        "began a week ago: the period begins today and is shorter",
        "began %(num)s weeks ago: the period begins today and is shorter", max((today - group.first_day).days // 7, 1))
    return f"{days}, {free}; {gone}"
