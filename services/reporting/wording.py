"""How tables, measures and dimensions are called: the plan's names, and words for the few lists that are closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date

from chassis.web import N_
from chassis.web.formats import LOCALES, Formats
from chassis.web.page import Page
from contracts import plan as plans
from contracts.plan import Plan
from services.reporting.measures import AREA_DEFINITION, AREA_TABLES, BY_CODE, OVER_TIME, TARGETS, Said
from services.reporting.overview import first_day
from services.reporting.store import Figure

_LISTS: Mapping[str, tuple[str, ...]] = {
    "municipality": ("municipality",), "service": ("service",), "phenomenon": ("phenomenon",),
    "directed-to": ("address",), "kind": ("obligation-kind", "change-kind"),
}
"""The plan's lists of codes by dimension."""
WORDS: Mapping[tuple[str, str], str] = {
    ("about", "employment-area"): N_("about the employment area"),
    ("about", "municipal-service"): N_("about municipal services"),
    ("channel", "post"): N_("post"),
    ("channel", "call"): N_("call"),
    ("channel", "email"): N_("e-mail"),
    ("channel", "visit"): N_("visit"),
    ("kind", "company"): N_("company event"),
    ("kind", "recruiting"): N_("recruiting event"),
    ("kind", "student-info"): N_("information session for students"),
    ("kind", "other"): N_("other event"),
    ("plan", "education"): N_("education"),
    ("plan", "job"): N_("job"),
    ("plan", "work-trial"): N_("work trial"),
    ("reason", "no-capacity"): N_("no place just now"),
    ("reason", "not-eligible"): N_("not meant for this client"),
    ("reason", "not-started"): N_("did not begin"),
    ("reason", "wrong-address"): N_("another service is right"),
}


def named(code_list: str, code: str, language: str, plan: Plan) -> str:
    """The plan's name of a code, capitalised; the code itself where the plan has none."""
    label = plan.codes[code_list].get(code)
    return capitalised(label.text(language)) if label else code


def value_named(dimension: str, code: str, language: str, plan: Plan) -> str | None:
    """The plan's name of a dimension's value; None where it is a closed list's (`WORDS`)."""
    for code_list in _LISTS.get(dimension, ()):
        if plan.knows(code_list, code):
            return named(code_list, code, language, plan)
    return None


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def plan_of(period: str) -> Plan:
    """The plan of a period's year."""
    return plans.on(date(int(period[:4]), 12, 31))


class Words:
    """The words of one page, in its reader's language, by the plan of the period that it is about."""

    def __init__(self, page: Page, period: str) -> None:
        self.page, self.plan = page, plan_of(period)
        self.formats = Formats(page.language, page.texts)

    def table(self, code: str) -> str:
        return named("table", code, self.page.language, self.plan)

    def measure(self, code: str) -> str:
        return named("measure", code, self.page.language, self.plan)

    def dimension(self, code: str | None) -> str:
        return named("dimension", code, self.page.language, self.plan) if code else ""

    def value_of(self, dimension: str | None, code: str) -> str:
        """A value of a dimension, by name."""
        if dimension is None:
            return code
        known = value_named(dimension, code, self.page.language, self.plan)
        words = WORDS.get((dimension, code))
        return known or (capitalised(self.page.gettext(words)) if words else code)

    def figure(self, figure: Figure) -> str:
        """A value that is told, with its unit."""
        value = figure.value
        if value is None:
            raise ValueError("a hidden figure has no words")
        if figure.unit == "percent":
            return self.formats.percent(float(value) / 100)
        if figure.unit == "cents":
            return self.formats.euros(int(value))
        if figure.unit == "days":
            return self.page.gettext("%(num)s days", num=self.formats.number(float(value)))
        return self.formats.number(int(value) if figure.unit == "count" else float(value))

    def month(self, month: int) -> str:
        """marraskuu"""
        return format_date(date(2000, month, 1), "LLLL", locale=LOCALES[self.page.language])

    def short_month(self, month: int) -> str:
        """marras"""
        return format_date(date(2000, month, 1), "LLL", locale=LOCALES[self.page.language])

    def period(self, period: str) -> str:
        """vuosi 2026, 1. neljännes 2026, marraskuu 2026"""
        if len(period) == 4:
            return self.page.gettext("year %(year)s", year=period)
        if "Q" in period:
            return self.page.gettext("quarter %(number)s of %(year)s", number=period[6:], year=period[:4])
        return f"{self.month(first_day(period).month)} {period[:4]}"


@dataclass(frozen=True)
class Definition:
    """What a figure is, for its reader: texts in the reader's language."""

    name: str
    text: str
    formula: str
    sources: str
    section: str


def definition(words: Words, table: str, code: str) -> Definition:
    """The definition of a measure, of a code of the area's reports, or of a target."""
    language, name = words.page.language, words.measure(code)
    if measure := BY_CODE.get((table, code)):
        sources = ", ".join(sorted(s.__name__ for s in measure.series.sources))
        return Definition(name, measure.definition.text(language), measure.formula.text(language), sources,
                          measure.section)
    if table == TARGETS:
        return Definition(name, TARGET_DEFINITION.text(language), "–", "TargetSet", "2.1")
    results = AREA_TABLES[table] == "results"
    listed = (words.plan.results.measures if results else words.plan.results.items)[code]
    return Definition(name, AREA_DEFINITION.text(language), OVER_TIME[listed.over_time].text(language),
                      "ResultsReported" if results else "CostsReported", "6")


TARGET_DEFINITION = Said(
    "Työllisyystyöryhmän kunnalle asettama vuoden tavoite.",
    "The working group's target of the year for a municipality.",
)
