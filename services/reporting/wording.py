"""How tables, measures and dimensions are called: the plan's names, and words for the few lists that are closed."""

from collections.abc import Mapping
from datetime import date

from chassis.web import N_
from contracts import plan as plans
from contracts.plan import Plan

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
