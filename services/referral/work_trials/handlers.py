"""Work trials: what the workshop proposes, and the case manager's answer; the same for pages and API."""

from chassis import audit, outbox
from chassis.database import Session
from chassis.decisions import Ignored, NotFound, Refused, decided_or_raise
from chassis.policy import Principal, system_of
from contracts.envelope import Event
from contracts.events.coaching import WorkTrialProposed
from services.referral import duties
from services.referral import store as referrals
from services.referral.domain import Referral
from services.referral.work_trials import domain, store
from services.referral.work_trials.domain import Proposal, Reason, State


async def take(db: Session, event: Event[WorkTrialProposed]) -> None:
    """The workshop's manager proposes a work trial: the case manager owes an answer [3.3]."""
    referral = await referrals.of_event(db, event.data.referral_id)
    decision = domain.take(referral, event.data, event.time)
    proposal, _ = decided_or_raise(decision)
    if isinstance(decision, Ignored) or not await store.add(db, proposal):
        return
    await duties.work_trial_proposed(db, referral, event.time)
    await referrals.note(db, referral.id, "work-trial-proposed", referral.provider, event.time, **_workplace(proposal))
    await audit.changed(db, "referral", referral.id, system_of(event.source), "propose-work-trial")


async def answer(
    db: Session, referral_id: str, proposal_id: str, accepted: bool, reason: Reason | None, by: Principal
) -> Referral:
    """The case manager accepts, or declines with a reason [3.3]; the workshop hears it.

    Raises `Refused`: `NotFound`, `ReferralClosed`, `AlreadyAnswered`, `ReasonMissing`.
    """
    referral = await referrals.referral(db, referral_id, organisation=by.organisation, for_update=True)
    known: dict[str, Proposal] = {proposal.id: proposal for proposal in await store.of_referral(db, referral_id)}
    if proposal_id not in known:
        raise Refused(NotFound())
    answered, events = decided_or_raise(domain.answer(known[proposal_id], referral, accepted, reason, db.now))
    await store.save(db, answered)
    await outbox.add(db, *events)
    known[proposal_id] = answered
    waiting = [each.proposed_at for each in known.values() if each.state(referral) is State.WAITING]
    await duties.work_trial_answered(db, referral, min(waiting, default=None))
    await referrals.note(
        db, referral.id, "work-trial-accepted" if accepted else "work-trial-declined",
        referrals.named(by), reason=reason)
    await audit.changed(db, "referral", referral.id, by, "answer-work-trial-proposal")
    return referral


def _workplace(proposal: Proposal) -> dict[str, str | None]:
    return {"workplace_kind": proposal.workplace_kind, "unit": proposal.unit, "business_id": proposal.business_id,
            "starts_on": proposal.starts_on.isoformat(), "ends_on": proposal.ends_on.isoformat()}
