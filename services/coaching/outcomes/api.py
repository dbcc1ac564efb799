"""The API of what is told under pseudonyms: the one act that a client may ask for."""

from chassis.web import Db, Routes, Who
from services.coaching import access, subject
from services.coaching.access import OFFICERS
from services.coaching.cases.api import Id

routes = Routes("Figures")


@routes.api(
    "POST", "/api/cases/{case_id}/erasure-of-links", policy=OFFICERS, scope="erasure", status=204,
    summary="Erase what links the client to figures",
)
async def erase_links(case_id: Id, db: Db, who: Who) -> None:
    """On the client's request: from here on nobody can link an outcome to the person, of any of their cases and
    years. The events stay as statistics without a person, and nothing more is told of these cases."""
    await subject.erase_links(db, case_id, access.by(who, db.now))
