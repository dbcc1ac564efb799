"""How long and by which channels a young person is tried to be reached before the case closes as not reached [3.4].

Pure. The two weeks to the first attempt, and how soon the next follows, are the ledger's (`cases.duties`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chassis.calendar import after
from chassis.decisions import Refusal
from contracts.plan.tables import Channel, Outreach
from contracts.plan.values import Span
from services.coaching.cases.course import Course, day_of


@dataclass(frozen=True)
class TryLonger(Refusal):
    """Attempts go on for several months before a young person counts as not reached [3.4]."""

    code = "try-longer"
    sentence_en = (
        "The first attempt was on {first}: go on trying at least until {until}. Declining is recorded at any time."
    )
    sentence_fi = (
        "Ensimmäinen yritys oli {first:%-d.%-m.%Y}: jatka tavoittelua ainakin {until:%-d.%-m.%Y} asti. Kieltäytymisen "
        "voi kirjata milloin vain."
    )
    field = "/reason"
    first: date
    until: date


@dataclass(frozen=True)
class NeverTried(Refusal):
    """Nobody is unreached whom nobody tried to reach."""

    code = "never-tried"
    sentence_en = "No attempt is recorded yet. Try to reach the young person first, and record each attempt."
    sentence_fi = "Yhtään yritystä ei ole kirjattu. Yritä ensin tavoittaa nuori ja kirjaa jokainen yritys."
    field = "/reason"


@dataclass(frozen=True)
class TryAnotherChannel(Refusal):
    """Attempts are made by several channels [3.4]."""

    code = "try-another-channel"
    sentence_en = "Tried by {tried} channels so far, and {wanted} are needed. Try another way first."
    sentence_fi = "Tähän mennessä on yritetty {tried} tavalla, kun niitä tarvitaan {wanted}. Yritä vielä toisin."
    field = "/reason"
    tried: int
    wanted: int


def against_not_reached(course: Course, on: date, rules: Outreach) -> Refusal | None:
    """Why a case can't close as not reached on a day; None where enough was tried."""
    first = min((day_of(attempt) or on for attempt in course.attempts), default=None)
    if first is None:
        return NeverTried()
    until = after(first, rules.keep_trying_for)
    if on < until:
        return TryLonger(first, until)
    tried = len({attempt.channel for attempt in course.attempts})
    if tried < rules.channels_before_unreached:
        return TryAnotherChannel(tried, rules.channels_before_unreached)
    return None


def next_channel(course: Course, channels: Sequence[Channel]) -> Channel:
    """The first channel not tried yet; once all were, the one that was tried longest ago."""
    tried = [attempt.channel for attempt in sorted(course.attempts, key=lambda attempt: attempt.at)]
    return min(channels, key=lambda channel: max((n for n, t in enumerate(tried) if t == channel), default=-1))


@dataclass(frozen=True)
class Trying:
    """How trying to reach a young person stands: `due_on` is the last of the two weeks, `until` the earliest day to
    close as not reached, None before the first attempt."""

    due_on: date
    days_left: int
    tried: tuple[Channel, ...]
    next: Channel
    until: date | None


def how_it_stands(course: Course, today: date, rules: Outreach, first_within: Span) -> Trying:
    """What an outreach worker sees of it [3.4]."""
    due_on, first = after(course.asked_on, first_within), course.first_attempt_on
    tried = dict.fromkeys(attempt.channel for attempt in course.attempts)
    return Trying(
        due_on, (due_on - today).days, tuple(tried), next_channel(course, rules.channels),
        after(first, rules.keep_trying_for) if first else None)
