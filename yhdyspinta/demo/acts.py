"""What happens in the demo's year, one class an act: a command to one of our services, through the handler that its
API calls, or an event of another system.

An act has a key of its own in the whole script. A command's key is kept in the transaction of its effect, so a day
that was broken off is played again without doing anything twice; an event's id is made of its key, so a repeat is
one to its reader.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from chassis import idempotency
from chassis.contact import Contact, Secret
from chassis.database import Session
from chassis.policy import Principal
from contracts.envelope import Data
from contracts.events.casework import NotBegun, Origin, Outcome
from contracts.events.coaching import RightAddress
from contracts.fields import new_id
from services.coaching import access
from services.coaching.cases import handlers as cases
from services.coaching.cases import store as case_store
from services.coaching.cases.domain import Case, Channel, MeetingKind, ReturnReason
from services.coaching.cases.handlers import By
from services.coaching.client_situation import handlers as situations
from services.coaching.ohjaamo import handlers as ohjaamo
from services.coaching.ohjaamo.handlers import Visitor
from services.coaching.phenomena import handlers as phenomena
from services.coaching.referrals import handlers as contact_details
from services.referral import handlers as referrals
from services.referral.handlers import Wish
from services.referral.triage import domain as triage_domain
from services.referral.triage import handlers as triage
from yhdyspinta.demo.people import BY_ID
from yhdyspinta.demo.progress import Handle

Handles = MutableMapping[str, Handle]
"""What our services called the referrals and own cases of the script, by their key in it."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """`at` is aware."""

    at: datetime
    key: str


@dataclass(frozen=True, kw_only=True)
class Publish(Act):
    """Another system publishes an event. `of` is the key of a referral whose number the data names."""

    system: str
    data: Data
    of: str | None = None

    def told(self, handles: Handles) -> Data:
        return self.data if self.of is None else self.data.model_copy(
            update={"referral_number": handles[self.of].number})


@dataclass(frozen=True, kw_only=True)
class Command(Act, ABC):
    """Somebody of `yhdyspinta.demo.people`, `by`, does something in a service."""

    service: ClassVar[str]

    by: str

    @abstractmethod
    async def do(self, db: Session, handles: Handles) -> str:
        """The act itself, in one transaction; what is to be remembered of it."""

    async def once(self, db: Session, handles: Handles) -> bool:
        """Does it, unless it was done before; False then. Raises `Refused`."""
        request = idempotency.Request("demo", "demo", self.key, idempotency.hash_of(db.settings, b""))
        done = await idempotency.begin(db, request)
        if done is None:
            await idempotency.finish(db, request, idempotency.Answer(200, await self.do(db, handles)))
        else:
            self.recall(done.location or "", handles)
        return done is None

    def recall(self, remembered: str, handles: Handles) -> None:
        """Learns again what an act that was done before had given."""

    @property
    def who(self) -> Principal:
        person = BY_ID[self.by]
        return Principal("person", person.id, person.name, person.organisation, frozenset(person.roles))


# --- the employment area


@dataclass(frozen=True, kw_only=True)
class Refer(Command):
    """A case manager refers a client, who consents [3.2]."""

    service = "referral"

    referral: str
    municipality: str
    birth_year: int
    to: str
    need: str
    name: str
    phone: str

    async def do(self, db: Session, handles: Handles) -> str:
        made = await referrals.refer(db, Wish(
            municipality=self.municipality, birth_year=self.birth_year, service=self.to, need=self.need,
            consented=True, contact_permitted=True, given_at=db.now,
            contact=Contact(Secret(self.name), Secret(self.phone))), self.who)
        handles[self.referral] = Handle(made.id, made.number)
        return f"{made.id} {made.number}"

    def recall(self, remembered: str, handles: Handles) -> None:
        handles[self.referral] = Handle(*remembered.split())


@dataclass(frozen=True, kw_only=True)
class OfReferral(Command):
    service = "referral"

    referral: str


@dataclass(frozen=True, kw_only=True)
class WithdrawAtArea(OfReferral):
    """The client tells the employment area that the consent is withdrawn [3.2, 7]."""

    async def do(self, db: Session, handles: Handles) -> str:
        await referrals.withdraw(db, handles[self.referral].id, None, self.who)
        return ""


@dataclass(frozen=True, kw_only=True)
class CancelReferral(OfReferral):
    """The case manager takes the referral back."""

    async def do(self, db: Session, handles: Handles) -> str:
        await referrals.cancel(db, handles[self.referral].id, self.who)
        return ""


@dataclass(frozen=True, kw_only=True)
class SettleReturn(OfReferral):
    """The client knows of the return."""

    async def do(self, db: Session, handles: Handles) -> str:
        await referrals.settle_return(db, handles[self.referral].id, self.who)
        return ""


@dataclass(frozen=True, kw_only=True)
class DirectInquiry(Command):
    """The clerk of the service corridor directs an inquiry [3.7]."""

    service = "referral"

    channel: triage_domain.Channel
    rule: str

    async def do(self, db: Session, handles: Handles) -> str:
        inquiry = await triage.direct(db, new_id(db.now), self.channel, self.rule, self.who)
        await triage.finish(db, inquiry.id, self.who)
        return ""


# --- what the manager tells the employment area


@dataclass(frozen=True, kw_only=True)
class ReportSituation(Command):
    """The manager tells of a month as the system counts it [3.2]; nothing where the service had no client yet."""

    service = "coaching"

    of: str
    month: str
    free_places: int
    more_referrals_wanted: bool

    async def do(self, db: Session, handles: Handles) -> str:
        waiting = {(each.service, each.month) for each in await situations.months(db, self.who)}
        if (self.of, self.month) in waiting:
            wish = situations.Wish(self.free_places, self.more_referrals_wanted, self.by)
            await situations.report(db, self.who, self.of, self.month, wish)
        return ""


# --- the municipalities' cases


@dataclass(frozen=True, kw_only=True)
class InCase(Command):
    """`case` is the key of the referral or act that opened it, or the id under which PARty knows it."""

    service = "coaching"

    case: str

    async def do(self, db: Session, handles: Handles) -> str:
        await self.act(db, await case_id(db, self.case, handles), access.by(self.who, db.now))
        return ""

    @abstractmethod
    async def act(self, db: Session, case_id: str, by: By) -> None:
        """The act in the case that was found."""


async def case_id(db: Session, case: str, handles: Handles) -> str:
    """Raises LookupError or ValueError where no case was opened, for its referral was refused."""
    if case not in handles:
        return str(UUID(case))
    known = handles[case].id
    found = await case_store.of_referral(db, known) or await case_store.find(db, known)
    if found is None:
        raise LookupError(case)
    return found.id


@dataclass(frozen=True, kw_only=True)
class ByThemselves(Command):
    """A client comes without a referral, and a case is opened that the key `case` names from then on."""

    service = "coaching"

    case: str
    municipality: str

    async def do(self, db: Session, handles: Handles) -> str:
        made = await self.open(db, access.by(self.who, db.now))
        handles[self.case] = Handle(made.id, made.number)
        return f"{made.id} {made.number}"

    @abstractmethod
    async def open(self, db: Session, by: By) -> Case:
        """The case that is opened."""

    def recall(self, remembered: str, handles: Handles) -> None:
        handles[self.case] = Handle(*remembered.split())


@dataclass(frozen=True, kw_only=True)
class OpenCase(ByThemselves):
    """A worker records the approach [3.2, 3.4, 3.6]."""

    of: str
    origin: Origin
    asked_on: date

    async def open(self, db: Session, by: By) -> Case:
        return await cases.open_case(
            db, by, self.of, self.municipality, self.origin, self.asked_on, basis="not-of-working-age")


@dataclass(frozen=True, kw_only=True)
class ReceiveVisitor(ByThemselves):
    """Somebody comes to an Ohjaamo without an appointment [3.5]."""

    ohjaamo: str
    topic: str
    settled: bool

    async def open(self, db: Session, by: By) -> Case:
        return await ohjaamo.receive(db, by, Visitor(self.ohjaamo, self.municipality, self.topic, self.settled))


@dataclass(frozen=True, kw_only=True)
class RecordPhenomena(Command):
    """An outreach team's observations of a month [3.4]; `month` is its first day."""

    service = "coaching"

    municipality: str
    month: date
    counts: Mapping[str, int]

    async def do(self, db: Session, handles: Handles) -> str:
        await phenomena.observe(db, self.who, self.municipality, self.month, self.counts)
        return ""


