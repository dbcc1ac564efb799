"""The obligations of a referral: who must do what by when, so that no open status is without an owner [3.2].

The provider takes the contact details, tells the start, acknowledges an erasure; the case manager asks the client
again for lost details, and acts on a return. All are on `area.obligations.v1`.
"""

from datetime import datetime

from chassis import obligations
from chassis.database import Session
from contracts.plan import Plan
from services.referral.courses import Status
from services.referral.domain import Referral

ABOUT = "referral"
TAKE = "take-contact-details"
TELL_START = "tell-start"
ACT_ON_RETURN = "act-on-return"
ASK_AGAIN = "ask-contact-details-again"
ACKNOWLEDGE = "acknowledge-erasure"
ANSWER_WORK_TRIAL = "answer-work-trial-proposal"


async def await_provider(db: Session, referral: Referral, rules: Plan) -> None:
    """The provider takes the contact details and, where the plan says so, tells whether the service began."""
    await await_taking(db, referral)
    service = rules.services[referral.service]
    if service.start_and_end_told:
        await _of_provider(db, TELL_START, referral, role=service.mailbox_role)


async def await_taking(db: Session, referral: Referral) -> None:
    """The provider takes the contact details, as they were first told or as they were corrected."""
    await _of_provider(db, TAKE, referral)


async def details_taken(db: Session, referral: Referral) -> None:
    await obligations.meet(db, TAKE, ABOUT, referral.id)


async def start_told(db: Session, referral: Referral) -> None:
    await obligations.meet(db, TELL_START, ABOUT, referral.id)


async def ask_again(db: Session, referral: Referral) -> None:
    """The own copy can't be read: the case manager asks the client for name and phone again."""
    await _of_case_manager(db, ASK_AGAIN, referral)


async def details_asked(db: Session, referral: Referral) -> None:
    await obligations.meet(db, ASK_AGAIN, ABOUT, referral.id)


async def await_acknowledgement(db: Session, closed: Referral) -> None:
    """The provider acknowledges the erasure by its deadline; on a return the case manager has an act too."""
    if closed.acknowledged_at is None:
        await _of_provider(db, ACKNOWLEDGE, closed)
    if closed.status is Status.RETURNED:
        await _of_case_manager(db, ACT_ON_RETURN, closed)


async def acknowledged(db: Session, referral: Referral) -> None:
    await obligations.meet(db, ACKNOWLEDGE, ABOUT, referral.id)


async def return_settled(db: Session, referral: Referral) -> bool:
    """The case manager has acted on the return; False where none waited."""
    return await obligations.meet(db, ACT_ON_RETURN, ABOUT, referral.id) is not None


async def work_trial_proposed(db: Session, referral: Referral, at: datetime) -> None:
    """The case manager answers a proposal; of several the first that waits [3.3]."""
    await _of_case_manager(db, ANSWER_WORK_TRIAL, referral, begins=at)


async def work_trial_answered(db: Session, referral: Referral, next_at: datetime | None) -> None:
    """A proposal is answered; another that waits since `next_at` is owed next."""
    await obligations.meet(db, ANSWER_WORK_TRIAL, ABOUT, referral.id)
    if next_at:
        await work_trial_proposed(db, referral, next_at)


async def drop_all(db: Session, referral: Referral) -> None:
    """Nothing of what was expected of an open referral need be done any more."""
    await obligations.cancel_all(db, ABOUT, referral.id)


async def service_ended(db: Session, referral: Referral) -> None:
    """Nothing is expected any more but an answer to a work trial: the consent is still in force."""
    await obligations.cancel_all(db, ABOUT, referral.id, but=(ANSWER_WORK_TRIAL,))


async def _of_provider(db: Session, kind: str, referral: Referral, role: str | None = None) -> None:
    await obligations.open_(
        db, kind, ABOUT, referral.id, owner_organisation=referral.provider, owner_role=role,
        service=referral.service, municipality=referral.municipality,
        due_at=referral.erase_due_at if kind == ACKNOWLEDGE else None,
    )


async def _of_case_manager(db: Session, kind: str, referral: Referral, begins: datetime | None = None) -> None:
    await obligations.open_(
        db, kind, ABOUT, referral.id, owner_organisation=referral.organisation, owner=referral.case_manager,
        service=referral.service, municipality=referral.municipality, begins=begins,
    )
