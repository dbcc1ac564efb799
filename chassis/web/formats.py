"""Days, times, numbers and phone numbers as the reader's language writes them; a template's filters.

Days and times are Finnish time, whatever the zone of the moment. A missing value is an en dash.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent

from chassis import calendar
from chassis.web.texts import Texts

HELSINKI = ZoneInfo("Europe/Helsinki")
MISSING = "–"
LOCALES = {"fi": "fi", "sv": "sv_FI", "en": "en_GB"}
_DATE = {"fi": "d.M.yyyy", "sv": "d.M.yyyy", "en": "d MMM yyyy"}
_DAY = {"fi": "ccc d.M.", "sv": "ccc d.M.", "en": "ccc d MMM"}
_WHOLE_DAY = {"fi": "ccc d.M.yyyy", "sv": "ccc d.M.yyyy", "en": "ccc d MMM yyyy"}
_TIME = {"fi": "H.mm", "sv": "H.mm", "en": "H:mm"}
_AT = {"fi": "klo", "sv": "kl.", "en": "at"}
_FINNISH_MOBILE = re.compile(r"\+358(4\d|50)(\d{4})(\d{2,5})")
_FINNISH = re.compile(r"\+358([235689]|1\d)(\d{4})(\d{1,5})")


class Formats:
    """The filters of one language."""

    def __init__(self, language: str, texts: Texts) -> None:
        self.language, self.locale, self.texts = language, LOCALES[language], texts

    def date_(self, value: date | datetime | None) -> str:
        """24.11.2026"""
        return self._date(value, _DATE)

    def day(self, value: date | datetime | None) -> str:
        """ti 24.11."""
        return self._date(value, _DAY)

    def time_(self, value: datetime | time | None) -> str:
        """13.00"""
        if value is None:
            return MISSING
        local = value.astimezone(HELSINKI).time() if isinstance(value, datetime) else value
        return format_time(local, _TIME[self.language], locale=self.locale)

    def at(self, value: datetime | time | None) -> str:
        """klo 13.00"""
        return MISSING if value is None else f"{_AT[self.language]}\N{NO-BREAK SPACE}{self.time_(value)}"

    def moment(self, value: datetime | None) -> str:
        """pe 20.11.2026 klo 10.12"""
        return MISSING if value is None else f"{self._date(value, _WHOLE_DAY)} {self.at(value)}"

    def due(self, value: date | datetime | None) -> str:
        """ma 23.11., of a moment ti 24.11. klo 13.00"""
        return f"{self.day(value)} {self.at(value)}" if isinstance(value, datetime) else self.day(value)

    def month(self, value: str | date | None) -> str:
        """marraskuu 2026 of `2026-11` or a day in it"""
        if value is None:
            return MISSING
        day = value if isinstance(value, date) else date.fromisoformat(f"{value}-01")
        return format_date(day, "LLLL yyyy", self.locale)

    def number(self, value: float | int | None) -> str:
        """8 000, 59,5"""
        return MISSING if value is None else format_decimal(value, locale=self.locale)

    def percent(self, value: float | None) -> str:
        """59,5 % of the share 0.595; at most one decimal"""
        return MISSING if value is None else format_percent(round(value, 3), locale=self.locale,
                                                            decimal_quantization=False)

    def euros(self, cents: int | None) -> str:
        """1 234,50 € of 123450 cents"""
        return MISSING if cents is None else format_currency(cents / 100, "EUR", locale=self.locale)

    def left(self, due: date | datetime, today: date) -> str:
        """How long there is until the end of a day, in business days: "2 arkipäivää", "tänään", "1 päivä myöhässä"."""
        day, texts = local_day(due), self.texts
        if day == today:
            return texts.gettext("today")
        if day < today:
            late = (today - day).days
            return texts.ngettext("%(num)s day late", "%(num)s days late", late) % {"num": late}
        days = max(1, calendar.business_days_between(today, day))
        return texts.ngettext("%(num)s business day", "%(num)s business days", days) % {"num": days}

    def _date(self, value: date | datetime | None, pattern: dict[str, str]) -> str:
        return MISSING if value is None else format_date(local_day(value), pattern[self.language], self.locale)


def local_day(value: date | datetime) -> date:
    """The Finnish day of a moment; a day as it is."""
    return value.astimezone(HELSINKI).date() if isinstance(value, datetime) else value


def is_late(due: date | datetime, today: date) -> bool:
    """Whether the last day of something is over."""
    return local_day(due) < today


def phone(value: str | None) -> str:
    """041 5550 123 of +358415550123; a foreign number with its country code."""
    if not value:
        return MISSING
    if mobile := _FINNISH_MOBILE.fullmatch(value):
        return "0" + " ".join(mobile.groups())
    if finnish := _FINNISH.fullmatch(value):
        return "0" + " ".join(finnish.groups())
    return value


def machine(value: date | datetime) -> str:
    """For the `datetime` attribute of `<time>`."""
    if isinstance(value, datetime):
        return value.astimezone(HELSINKI).isoformat(timespec="minutes")
    return value.isoformat()


def filters(language: str, texts: Texts) -> dict[str, Callable[..., Any]]:
    """By name, as templates use them."""
    formats = Formats(language, texts)
    own = (formats.day, formats.at, formats.moment, formats.due, formats.month, formats.number, formats.percent,
           formats.euros, formats.left)
    named = {filter.__name__: filter for filter in own}
    return {**named, "date": formats.date_, "time": formats.time_, "phone": phone, "machine": machine,
            "is_late": is_late}
