"""Deadlines, reminders and owners of obligations, as the plan has them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import calendar, obligations
from chassis.obligations import NotInPlan, Obligation
from contracts import plan
from contracts.events.obligations import ObligationMet, ObligationOpened

P = plan.on(date(2026, 3, 2))
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)  # a Monday, noon in Finland
COUNTED = sorted(kind for kind, rule in P.obligations.items() if rule.due != "given")
GIVEN = sorted(kind for kind, rule in P.obligations.items() if rule.due == "given")


def an_obligation(kind: str = "route-lead", about_type: str = "lead", **more: object) -> Obligation:
    arguments: dict[str, object] = {"owner_organisation": "lempaalan-kehitys", "municipality": "lempaala"}
    return obligations.opened(P, NOW, kind, about_type, "1", **(arguments | more))  # type: ignore[arg-type]


def test_a_lead_is_routed_within_the_plans_business_days() -> None:
    lead = an_obligation()
    assert lead.due_at == calendar.end_of_day(date(2026, 3, 4))
    assert (lead.side, lead.owner_role) == ("shared", "business-developer")
    assert (lead.escalate_organisation, lead.escalate_role) == ("lempaalan-kehitys", "managing-director")
    assert lead.topic == "shared.obligations.v1"


def test_time_is_counted_from_when_it_began() -> None:
    lead = an_obligation(begins=date(2026, 2, 27))
    assert lead.due_at == calendar.end_of_day(date(2026, 3, 3))
    assert lead.opened_at == NOW


def test_the_act_brings_a_deadline_that_is_given() -> None:
    due = calendar.end_of_day(date(2026, 3, 16))
    case = an_obligation("contact-client", "case", owner_organisation="lempaala", due=due)
    assert (case.due_at, case.side) == (due, "municipal")


@pytest.mark.parametrize("kind", GIVEN)
def test_a_deadline_that_is_given_is_asked_for(kind: str) -> None:
    with pytest.raises(NotInPlan, match=f"{kind} has no deadline of its own"):
        obligations.due_at(P, kind, NOW)


@pytest.mark.parametrize("kind", COUNTED)
def test_a_deadline_of_the_plan_is_the_end_of_a_day_ahead(kind: str) -> None:
    due = obligations.due_at(P, kind, NOW)
    assert due > NOW
    assert due == calendar.end_of_day(calendar.helsinki_day(due))


@pytest.mark.parametrize(
    ("kind", "about_type", "more", "sentence"),
    [
        ("mow-the-lawn", "lead", {}, "the plan has no obligation mow-the-lawn"),
        ("route-lead", "case", {}, "route-lead is about a lead, not a case"),
        ("route-lead", "lead", {"side": "area"}, "route-lead is not on the side area"),
        ("handle-dead-letter", "dead-letter", {}, "may be on several sides"),
    ],
)
def test_what_the_plan_has_not_is_refused(
    kind: str, about_type: str, more: dict[str, object], sentence: str
) -> None:
    with pytest.raises(NotInPlan, match=sentence):
        an_obligation(kind, about_type, **more)


def test_the_owner_is_reminded_in_the_morning_of_the_plans_day() -> None:
    lead = an_obligation()  # due on Wednesday, one business day before is Tuesday
    assert lead.due_soon_at == calendar.at(date(2026, 3, 3), P.reminders.at)


def test_where_that_morning_is_over_the_last_morning_reminds() -> None:
    late = an_obligation(begins=date(2026, 2, 27))  # due on Tuesday, opened at noon on Monday
    assert late.due_soon_at == calendar.at(date(2026, 3, 3), P.reminders.at)


def test_who_has_no_morning_left_is_not_reminded() -> None:
    tonight = an_obligation("respond-to-lead", due=NOW + timedelta(hours=3))
    assert tonight.due_soon_at is None




@given(st.sampled_from(COUNTED), st.timedeltas(timedelta(0), timedelta(days=300)))
def test_a_reminder_comes_after_the_opening_and_before_the_deadline(kind: str, later: timedelta) -> None:
    now = NOW + later
    due = obligations.due_at(P, kind, now)
    reminder = obligations.reminder_at(P, kind, now, due)
    assert reminder is not None
    assert now < reminder <= due


def test_the_deadline_is_inclusive() -> None:
    lead = an_obligation()
    assert not lead.is_late(lead.due_at)
    assert lead.is_late(lead.due_at + timedelta(microseconds=1))
    assert not replace(lead, met_at=lead.due_at).is_late(lead.due_at + timedelta(days=1))


def test_days_left_are_business_days() -> None:
    lead = an_obligation()
    assert lead.days_left(NOW) == 2
    assert lead.days_left(lead.due_at + timedelta(days=5)) == -3  # Monday after


def test_its_events_tell_who_must_do_what_by_when() -> None:
    case = an_obligation(
        "tell-coaching-started", "case", owner_organisation="lempaala", owner="sanni", service="coaching"
    )
    told = ObligationOpened(**case.data())
    assert (told.subject(), told.owner, told.service) == (case.obligation_id, "sanni", "coaching")
    assert told.escalate_to is not None
    assert told.escalate_to.role == "employment-and-integration-manager"
    assert ObligationMet(**replace(case, met_at=NOW).data()).met_at == NOW
