"""Calendar files, Ohjaamo days, invitations and requests for a case manager [3.4, 3.5, 3.6, 4.2]."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from icalendar import Calendar

from chassis import calendar_file, ohjaamo_days
from chassis.calendar import HELSINKI
from chassis.calendar_file import Meeting, Participant
from chassis.decisions import Decided, Ignored, Refuse
from contracts import plan
from contracts.events.coaching import MeetingInvitationAnswered
from contracts.fields import MeetingId, RequestId, StaffId, new_id
from services.coaching.meetings import invitations as invited
from services.coaching.meetings import requests as asking
from services.referral.meetings import invitations as inviting
from services.referral.meetings import requests as answering
from services.referral.meetings.invitations import Wish

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
RULES = plan.on(NOW.date())
HOUR = timedelta(hours=1)
MANAGER, WORKER = StaffId("mikko-mallila"), StaffId("emma-mallila")


# --- calendar files


def meeting(**other: Any) -> Meeting:
    return Meeting(**{
        "id": "019cad66-7df2-7458-81b6-41bc3d37d34b", "sequence": 1, "starts_at": NOW + HOUR, "ends_at": NOW + 2 * HOUR,
        "stamp": NOW, "summary": "Kolmikanta, ohjaus 2026-0412", "place": "Lempäälä-talo",
        "organiser": Participant("Työllisyysalue", "noreply@alue.invalid"),
        "attendees": [Participant("Mikko Mallila"), Participant("Sanni Esimerkki")], **other,
    })


def read(content: bytes) -> tuple[Calendar, Any]:
    found = Calendar.from_ical(content)
    (event,) = found.walk("VEVENT")
    return found, event


def test_an_invitation_is_a_request_in_finnish_time_without_an_alarm():
    content = calendar_file.invitation(meeting())
    found, event = read(content)
    assert (found["METHOD"], found["VERSION"], event["STATUS"]) == ("REQUEST", "2.0", "CONFIRMED")
    assert (event["UID"], event["SEQUENCE"]) == (meeting().id, 1)
    assert event["DTSTART"].dt == (NOW + HOUR).astimezone(HELSINKI)
    assert b"DTSTART;TZID=Europe/Helsinki:20261124T100000" in content
    assert b"DTSTAMP:20261124T070000Z" in content
    assert [z["TZID"] for z in found.walk("VTIMEZONE")] == ["Europe/Helsinki"]
    assert (event["ORGANIZER"], event["ORGANIZER"].params["CN"]) == ("mailto:noreply@alue.invalid", "Työllisyysalue")
    assert [a.params["CN"] for a in event["ATTENDEE"]] == ["Mikko Mallila", "Sanni Esimerkki"]
    assert found.walk("VALARM") == []
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))


def test_a_cancellation_has_the_same_uid_and_a_higher_sequence():
    found, event = read(calendar_file.cancellation(meeting(), NOW + HOUR))
    assert (found["METHOD"], event["STATUS"]) == ("CANCEL", "CANCELLED")
    assert (event["UID"], event["SEQUENCE"], event["DTSTAMP"].dt) == (meeting().id, 2, NOW + HOUR)


# --- Ohjaamo days


def test_case_managers_are_there_every_second_thursday_and_not_on_a_public_holiday():
    days = ohjaamo_days.days(date(2026, 1, 1), date(2026, 12, 31))
    assert {day.weekday() for day in days} == {3}
    assert date(2026, 4, 30) in days
    assert date(2026, 5, 14) not in days  # Ascension Day
    assert date(2026, 12, 24) not in days
    assert {(b - a).days for a, b in pairwise(days)} == {14, 28}
    assert [t.astimezone(HELSINKI).strftime("%H:%M") for t in ohjaamo_days.hours(days[0])] == ["13:00", "16:00"]


def test_a_days_uid_is_the_same_in_each_file():
    days = ohjaamo_days.coming(NOW.date())
    first, second = (
        [e["UID"] for e in Calendar.from_ical(ohjaamo_days.calendar_of(days, at, "x", "y")).walk("VEVENT")]
        for at in (NOW, NOW + HOUR))
    assert first == second
    assert len({*first}) == len(days)


# --- invitations


def wish(**other: Any) -> Wish:
    return Wish(**{"kind": "my-team", "municipality": "vesilahti", "starts_at": NOW + HOUR, "ends_at": NOW + 2 * HOUR,
                   "place": "remote", "client_wishes": True, **other})


def invite(**other: Any) -> Any:
    rules = other.pop("rules", RULES)
    return inviting.invite(MeetingId(new_id()), wish(**other), None, "tampere-region", MANAGER, NOW, rules)


@pytest.mark.parametrize(("kind", "municipality", "organisation", "role"), [
    ("my-team", "lempaala", "lempaala", "immigrant-services-coordinator"),
    ("my-team", "vesilahti", "lempaala", "immigrant-services-coordinator"),
    ("job-search-talk", "lempaala", "lempaala", "outreach-worker"),
    ("job-search-talk", "vesilahti", "vesilahti", "outreach-worker"),
    ("ohjaamo", "vesilahti", "vesilahti", "ohjaamo-worker"),
])
def test_the_plan_and_the_clients_municipality_say_who_is_invited(kind, municipality, organisation, role):
    (told,) = invite(kind=kind, municipality=municipality).events
    assert (told.organisation, told.role, told.client_wishes) == (organisation, role, True)


def test_another_plan_lets_others_be_invited():
    fewer = RULES.model_copy(update={"invitations": {"ohjaamo": ("ohjaamo-worker",)}})
    decision = invite(rules=fewer)
    assert isinstance(decision, Refuse)
    assert decision.refusal.code == "kind-unknown"


@pytest.mark.parametrize(("other", "code"), [
    ({"client_wishes": False}, "client-must-wish"), ({"starts_at": NOW}, "time-passed"),
    ({"ends_at": NOW + HOUR}, "ends-before-it-begins"), ({"place": "the-moon"}, "place-unknown"),
    ({"kind": "party"}, "kind-unknown"), ({"municipality": "tampere"}, "municipality-unknown"),
])
def test_nobody_is_invited_without_the_clients_wish_or_to_what_cannot_be(other, code):
    decision = invite(**other)
    assert isinstance(decision, Refuse)
    assert decision.refusal.code == code


def test_an_invitation_is_answered_once_and_falls_away_with_its_referral():
    (told,) = invite().events
    came = invited.invited(told, NOW, is_closed=False)
    decision = invited.answer(came, True, "samira-kuvitelma", NOW)
    assert isinstance(decision, Decided)
    assert decision.events == (MeetingInvitationAnswered(
        meeting_id=told.meeting_id, case_manager=MANAGER, accepted=True),)
    again = invited.answer(decision.state, False, "samira-kuvitelma", NOW)
    assert isinstance(again, Refuse)
    assert invited.fall_away(decision.state).stage is invited.Stage.FELL_AWAY
    late = invited.answer(came, True, "samira-kuvitelma", NOW + HOUR)
    assert isinstance(late, Refuse)
    assert late.refusal.code == "invited-time-passed"
    assert isinstance(invited.answer(came, False, "samira-kuvitelma", NOW + HOUR), Decided)
    gone = invited.invited(told, NOW, is_closed=True)
    assert isinstance(invited.answer(gone, True, "samira-kuvitelma", NOW), Refuse)


def test_an_answer_that_comes_after_the_case_manager_settled_the_matter_is_still_told():
    made = invite().state
    settled = inviting.settle(made)
    assert isinstance(settled, Decided)
    answer = MeetingInvitationAnswered(meeting_id=made.id, case_manager=MANAGER, accepted=True)
    accepted = inviting.take_answer(settled.state, answer, NOW)
    assert isinstance(accepted, Decided)
    assert accepted.state.stage is inviting.Stage.ACCEPTED
    assert isinstance(inviting.take_answer(accepted.state, answer, NOW), Ignored)
    assert isinstance(inviting.take_answer(inviting.close(made), answer, NOW), Ignored)


# --- a case manager as work pair


def ask(rules: Any = RULES, **other: Any) -> Any:
    return asking.ask(asking.Request(**{
        "id": RequestId(new_id()), "organisation": "lempaala", "ohjaamo": "lempaala", "requested_by": WORKER,
        "topic": "benefit", "at": NOW, "asked_at": NOW, **other,
    }), rules)


@pytest.mark.parametrize(("other", "code"), [
    ({"topic": "kela-form"}, "advised-by-another"), ({"topic": "clarification-request"}, "advised-by-another"),
    ({"topic": "weather"}, "topic-unknown"), ({"ohjaamo": "tampere"}, "ohjaamo-unknown"),
    ({"at": NOW - HOUR}, "wanted-time-passed"),
])
def test_what_case_managers_do_not_advise_on_is_not_asked_of_them(other, code):
    decision = ask(**other)
    assert isinstance(decision, Refuse)
    assert decision.refusal.code == code


def test_who_advises_on_what_is_the_plans():
    decision = ask(topic="kela-form")
    assert isinstance(decision, Refuse)
    assert "ohjaamotyöntekijä" in decision.refusal.in_finnish()
    advice = {**RULES.ohjaamo.advice, "benefit": "ohjaamo-worker"}
    other = RULES.model_copy(update={"ohjaamo": RULES.ohjaamo.model_copy(update={"advice": advice})})
    assert isinstance(ask(), Decided)
    assert isinstance(ask(other), Refuse)


def test_one_case_manager_answers_and_the_ohjaamo_hears_who_comes_and_when():
    (told,) = ask(at=NOW + HOUR).events
    came = answering.asked(told, NOW)
    accepted = answering.accept(came, MANAGER, None, NOW)
    assert isinstance(accepted, Decided)
    (answer,) = accepted.events
    assert (answer.accepted, answer.case_manager, answer.at) == (True, MANAGER, NOW + HOUR)
    for again in (answering.accept(accepted.state, MANAGER, None, NOW), answering.decline(accepted.state, NOW)):
        assert isinstance(again, Refuse)
    asked = ask(at=NOW + HOUR).state
    heard = asking.take_answer(asked, answer)
    assert isinstance(heard, Decided)
    assert (heard.state.case_manager, heard.state.comes_at) == (MANAGER, NOW + HOUR)
    assert isinstance(asking.take_answer(heard.state, answer), Ignored)
    settled = asking.settle(asked)
    assert isinstance(settled, Decided)
    assert isinstance(asking.take_answer(settled.state, answer), Decided)
    assert isinstance(asking.settle(settled.state), Refuse)
    declined = answering.decline(replace(came), NOW)
    assert isinstance(declined, Decided)
    assert declined.events[0].case_manager is None
    late = answering.accept(came, MANAGER, NOW - HOUR, NOW)
    assert isinstance(late, Refuse)
