"""Acts of the demo's year that bring both sides together: three-party meetings, invitations, work pairs."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from chassis.database import Session
from contracts.events.coaching import ProposedTime
from services.coaching.cases.handlers import By
from services.coaching.meetings import handlers as municipal
from services.referral.meetings import handlers as area
from services.referral.meetings import store as area_store
from services.referral.meetings.invitations import Wish
from services.referral.meetings.three_party import Agreement, Reason
from yhdyspinta.demo.acts import Command, Handles, InCase, OfReferral
from yhdyspinta.demo.progress import Handle

HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class AskThreeParty(InCase):
    """The coach asks the case manager to a meeting with the client, at one of these times."""

    times: Sequence[datetime]

    async def act(self, db: Session, case_id: str, by: By) -> None:
        await municipal.ask_three_party(
            db, case_id, by, [ProposedTime(starts_at=at, ends_at=at + HOUR) for at in self.times])


@dataclass(frozen=True, kw_only=True)
class OfThreeParty(OfReferral):
    """The case manager's act in the meeting that was asked for last."""

    async def do(self, db: Session, handles: Handles) -> str:
        referral_id = handles[self.referral].id
        *_, meeting = await area_store.three_parties_of(db, referral_id)
        await self.act(db, referral_id, meeting.id)
        return ""

    @abstractmethod
    async def act(self, db: Session, referral_id: str, meeting_id: str) -> None:
        """The act in the meeting that was found."""


@dataclass(frozen=True, kw_only=True)
class AgreeThreeParty(OfThreeParty):
    starts_at: datetime
    place: str

    async def act(self, db: Session, referral_id: str, meeting_id: str) -> None:
        to = Agreement(self.starts_at, self.starts_at + HOUR, self.place, client_takes_part=True)
        await area.agree(db, referral_id, meeting_id, to, self.who)


@dataclass(frozen=True, kw_only=True)
class DeclineThreeParty(OfThreeParty):
    reason: Reason

    async def act(self, db: Session, referral_id: str, meeting_id: str) -> None:
        await area.decline(db, referral_id, meeting_id, self.reason, self.who)


@dataclass(frozen=True, kw_only=True)
class HoldThreeParty(OfThreeParty):
    """The case manager was there."""

    async def act(self, db: Session, referral_id: str, meeting_id: str) -> None:
        await area.hold(db, referral_id, meeting_id, self.who)


@dataclass(frozen=True, kw_only=True)
class Named(Command):
    """What one side made and the other answers, by its key in the script."""

    named: str

    def recall(self, remembered: str, handles: Handles) -> None:
        handles[self.named] = Handle(remembered, "")


@dataclass(frozen=True, kw_only=True)
class Invite(Named):
    """A case manager invites a municipal worker to a meeting of a client."""

    service = "referral"

    kind: str
    municipality: str
    starts_at: datetime
    place: str

    async def do(self, db: Session, handles: Handles) -> str:
        wish = Wish(self.kind, self.municipality, self.starts_at, self.starts_at + HOUR, self.place, True)
        made = await area.invite(db, wish, None, self.who)
        self.recall(made.id, handles)
        return made.id


@dataclass(frozen=True, kw_only=True)
class AnswerInvitation(Command):
    service = "coaching"

    named: str
    accepted: bool

    async def do(self, db: Session, handles: Handles) -> str:
        await municipal.answer_invitation(db, handles[self.named].id, self.who, self.accepted)
        return ""


@dataclass(frozen=True, kw_only=True)
class AskCaseManager(Named):
    """An Ohjaamo worker asks for a case manager as work pair."""

    service = "coaching"

    ohjaamo: str
    topic: str
    for_at: datetime

    async def do(self, db: Session, handles: Handles) -> str:
        made = await municipal.ask_case_manager(db, self.who, self.ohjaamo, self.topic, self.for_at)
        self.recall(made.id, handles)
        return made.id


@dataclass(frozen=True, kw_only=True)
class AnswerRequest(Command):
    service: ClassVar[str] = "referral"

    named: str
    accepted: bool

    async def do(self, db: Session, handles: Handles) -> str:
        id_ = handles[self.named].id
        if self.accepted:
            await area.accept_request(db, id_, self.who, None)
        else:
            await area.decline_request(db, id_, self.who)
        return ""
