"""What the area may be told of each service is as narrow as the contract says [3.2, 3.4]: a table, the plan, the types,
and what a case makes of them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from chassis.decisions import Decided, Refuse
from contracts import plan
from contracts.events import coaching
from contracts.events.casework import PeriodStarted
from contracts.topics import TOPICS
from services.coaching.cases import domain, running
from services.coaching.cases.course import Course, Happened
from services.coaching.cases.domain import Act, Case
from services.coaching.referrals.domain import Referral

SHARED = TOPICS["shared.coaching.v1"].models
EVERYWHERE = {
    "ReceivingKeyOffered", "ContactDetailsReceived", "ContactDetailsErased", "WithdrawalReported", "ReferralReturned",
}
"""Of every service: that the contact details came and went, a withdrawal, and that a referral goes back."""
START_AND_END = {"CoachingStarted", "CoachingEnded"}
TOLD = {
    "coaching": EVERYWHERE | START_AND_END | {"ClientSituationReported"},
    "pointti": EVERYWHERE | START_AND_END | {"ClientSituationReported"},
    "outreach": EVERYWHERE,  # confidential [3.4]
    "ohjaamo": EVERYWHERE,
    "immigrant-services": EVERYWHERE,
    "wellbeing-planner": EVERYWHERE,
}
ABOUT_A_REFERRAL = {"referral_id", "service", "municipality", "provider", "case_manager", "referred_on"}
FIELDS = {
    "CoachingStarted": ABOUT_A_REFERRAL | {"started_on"},
    "CoachingEnded": ABOUT_A_REFERRAL - {"referred_on"} | {"started_on", "ended_on"},
    "ReferralReturned": ABOUT_A_REFERRAL - {"referred_on"} | {"reason", "right_address"},
    "ContactDetailsReceived": {"referral_id", "key_id"},
    "WithdrawalReported": {"referral_id", "consent_id", "told_at"},
    "ClientSituationReported": {
        "month", "provider", "service", "residents", "free_places", "more_referrals_wanted", "reported_by"},
}
NOW = datetime(2026, 3, 9, 10, tzinfo=UTC)
BASE: dict[str, Any] = {
    "referral_id": "019cad66-7df2-7131-9df2-6c3514000d8e", "municipality": "lempaala", "provider": "lempaala",
    "case_manager": "mikko-maki",
}
SAMPLES: dict[str, dict[str, Any]] = {
    "CoachingStarted": {**BASE, "referred_on": date(2026, 3, 2), "started_on": date(2026, 3, 9)},
    "CoachingEnded": {**BASE, "started_on": date(2026, 3, 2), "ended_on": date(2026, 3, 9)},
    "ReferralReturned": {**BASE, "reason": "no-capacity"},
    "ClientSituationReported": {
        "month": "2026-02", "provider": "lempaala", "residents": (), "more_referrals_wanted": True,
        "reported_by": "leena-kokeilu"},
}


def test_the_table_names_the_plans_services_and_no_events_but_the_contracts() -> None:
    now = plan.ALL[-1]
    assert TOLD.keys() == now.services.keys()
    assert {code for code, service in now.services.items() if service.start_and_end_told} == {
        code for code, events in TOLD.items() if events >= START_AND_END}
    assert set(now.client_situation.services) == {
        code for code, events in TOLD.items() if "ClientSituationReported" in events}
    assert set().union(*TOLD.values()) <= {model.__name__ for model in SHARED}


@pytest.mark.parametrize("service", TOLD)
@pytest.mark.parametrize("event", SAMPLES)
def test_an_event_takes_the_services_of_the_table_alone(event: str, service: str) -> None:
    model = getattr(coaching, event)
    if event in TOLD[service]:
        assert model(**SAMPLES[event], service=service).service == service
    else:
        with pytest.raises(ValidationError):
            model(**SAMPLES[event], service=service)


@pytest.mark.parametrize("event", FIELDS)
def test_an_event_has_no_field_for_what_the_area_need_not_know(event: str) -> None:
    assert set(getattr(coaching, event).model_fields) == FIELDS[event]


def act(last: str) -> Act:
    return Act(f"019cad66-7df2-7131-9df2-6c3514000d9{last}", "sanni-esimerkki", NOW)


def a_case(service: str) -> Case:
    referral = Referral(
        id=BASE["referral_id"], consent_id="019cad66-7df2-7131-9df2-6c3514000d8f", number="2026-0412",
        service=service, municipality="lempaala", provider="lempaala", case_manager="mikko-maki",
        case_manager_since=NOW,
        referred_on=date(2026, 3, 2), respond_due_on=date(2026, 3, 16), purpose=service, consented_at=NOW)
    return Case(
        id="019cad66-7df2-7131-9df2-6c3514000d90", client="019cad66-7df2-7131-9df2-6c3514000d91", service=service,
        municipality="lempaala", provider="lempaala", origin="referral", opened_at=NOW, number="2026-0412",
        course=Course(service, date(2026, 3, 2)), referral=referral)


@pytest.mark.parametrize("service", TOLD)
def test_a_case_from_first_to_last_tells_the_area_what_the_table_says(service: str) -> None:
    now, names = plan.ALL[-1], set()
    told = now.services[service].start_and_end_told
    case = a_case(service)
    kinds = now.services[service].meetings
    held = running.hold_meeting(
        case, act("a"), date(2026, 3, 3), kinds[0], kinds, now.coaching.starter_package_maximum)
    assert isinstance(held, Decided)
    in_service = held.state
    if service == "pointti":
        period = PeriodStarted.model_validate({
            "case_id": case.id, "period_id": case.id, "starts_on": date(2026, 3, 3), "ends_on": date(2026, 4, 27)})
        in_service = replace(in_service, course=in_service.course.then(Happened("p", NOW, "sanni-esimerkki", period)))
    begun = domain.start(in_service, act("b"), date(2026, 3, 3), told)
    assert isinstance(begun, Decided)
    ended = domain.end(begun.state, act("c"), date(2026, 3, 9), "work", told)
    assert isinstance(ended, Decided)
    for step in (held, begun, ended):
        names |= {type(event).__name__ for event in step.events if type(event) in SHARED}
    assert names == (START_AND_END if told else set())
    unbegun = domain.give_back(case, act("d"), "not-started", None, told)
    assert isinstance(unbegun, Decided if told else Refuse)
