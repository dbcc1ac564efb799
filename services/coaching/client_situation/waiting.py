"""The client situation among what waits for the manager."""

from chassis import calendar, obligations
from chassis.database import Session
from chassis.web import Page
from chassis.web.formats import Formats
from chassis.web.waiting import Task
from contracts import plan
from services.coaching.client_situation.handlers import REPORT


async def tasks(page: Page, db: Session) -> list[Task]:
    """The months that the person is to tell of."""
    rules, formats = plan.on(page.today), Formats(page.language, page.texts)
    owed = await obligations.waiting(
        db, organisation=page.who.organisation or "", roles=page.who.roles, person=page.who.id)
    found = []
    for each in owed:
        if each.kind != REPORT:
            continue
        _, service, month = each.about_id.split(":")
        address = f"/client-situation/{service}/{month}"
        found.append(Task(
            due=calendar.helsinki_day(each.due_at), address=address, act=page.gettext("Check and send"),
            title=page.gettext("Client situation, %(month)s: %(service)s", month=formats.month(month),
                               service=rules.services[service].text(page.language)),
            why=page.gettext("The employment area sees free places and whether more referrals are wanted. The numbers "
                             "are counted for you."),
        ))
    return found
