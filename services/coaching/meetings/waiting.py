"""What waits of meetings that are about no case: invitations to be answered, and requests that nobody has answered."""

from collections.abc import Sequence

from chassis import calendar
from chassis.database import Session
from chassis.obligations import Obligation
from chassis.web import Page
from chassis.web.waiting import Task
from services.coaching.cases.wording import Words
from services.coaching.meetings import access, invitations, requests, store


async def tasks(page: Page, db: Session, owed: Sequence[Obligation]) -> list[Task]:
    """Of these obligations those about invitations and requests, as tasks."""
    words, organisation = Words(page), page.who.organisation or ""
    due = {each.about_id: calendar.helsinki_day(each.due_at) for each in owed
           if each.about_type in (invitations.ABOUT, requests.ABOUT)}
    if not due:
        return []
    invited = await store.list_invitations(db, store.invited(organisation, access.invited_as(page.who)))
    asked = await store.list_requests(db, organisation) if page.who.has(*access.OHJAAMO_ROLES) else []
    found = [
        Task(
            due=due[each.id], address=f"/invitations/{each.id}",
            title=page.gettext("Answer the invitation: %(what)s", what=words.code("invitation-kind", each.kind)),
            why=page.gettext("On %(at)s, at the client's wish.", at=words.formats.due(each.starts_at)),
            act=page.gettext("Answer"),
        )
        for each in invited if each.id in due
    ]
    return found + [
        Task(
            due=due[each.id], address="/ohjaamo-days",
            title=page.gettext("No case manager has answered: %(what)s", what=words.code("ohjaamo-topic", each.topic)),
            why=page.gettext("Wanted %(at)s at Ohjaamo %(where)s. If nobody answers, call.",
                             at=words.formats.due(each.at), where=words.municipality(each.ohjaamo)),
            act=page.gettext("Look into it"),
        )
        for each in asked if each.id in due
    ]
