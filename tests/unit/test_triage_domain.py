"""The helper questions of the service corridor [3.7]: the plan's, in the plan's order, and nothing else."""

from datetime import UTC, date, datetime

import pytest

from chassis.decisions import Decided, Refuse
from contracts import plan
from contracts.events.triage import InquiryTriaged
from contracts.fields import TriageId, new_id
from contracts.plan.tables import Address, Triage, TriageRule
from services.referral.triage import domain
from services.referral.triage.domain import CHANNELS, InquiryIsTold, RuleUnknown

RULES = plan.on(date(2026, 11, 24)).triage
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ID = TriageId(new_id())


def directed(channel, rule, known=None, triage=RULES):
    return domain.direct(triage, known, ID, "lempaala", channel, rule, NOW)


@pytest.mark.parametrize("channel", CHANNELS)
def test_each_channel_asks_one_question_after_the_other_and_ends_in_an_address(channel):
    steps = domain.steps(RULES, channel)
    code, seen = next(iter(steps)), []
    while code:
        seen.append(code)
        assert steps[code].before == (seen[-2] if len(seen) > 1 else None)
        assert directed(channel, code).state.directed_to == steps[code].rule.directed_to
        code = steps[code].after
    assert seen == list(RULES.form(channel))
    assert [steps[code].rule.asks for code in seen] == [True] * (len(seen) - 1) + [False]


def test_what_a_client_reports_or_hands_in_is_always_the_areas():
    for channel in CHANNELS:
        first = next(iter(domain.steps(RULES, channel)))
        assert (first, directed(channel, first).state.directed_to) == ("report-or-hand-in", "area-service-point")


def test_international_job_mediation_is_always_international_houses():  # [2.4]
    for channel in ("call", "visit"):
        assert directed(channel, "international-recruitment").state.directed_to == "international-house"
    assert RULES.addresses["international-house"].organisation == "iht"


def test_the_form_is_the_plans_alone():
    """Other rules, another form: nothing of it is in code."""
    other = Triage(
        rules={
            "lost-property": TriageRule(channels=("visit",), fi="Onko jotakin löytynyt?", en="Found something?",
                                        directed_to="porter"),
            "all-else": TriageRule(channels=CHANNELS, fi="Muu", en="Else", directed_to="desk", asks=False),
        },
        addresses={code: Address(fi=code, en=code, organisation="lempaala") for code in ("porter", "desk")})
    assert {channel: list(domain.steps(other, channel)) for channel in CHANNELS} == {
        "post": ["all-else"], "call": ["all-else"], "email": ["all-else"], "visit": ["lost-property", "all-else"]}
    assert directed("visit", "lost-property", triage=other).state.directed_to == "porter"
    assert isinstance(directed("call", "lost-property", triage=other), Refuse)


def test_a_question_that_the_channel_does_not_ask_is_refused_with_those_it_does():
    refused = directed("email", "named-person")
    assert isinstance(refused, Refuse)
    assert refused.refusal == RuleUnknown("report-or-hand-in, person-customer-email")


def test_until_it_is_told_the_last_answer_holds_and_then_the_first():
    first = directed("post", "named-person").state
    assert isinstance(domain.undo(first), Decided)
    second = directed("post", "other-post", first).state
    assert second.directed_to == "area-service-point"
    told = domain.tell(second, NOW)
    assert told.events == (InquiryTriaged(
        triage_id=ID, channel="post", rule="other-post", directed_to="area-service-point", at=NOW),)
    assert domain.tell(told.state, NOW).events == ()
    assert directed("post", "named-person", told.state) == Decided(told.state, ())
    assert domain.undo(told.state) == Refuse(InquiryIsTold())
