"""Myöhässä: what is late at a municipality, for those to whom it is told [contracts.plan, escalation].

They see that something is late and whose it is; the matter itself only where its service is theirs.
"""

from collections.abc import Mapping, Sequence

from chassis.database import Session
from chassis.obligations import Obligation
from chassis.web import Page, Routes, allow
from chassis.web import late as late_page
from chassis.web.late import Ledger, Matter
from services.coaching import access, directory
from services.coaching.cases import store

routes = Routes()
SUPERVISORS = allow(access.MANAGER, "development-director", "municipal-manager")


async def _matters(page: Page, db: Session, owed: Sequence[Obligation]) -> Mapping[str, Matter]:
    """Of these the cases that the reader may open."""
    ids = [each.about_id for each in owed if each.about_type == "case"]
    found = await store.listed_by_id(db, access.by(page.who, page.now).whose, ids)
    return {about: Matter(each.number, f"/cases/{about}") for about, each in found.items()}


late_page.add(routes, SUPERVISORS, Ledger(_matters, directory.names, directory.in_role))
