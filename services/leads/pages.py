"""Yrityskäynnit ja liidit: what the parties' systems told last of each visit, lead and event [2.1, 2.2]."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from fastapi import Response

from chassis import web
from chassis.web import N_, Db, Page, Routes, waiting
from contracts import plan
from services.leads import store
from services.leads.domain import Subject

routes = Routes()
READERS = web.allow(
    "business-developer", "employer-services", "eures-adviser", "municipal-manager", "development-director",
    "employment-and-integration-manager", "employment-officer", "managing-director", "development-manager",
    "development-expert", "education-manager", "service-manager", "service-supervisor",
)
STATUS: Mapping[str, tuple[str, str]] = {
    "CompanyVisitPlanned": (N_("Planned"), "info"),
    "CompanyVisitMoved": (N_("Another day"), "warning"),
    "CompanyVisitJoined": (N_("Made together"), "info"),
    "CompanyVisitCancelled": (N_("Cancelled"), "neutral"),
    "CompanyVisitMade": (N_("Made"), "success"),
    "LeadOpened": (N_("Open"), "info"),
    "LeadAccepted": (N_("Taken"), "info"),
    "LeadReturned": (N_("Returned"), "warning"),
    "LeadFulfilled": (N_("Fulfilled"), "success"),
    "LeadWithdrawn": (N_("Withdrawn"), "neutral"),
    "EventPlanned": (N_("Planned"), "info"),
    "EventHeld": (N_("Held"), "success"),
}
NEEDS = {
    "labour": N_("Labour"), "competence": N_("Competence"), "change": N_("Change"),
    "international-recruiting": N_("International recruiting"), "growth": N_("Growth"),
    "research-and-development": N_("Research and development"),
}
EVENTS = {
    "company": N_("Company event"), "recruiting": N_("Recruiting event"), "student-info": N_("Info for students"),
    "other": N_("Other event"),
}


class Words:
    """A row's words, in the reader's language."""

    def __init__(self, page: Page) -> None:
        self.page, self.rules = page, plan.on(page.today)

    def status(self, each: Subject) -> tuple[str, str]:
        text, color = STATUS[each.status]
        return self.page.gettext(text), color

    def parties(self, each: Subject) -> str:
        told = each.latest
        alone = told.get("organisation") or told.get("opened_by_organisation")
        codes = told.get("organisations") or told.get("organisers") or ([alone] if alone else [])
        return ", ".join(self._name(self.rules.organisations, code) for code in codes)

    def municipality(self, each: Subject) -> str:
        return self._name(self.rules.municipalities, each.latest.get("municipality", ""))

    def title(self, each: Subject) -> str:
        told = each.latest
        if each.kind == "lead":
            need = NEEDS[told["need"]]
            return self.page.gettext(need)
        if each.kind == "event":
            kind = EVENTS[told["kind"]]
            return self.page.gettext(kind)
        return str(told.get("company_name") or told["business_id"])

    def on(self, each: Subject) -> date | None:
        return date.fromisoformat(each.latest["on"]) if "on" in each.latest else None

    def _name(self, names: Mapping[str, Any], code: str) -> str:
        return names[code].text(self.page.language) if code in names else code


@routes.page("GET", "/", policy=READERS)
async def show(page: Page, db: Db) -> Response:
    """Three lists; in each what was told last comes first."""
    return page.render(
        "leads.html", words=Words(page), visits=await store.newest(db, "visit"), leads=await store.newest(db, "lead"),
        events=await store.newest(db, "event"),
    )


@routes.page("GET", "/waiting/count", policy=web.signed_in)
async def count(page: Page) -> Response:
    return waiting.count(page, [])