@dataclass(frozen=True, kw_only=True)
class Reveal(InCase):
    """A coach looks at name and phone, to call the client."""

    async def act(self, db: Session, case_id: str, by: By) -> None:
        await contact_details.reveal(db, case_id, by, "contact-attempt")


@dataclass(frozen=True, kw_only=True)
class Attempt(InCase):
    channel: Channel
    reached: bool

    async def act(self, db: Session, case_id: str, by: By) -> None:
        await cases.record_attempt(db, case_id, by, db.now, self.channel, self.reached)


@dataclass(frozen=True, kw_only=True)
class Book(InCase):
    """The client is reached and a time is booked."""

    for_at: datetime
    place: str
    reached_by: Channel | None = "call"

    async def act(self, db: Session, case_id: str, by: By) -> None:
        await cases.book_appointment(db, case_id, by, self.for_at, self.place, self.reached_by)


@dataclass(frozen=True, kw_only=True)
class DidNotCome(InCase):
    """The booked time passed without the client."""

    async def act(self, db: Session, case_id: str, by: By) -> None:
        await cases.miss_appointment(db, case_id, by)


@dataclass(frozen=True, kw_only=True)
class Meet(InCase):
    on: date
    kind: MeetingKind

    async def act(self, db: Session, case_id: str, by: By) -> None:
        await cases.hold_meeting(db, case_id, by, self.on, self.kind)


