"""What waits of meetings that are about no referral: answers to invitations, and requests of the Ohjaamos."""

from collections.abc import Sequence

from chassis import calendar
from chassis.database import Session
from chassis.obligations import Obligation
from chassis.web import N_, Page
from chassis.web.waiting import Task
from services.referral.domain import ORGANISATION
from services.referral.meetings import invitations, requests, store
from services.referral.wording import Words


async def tasks(page: Page, db: Session, owed: Sequence[Obligation]) -> list[Task]:
    """Of these obligations those about invitations and requests, as tasks."""
    words = Words(page)
    about = {kind: {each.about_id: each for each in owed if each.about_type == kind}
             for kind in (invitations.ABOUT, requests.ABOUT)}
    invited = await store.invitations_by_id(db, about[invitations.ABOUT].keys(), page.who.organisation or "")
    asked = await store.requests_by_id(db, about[requests.ABOUT].keys()) if _is_area(page) else {}
    found = [
        Task(
            due=calendar.helsinki_day(about[invitations.ABOUT][id_].due_at), address=f"/invitations/{id_}",
            title=page.gettext("The invitation is not answered yet: %(what)s",
                               what=words.code("invitation-kind", each.kind)),
            why=page.gettext("%(organisation)s, the meeting is on %(at)s. If nobody answers, call.",
                             organisation=words.organisation(each.organisation), at=words.formats.due(each.starts_at)),
            act=page.gettext("Look into it"),
        )
        for id_, each in invited.items()
    ]
    return found + [
        Task(
            due=calendar.helsinki_day(about[requests.ABOUT][id_].due_at), address=f"/case-manager-requests/{id_}",
            title=page.gettext("Ohjaamo %(where)s asks for a case manager: %(what)s",
                               where=words.municipality(each.ohjaamo), what=words.code("ohjaamo-topic", each.topic)),
            why=page.gettext("Wanted %(at)s. Whoever of you can answers.", at=words.formats.due(each.at)),
            act=page.gettext(N_("Answer")),
        )
        for id_, each in asked.items()
    ]


def _is_area(page: Page) -> bool:
    return page.who.organisation == ORGANISATION
