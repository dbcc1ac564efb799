"""Who is told what: from an event to notices, and what becomes of one [1, 3.2].

A notice holds a number and a link, never a name or a phone number of a client. One about something older than
the plan's `notices.fresh_for` is kept as `stale` and not sent: a loaded year, a replay, a long outage mail
nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from chassis.decisions import Decision, Refusal, decided, refuse
from contracts.envelope import Data, Event
from contracts.events.coaching import (
    CaseManagerRequested,
    CoachingEnded,
    CoachingStarted,
    MeetingInvitationAnswered,
    ReferralReturned,
    ThreePartyMeetingCalledOff,
    ThreePartyMeetingRequested,
)
from contracts.events.notices import About, NoticeSent, NoticeUndeliverable, NoticeUnknown
from contracts.events.obligations import ObligationDueSoon, ObligationMissed
from contracts.events.referrals import (
    CaseManagerRequestAnswered,
    ConsentWithdrawn,
    MeetingInvited,
    ReferralCancelled,
    ReferralConsented,
    ThreePartyMeetingAgreed,
    ThreePartyMeetingDeclined,
)
from contracts.plan import Plan


class Status(StrEnum):
    QUEUED = "queued"
    STALE = "stale"
    SENDING = "sending"
    SENT = "sent"
    UNDELIVERABLE = "undeliverable"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Seat:
    """Who is told: a role in an organisation (for a service, if need be), or one of its members by id."""

    organisation: str
    role: str
    service: str | None = None
    staff_id: str | None = None


@dataclass(frozen=True)
class Wanted:
    """That a seat be told `text` (a key of texts.toml) about something; `at` decides whether it is fresh."""

    text: str
    seat: Seat
    about_type: str
    about_id: str
    side: str
    at: datetime
    values: Mapping[str, str]


@dataclass(frozen=True)
class Notice:
    """One notice to one address. Its id is the mail's Message-ID, so a second copy would be seen as one.

    `caused_at` is when what it tells of happened, or when a person wanted it sent again: what makes it fresh.
    """

    id: str
    text: str
    about_type: str
    about_id: str
    side: str
    organisation: str
    role: str
    channel: str
    values: Mapping[str, str]
    caused_at: datetime
    status: Status
    status_at: datetime
    not_before: datetime
    tries: int = 0
    staff_id: str | None = None
    reason: str | None = None


def side_of(event_source: str) -> str:
    """The side whose topic caused a notice, so that nothing of one side shows on another."""
    return {"/tampere-region/referral": "area", "/municipal/coaching": "municipal"}.get(event_source, "shared")


CASE_MANAGER = "case-manager"


def wanted(event: Event[Any], side: str, number: str | None, rules: Plan) -> Sequence[Wanted]:
    """The notices that an event asks for. `number` is the referral's number, where it is known.

    A provider is told through the seat that the plan gives the service's mailbox, the area through the referral's own
    case manager [3.2, 3.3, 3.4, 3.5, 3.6, 4.5]."""
    data: Data = event.data
    if isinstance(data, ObligationDueSoon | ObligationMissed):
        return _of_obligation(data, side, number)
    if type(data) in _MEETINGS:
        return _of_meeting(data, side, event.time, number, rules)
    if not isinstance(data, ReferralConsented | ConsentWithdrawn | ReferralCancelled | CoachingStarted
                      | CoachingEnded | ReferralReturned):
        return ()
    values = {"number": number or "", "service": data.service}
    if isinstance(data, ReferralConsented):
        values["number"] = data.number
    to_provider = isinstance(data, ReferralConsented | ConsentWithdrawn | ReferralCancelled)
    service = rules.services.get(data.service)
    seat = (Seat(data.provider, service.mailbox_role if service else data.service, data.service) if to_provider
            else Seat(rules.roles[CASE_MANAGER].organisations[0], CASE_MANAGER, staff_id=_case_manager(data)))
    return (Wanted(type(data).__name__, seat, "referral", str(data.referral_id), side, event.time, values),)


_MEETINGS: Mapping[type[Data], str] = {
    ThreePartyMeetingRequested: "referral", ThreePartyMeetingAgreed: "referral", ThreePartyMeetingDeclined: "referral",
    ThreePartyMeetingCalledOff: "referral", MeetingInvited: "meeting", MeetingInvitationAnswered: "meeting",
    CaseManagerRequested: "request", CaseManagerRequestAnswered: "request",
}
"""What is told of meetings, and what each is about."""


def _of_meeting(data: Data, side: str, at: datetime, number: str | None, rules: Plan) -> Sequence[Wanted]:
    """Who is asked, invited or answered is told, by name where the event names one [3.2, 3.4, 3.5, 3.6]."""
    area = rules.roles[CASE_MANAGER].organisations[0]
    match data:
        case ThreePartyMeetingAgreed(coach=coach) | ThreePartyMeetingDeclined(coach=coach):
            seat = Seat(rules.roles["coach"].organisations[0], "coach", staff_id=coach)
        case MeetingInvited(organisation=organisation, role=role):
            seat = Seat(organisation, role)
        case CaseManagerRequestAnswered(ohjaamo=ohjaamo, requested_by=worker):
            seat = Seat(ohjaamo, "ohjaamo-worker", staff_id=worker)
        case CaseManagerRequested():
            seat = Seat(area, CASE_MANAGER)
        case _:
            seat = Seat(area, CASE_MANAGER, staff_id=_case_manager(data))
    values = {"number": number or ""}
    return (Wanted(type(data).__name__, seat, _MEETINGS[type(data)], data.subject(), side, at, values),)


def _case_manager(data: Data) -> str | None:
    return getattr(data, "case_manager", None)


def _of_obligation(data: ObligationDueSoon | ObligationMissed, side: str, number: str | None) -> Sequence[Wanted]:
    """Before the deadline its owner is reminded; after it the owner is told, and whoever it escalates to."""
    values = {"number": number or "", "kind": data.kind, "due_at": data.due_at.isoformat()}
    owner = Seat(data.owner_organisation, data.owner_role, data.service, data.owner)
    first = Wanted(type(data).__name__, owner, data.about_type, data.about_id, side, data.due_at, values)
    if isinstance(data, ObligationDueSoon) or data.escalate_to is None:
        return (first,)
    above = Seat(data.escalate_to.organisation, data.escalate_to.role)
    return (first, replace(first, text="ObligationEscalated", seat=above))


def receiver(seat: Mapping[str, Any] | None, named: str | None, today: date) -> str | None:
    """Who is told today: the named member of staff, else the seat's holder; while the holder is away the first
    substitute [1]."""
    if seat is None or (named and named != seat["holder"]):
        return named
    holder, substitutes, away = seat["holder"], seat["substitutes"], seat["away_until"]
    absent = holder is None or (away is not None and today <= away)
    return str(substitutes[0]) if absent and substitutes else holder


def is_stale(caused_at: datetime, now: datetime, fresh_for: timedelta) -> bool:
    """Whether something is too old to be told by itself."""
    return now - caused_at > fresh_for


def make(one: Wanted, notice_id: str, staff_id: str | None, now: datetime, fresh_for: timedelta,
         channel: str, begins: datetime | None = None) -> Notice:
    """The notice, to be sent or, when it is about something old, to be kept as stale. `begins`: when notices began to
    be sent here; what happened before is old, however fresh."""
    old = is_stale(one.at, now, fresh_for) or (begins is not None and one.at < begins)
    status = Status.STALE if old else Status.QUEUED
    return Notice(notice_id, one.text, one.about_type, one.about_id, one.side, one.seat.organisation, one.seat.role,
                  channel, dict(one.values), one.at, status, now, now, staff_id=staff_id)


FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)


def not_taken(notice: Notice, now: datetime) -> Notice:
    """The mail server took nothing and may later: queued again, with a growing pause."""
    pause = min(FIRST_PAUSE * 2**min(notice.tries, 10), LONGEST_PAUSE)
    return replace(notice, status=Status.QUEUED, status_at=now, not_before=now + pause, tries=notice.tries + 1)


def ended(notice: Notice, status: Status, now: datetime, reason: str | None = None) -> Decision[Notice]:
    """What became of a notice that was being sent."""
    model = {Status.SENT: NoticeSent, Status.UNDELIVERABLE: NoticeUndeliverable, Status.UNKNOWN: NoticeUnknown}[status]
    given: dict[str, Any] = {"reason": reason} if reason else {}
    return decided(
        replace(notice, status=status, status_at=now, reason=reason),
        model(notice_id=notice.id, about=(About(type=notice.about_type, id=notice.about_id),),  # type: ignore[arg-type]
              organisation=notice.organisation, role=notice.role, channel=notice.channel, at=now, **given),
    )


@dataclass(frozen=True)
class NotResendable(Refusal):
    """Only what surely or possibly did not arrive is sent again."""

    code = "not-resendable"
    sentence_en = "This notice was sent, or is waiting to be sent. Only one that did not leave is sent again."
    sentence_fi = "Ilmoitus on jo lähetetty tai odottaa lähetystä. Uudelleen lähtee vain sellainen, joka ei lähtenyt."


def resend(notice: Notice, now: datetime) -> Decision[Notice]:
    """A person decides that it is sent again, knowing that an unknown one may arrive twice [NOT-2]."""
    if notice.status not in (Status.UNDELIVERABLE, Status.UNKNOWN, Status.STALE):
        return refuse(NotResendable())
    return decided(replace(notice, status=Status.QUEUED, caused_at=now, status_at=now, not_before=now, tries=0,
                           reason=None))