@dataclass(frozen=True, kw_only=True)
class Start(InCase):
    """The service began, and the area is told the day [3.2]."""

    on: date

    async def act(self, db: Session, case_id: str, by: By) -> None:
        await cases.start(db, case_id, by, self.on)


@dataclass(frozen=True, kw_only=True)
class End(InCase):
    """The service ended: the day for the area, the outcome for the municipal side [3.2]."""

    on: date
    outcome: Outcome

    async def act(self, db: Session, case_id: str, by: By) -> None:
        await cases.end(db, case_id, by, self.on, self.outcome)


@dataclass(frozen=True, kw_only=True)
class GiveBack(InCase):
    reason: ReturnReason
    right_address: RightAddress | None = None

    async def act(self, db: Session, case_id: str, by: By) -> None:
        await cases.give_back(db, case_id, by, self.reason, self.right_address)


@dataclass(frozen=True, kw_only=True)
class CloseUnbegun(InCase):
    on: date
    reason: NotBegun

    async def act(self, db: Session, case_id: str, by: By) -> None:
        await cases.close_unbegun(db, case_id, by, self.on, self.reason)


@dataclass(frozen=True, kw_only=True)
class WithdrawAtProvider(InCase):
    """The client tells the provider that the consent is withdrawn [3.2, 7]."""

    async def act(self, db: Session, case_id: str, by: By) -> None:
        await cases.withdraw(db, case_id, by, None)


@dataclass(frozen=True, kw_only=True)
class CameBefore(Command):
    """The client was here before: the earlier case is named. Both are named as `InCase` names one."""

    service = "coaching"

    case: str
    earlier: str

    async def do(self, db: Session, handles: Handles) -> str:
        case, earlier = [await case_id(db, each, handles) for each in (self.case, self.earlier)]
        await cases.came_before(db, case, access.by(self.who, db.now), earlier)
        return ""


