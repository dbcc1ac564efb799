"""The case manager's answer to a proposed work trial: a page, and the API."""

from typing import Annotated, Any, Literal

from fastapi import Path, Response
from pydantic import BaseModel

from chassis.decisions import NotFound, Refused
from chassis.web import Db, Form, Page, Routes, Who, blank
from contracts.fields import UUID
from services.referral import schemas, shown
from services.referral.api import CASE_MANAGERS, Id
from services.referral.schemas import ReferralShown
from services.referral.wording import DECLINED, Words
from services.referral.work_trials import handlers
from services.referral.work_trials.domain import Reason, State
from services.referral.work_trials.schemas import Answer

routes = Routes("Work trials")
ProposalId = Annotated[
    str, Path(pattern=UUID, description="`proposal_id`",
              examples=[schemas.EXAMPLE_ID])]


class Answered(BaseModel):
    answer: Literal["accept", "decline"]
    reason: Reason | None = None


@routes.page("GET", "/referrals/{referral_id}/work-trials/{proposal_id}", policy=CASE_MANAGERS)
async def ask(referral_id: Id, proposal_id: ProposalId, page: Page, db: Db) -> Response:
    """What is proposed, and the two answers."""
    return await _shown(page, db, referral_id, proposal_id, blank())


@routes.page("POST", "/referrals/{referral_id}/work-trials/{proposal_id}", policy=CASE_MANAGERS)
async def press(referral_id: Id, proposal_id: ProposalId, page: Page, db: Db) -> Response:
    form = await page.form(Answered)
    if form.ok:
        accepted = form.read.answer == "accept"
        try:
            await handlers.answer(
                db, referral_id, proposal_id, accepted, None if accepted else form.read.reason, page.who)
            said = page.gettext("You accepted the work trial. The workshop is told.") if accepted else \
                page.gettext("You declined the work trial. The workshop is told why.")
            return page.redirect(f"/referrals/{referral_id}", said=said)
        except Refused as fault:
            if fault.refusal.code != "reason-missing":
                raise
            form.refuse("reason", page.gettext("Choose why you decline."))
    return await _shown(page, db, referral_id, proposal_id, form, 422)


async def _shown(
    page: Page, db: Db, referral_id: str, proposal_id: str, form: Form[Any], status: int = 200
) -> Response:
    seen = await shown.whole(db, referral_id, page.who)
    proposal = next((each for each in seen.trials if each.id == proposal_id), None)
    if proposal is None:
        raise Refused(NotFound())
    if proposal.state(seen.referral) is not State.WAITING:
        return page.redirect(f"/referrals/{referral_id}")
    words = Words(page)
    return page.render(
        "work-trial.html", status, words=words, referral=seen.referral, proposal=proposal, form=form,
        reasons=[(code, page.gettext(text)) for code, text in DECLINED.items()],
        owed=seen.obligation("answer-work-trial-proposal"),
    )


@routes.api(
    "POST", "/api/referrals/{referral_id}/work-trials/{proposal_id}/answer", policy=CASE_MANAGERS, scope="referrals",
    response_model=ReferralShown, summary="Answer a proposed work trial",
)
async def answer(referral_id: Id, proposal_id: ProposalId, told: Answer, db: Db, who: Who) -> Any:
    """The workshop hears the answer, and why where it is declined. A proposal is answered once."""
    await handlers.answer(db, referral_id, proposal_id, told.accepted, told.reason, who)
    return schemas.whole(await shown.whole(db, referral_id, who))
