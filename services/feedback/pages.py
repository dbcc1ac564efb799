"""Palautteet: feedback as its readers see it; a text only behind its row, each look in the audit log [5]."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response

from chassis import audit, web
from chassis.decisions import NotFound, Refused
from chassis.policy import Principal
from chassis.web import N_, Db, Page, Routes, waiting
from contracts import plan
from services.feedback import store
from services.feedback.domain import Feedback

routes = Routes()
AREA = ("local-service-point-manager", "service-manager", "service-supervisor")
"""Who reads what is about the employment area, of all municipalities."""
READERS = web.allow(*AREA, "employment-and-integration-manager", "municipal-manager")
ABOUT = {"municipal-service": N_("Municipality's service"), "employment-area": N_("Employment area")}
CHANNELS = {"form": N_("form"), "email": N_("e-mail"), "phone": N_("phone"), "visit": N_("visit"), "other": N_("other")}


class Words:
    """A row's words, in the reader's language."""

    def __init__(self, page: Page) -> None:
        self.page, self.rules = page, plan.on(page.today)

    def about(self, each: Feedback) -> str:
        return self.page.gettext(ABOUT[each.about])

    def service(self, each: Feedback) -> str:
        name = self._name(self.rules.services, each.service or "")
        return name[:1].upper() + name[1:]

    def municipality(self, each: Feedback) -> str:
        return self._name(self.rules.municipalities, each.municipality)

    def channel(self, each: Feedback) -> str:
        return self.page.gettext(CHANNELS[each.channel])

    def _name(self, names: Mapping[str, Any], code: str) -> str:
        return names[code].text(self.page.language) if code in names else code


@routes.page("GET", "/", policy=READERS)
async def show(page: Page, db: Db) -> Response:
    """What came last, first; no text."""
    found = await store.newest(db, municipality_of(page.who))
    return page.render("feedback.html", words=Words(page), found=found)


@routes.page("GET", "/{feedback_id}/text", policy=READERS)
async def back(feedback_id: str, page: Page) -> Response:
    """Where a reader lands who comes back to what was shown: not shown again."""
    return page.redirect("/")


@routes.page("POST", "/{feedback_id}/text", policy=READERS, repeatable=True)
async def show_text(feedback_id: str, page: Page, db: Db) -> Response:
    """One piece with its text; the look is in the audit log."""
    one = await store.readable(db, feedback_id, municipality_of(page.who))
    if one is None or one.text is None:
        raise Refused(NotFound())
    await audit.read(db, "feedback", one.id, page.who, "text")
    return page.render("text.html", words=Words(page), each=one)


@routes.page("GET", "/waiting/count", policy=web.signed_in)
async def count(page: Page) -> Response:
    return waiting.count(page, [])


def municipality_of(who: Principal) -> str | None:
    """Whose feedback somebody reads: None for what is about the employment area."""
    return None if who.has(*AREA) else who.organisation or ""
