"""Ilmoitukset: to an operator all notices, those that need a person first; to others their own."""

from collections.abc import Mapping

from fastapi import Response

from chassis import audit, web
from chassis.decisions import NotFound, Refused, decided_or_raise
from chassis.web import N_, Db, Page, Routes, waiting
from chassis.web.waiting import Task
from contracts import plan
from services.notify import domain, store
from services.notify.domain import Notice, Status
from services.notify.texts import link

routes = Routes()
OPERATORS = web.allow("operator")
STATUS: Mapping[Status, tuple[str, str]] = {
    Status.UNDELIVERABLE: (N_("Not delivered"), "danger"),
    Status.UNKNOWN: (N_("Perhaps sent"), "warning"),
    Status.QUEUED: (N_("Waits to be sent"), "info"),
    Status.SENDING: (N_("Being sent"), "info"),
    Status.SENT: (N_("Sent"), "success"),
    Status.STALE: (N_("Too old, not sent"), "neutral"),
}
KINDS = {
    "ReferralConsented": N_("A new referral waits"),
    "ConsentWithdrawn": N_("Consent withdrawn"),
    "ReferralCancelled": N_("Referral cancelled"),
    "CoachingStarted": N_("The service began"),
    "CoachingEnded": N_("The service ended"),
    "ReferralReturned": N_("Referral returned"),
    "ObligationDueSoon": N_("A deadline is near"),
    "ObligationMissed": N_("A deadline has passed"),
    "ObligationEscalated": N_("Somebody else is late"),
}


class Words:
    """A row's words, in the reader's language."""

    def __init__(self, page: Page) -> None:
        self.page, self.rules = page, plan.on(page.today)

    def status(self, status: Status) -> tuple[str, str]:
        text, color = STATUS[status]
        return self.page.gettext(text), color

    def kind(self, each: Notice) -> str:
        return self.page.gettext(KINDS[each.text])

    def receiver(self, each: Notice) -> str:
        known = self.rules.organisations.get(each.organisation), self.rules.roles.get(each.role)
        return ", ".join(name.text(self.page.language) for name in known if name)

    def reason(self, each: Notice) -> str:
        known = self.rules.codes["notice-reason"].get(each.reason or "")
        return known.text(self.page.language) if known else ""

    def link(self, each: Notice) -> str:
        return link(each, self.rules, self.page.web.settings.public_url)


@routes.page("GET", "/", policy=web.signed_in)
async def show(page: Page, db: Db) -> Response:
    words = Words(page)
    if not page.who.has("operator"):
        return page.render("own-notices.html", words=words, found=await store.newest(db, staff_id=page.who.id))
    counts = await store.counts(db)
    return page.render(
        "notices.html", words=words, found=await store.newest(db),
        counts=[(*words.status(status), counts.get(status, 0)) for status in STATUS],
    )


@routes.page("POST", "/{notice_id}/again", policy=OPERATORS)
async def send_again(notice_id: str, page: Page, db: Db) -> Response:
    notice = await store.notice(db, notice_id)
    if notice is None:
        raise Refused(NotFound())
    state, _ = decided_or_raise(domain.resend(notice, db.now))
    await store.save(db, state)
    await audit.changed(db, "notice", notice.id, page.who, "send-again")
    return page.redirect("/", said=page.gettext("The notice waits to be sent again."))


@routes.page("GET", "/waiting/count", policy=web.signed_in)
async def count(page: Page, db: Db) -> Response:
    """How many need a person: an operator alone can act."""
    counts = await store.counts(db) if page.who.has("operator") else {}
    needs = counts.get(Status.UNDELIVERABLE, 0) + counts.get(Status.UNKNOWN, 0)
    return waiting.count(page, [Task(page.today, "", "/", "", "")] * needs)
