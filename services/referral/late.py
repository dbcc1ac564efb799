"""Myöhässä: what is late of the employment area's referrals, the provider's part of it too."""

from collections.abc import Mapping, Sequence

from chassis.database import Session
from chassis.obligations import Obligation
from chassis.web import Page, Routes, allow
from chassis.web import late as late_page
from chassis.web.late import Ledger, Matter
from services.referral import duties, lists

routes = Routes()
SUPERVISORS = allow("service-supervisor", "service-manager")


async def _matters(page: Page, db: Session, owed: Sequence[Obligation]) -> Mapping[str, Matter]:
    """Of these the referrals of the reader's own organisation."""
    ids = [each.about_id for each in owed if each.about_type == duties.ABOUT]
    found = await lists.numbered(db, ids, page.who.organisation)
    return {about: Matter(each.number, f"/referrals/{about}") for about, each in found.items()}


late_page.add(routes, SUPERVISORS, Ledger(_matters, lists.names, lists.colleagues, whole=True))
