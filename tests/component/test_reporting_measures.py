"""Each measure counts what its definition says, in the real database [measures.md]."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from contracts.events.change_security import ChangeSituationReported
from contracts.events.coaching import ReferralReturned
from contracts.events.feedback import FeedbackAnswered, FeedbackReceived
from contracts.events.leads import EventHeld, LeadFulfilled, LeadRouted, LeadWithdrawn
from contracts.events.obligations import ObligationCancelled, ObligationMet, ObligationMissed, ObligationOpened
from contracts.events.outcomes import (
    PhenomenonObserved,
    ServiceBegan,
    ServiceContinued,
    ServiceContinuedInError,
    ServiceEnded,
    ServiceNotBegun,
)
from contracts.events.triage import InquiryTriaged
from contracts.events.visits import CompanyVisitCancelled, CompanyVisitMade, CompanyVisitMoved, CompanyVisitPlanned
from services.reporting import fold, series
from services.reporting.measures import ALL
from tests.component.reporting_side import event, noon

YEAR = 2026
SPELL = {"service": "coaching", "municipality": "lempaala", "provider": "lempaala"}
KEY = fold.pseudonym("of the test")
BY_CODE = {m.code: m for m in ALL}


@pytest.fixture
async def facts(world) -> AsyncIterator["Facts"]:
    """Empty facts in a transaction that is undone."""
    connection = await world.connect("reporting")
    transaction = connection.transaction()
    await transaction.start()
    yield Facts(connection)
    await transaction.rollback()
    await connection.close()


class Facts:
    def __init__(self, connection):
        self.connection = connection

    async def say(self, *said):
        """Folds events: data alone at noon of 2 March, or (data, moment)."""
        folded = fold.FactsFold(KEY)
        for one in said:
            data, at = one if isinstance(one, tuple) else (one, datetime(YEAR, 3, 2, 10, tzinfo=UTC))
            folded.add(event(data, at))
        await folded.write(self.connection)

    async def counts(self, code, year=YEAR):
        """Counts `a` and `b` by month, slice and part, where there are any."""
        async with series.facts_of(self.connection):
            found = await series.monthly(self.connection, series.ALL[code], year)
        return {(m + 1, slice_, part): n for slice_, parts in found.items() for part, months in parts.items()
                for m, n in enumerate(months) if n != (0, 0)}

    async def total(self, code, slice_="", year=YEAR):
        counted = [n for (_, s, part), n in (await self.counts(code, year)).items() if (s, part) == (slice_, "")]
        return sum(a for a, _ in counted), sum(b for _, b in counted)

    async def statistic(self, code, slice_="", part="", first=date(YEAR, 1, 1), end=date(YEAR + 1, 1, 1)):
        measure = BY_CODE[code]
        async with series.facts_of(self.connection):
            found = await series.statistic(self.connection, measure.series, measure.statistic, first, end)
        return found.get((slice_, part))


def began(on, client=None, spell=None, **more):
    return ServiceBegan(**{"client": client or str(uuid4()), "spell_id": spell or str(uuid4()), **SPELL,
                           "origin": "self", "asked_on": on - timedelta(days=3), "on": on, "new_client": True, **more})


def not_begun(on, spell=None, **more):
    return ServiceNotBegun(**{"client": str(uuid4()), "spell_id": spell or str(uuid4()), **SPELL, "origin": "self",
                              "asked_on": on - timedelta(days=30), "on": on, "reason": "declined", **more})


def continued(client=None, spell=None, **more):
    return ServiceContinued(**{"client": client or str(uuid4()), "spell_id": spell or str(uuid4()), **SPELL,
                               "year": YEAR, "began_on": date(YEAR - 1, 5, 5), **more})


def ended(on, outcome="work", spell=None, **more):
    return ServiceEnded(**{"client": str(uuid4()), "spell_id": spell or str(uuid4()), **SPELL, "on": on,
                           "outcome": outcome, **more})


# --- clients


async def test_a_client_counts_once_in_a_year_however_many_cases_there_are(facts):
    aino = str(uuid4())
    await facts.say(began(date(YEAR, 2, 3), aino), began(date(YEAR, 6, 3), aino), continued(aino), continued())
    assert await facts.counts("clients") == {
        (1, "coaching", ""): (2, 0), (1, "coaching", "lempaala"): (2, 0)}


async def test_a_client_of_two_municipalities_counts_once_in_the_total(facts):
    moved = str(uuid4())
    await facts.say(began(date(YEAR, 2, 3), moved), began(date(YEAR, 6, 3), moved, municipality="vesilahti"))
    assert await facts.counts("clients") == {
        (2, "coaching", ""): (1, 0), (2, "coaching", "lempaala"): (1, 0), (6, "coaching", "vesilahti"): (1, 0)}


async def test_a_client_of_two_services_is_a_client_of_each(facts):
    both = str(uuid4())
    await facts.say(began(date(YEAR, 2, 3), both), began(date(YEAR, 2, 3), both, service="pointti"))
    assert await facts.total("clients", "coaching") == await facts.total("clients", "pointti") == (1, 0)


async def test_a_case_that_did_not_go_on_over_new_year_makes_no_client(facts):
    spell = str(uuid4())
    went_on = continued(spell=spell)
    await facts.say((ServiceContinuedInError(client=went_on.client, spell_id=spell, year=YEAR), noon(date(YEAR, 1, 9))),
                    (went_on, noon(date(YEAR, 1, 1))))
    assert await facts.counts("clients") == {}


async def test_new_is_who_began_as_new_at_any_time_of_the_year(facts):
    aino = str(uuid4())
    await facts.say(continued(aino), began(date(YEAR, 6, 3), aino), continued(),
                    began(date(YEAR, 6, 4), new_client=False))
    assert await facts.total("new-clients", "coaching") == (1, 2)
    assert (await facts.counts("new-clients"))[6, "coaching", ""] == (1, 0)


async def test_who_began_in_another_year_is_no_client_of_this(facts):
    await facts.say((began(date(YEAR - 1, 12, 31)), noon(date(YEAR, 1, 2))))
    assert await facts.counts("clients") == {}
    assert await facts.total("clients", "coaching", YEAR - 1) == (1, 0)


# --- begun, ended, outcome


async def test_what_turned_out_not_to_have_begun_neither_began_nor_ended(facts):
    spell = str(uuid4())
    await facts.say((began(date(YEAR, 2, 3), spell=spell), noon(date(YEAR, 2, 3))),
                    ended(date(YEAR, 2, 9), spell=spell), (not_begun(date(YEAR, 2, 9), spell), noon(date(YEAR, 4, 1))))
    assert await facts.counts("began") == await facts.counts("ended") == await facts.counts("outcomes") == {}
    assert await facts.total("not-begun", "coaching") == (1, 0)


async def test_a_case_of_last_year_that_ends_counts_as_ended(facts):
    spell = str(uuid4())
    await facts.say(continued(spell=spell), ended(date(YEAR, 2, 9), spell=spell))
    assert await facts.counts("ended") == {(2, "coaching", ""): (1, 0), (2, "coaching", "lempaala"): (1, 0)}


async def test_the_outcome_share_is_of_all_that_ended(facts):
    outcomes = ["work", "education", "got-needed-service", "work-trial", "other-service", "moved", "interrupted"]
    await facts.say(*(ended(date(YEAR, 2, 9), outcome) for outcome in outcomes))
    assert await facts.total("outcomes", "coaching") == (3, 4)


async def test_a_later_end_of_a_case_replaces_the_earlier(facts):
    spell = str(uuid4())
    await facts.say((ended(date(YEAR, 5, 9), "moved", spell), noon(date(YEAR, 5, 9))),
                    (ended(date(YEAR, 4, 9), "work", spell), noon(date(YEAR, 5, 10))))
    assert await facts.counts("outcomes") == {(4, "coaching", ""): (1, 0), (4, "coaching", "lempaala"): (1, 0)}


async def test_plans_of_pointti_alone_are_counted(facts):
    await facts.say(ended(date(YEAR, 5, 9), service="pointti", plan="education"),
                    ended(date(YEAR, 5, 9), service="pointti"), ended(date(YEAR, 5, 9)))
    assert await facts.counts("plans") == {(5, "", "education"): (1, 0), (5, "", ""): (1, 0)}


# --- waiting, outreach


async def test_waiting_is_by_the_month_in_which_the_wait_ended(facts):
    await facts.say(*(began(date(YEAR, 3, 2), asked_on=date(YEAR, 3, 2) - timedelta(days=n)) for n in (1, 2, 3, 40)),
                    began(date(YEAR, 4, 2), asked_on=date(YEAR, 3, 2)), not_begun(date(YEAR, 3, 9)))
    march = {"first": date(YEAR, 3, 1), "end": date(YEAR, 4, 1)}
    assert await facts.statistic("waiting-median", "coaching", **march) == 2.5
    assert await facts.statistic("waiting-median", "coaching", "lempaala", **march) == 2.5
    assert float(await facts.statistic("waiting-p90", "coaching", **march)) == pytest.approx(28.9)
    assert await facts.total("waits", "coaching") == (5, 0)


async def test_two_weeks_include_the_fourteenth_day_and_no_attempt_is_not_within(facts):
    asked = date(YEAR, 3, 2)
    of = {"service": "outreach", "asked_on": asked}
    attempts = [asked + timedelta(days=n) for n in (0, 14, 15)]
    await facts.say(*(began(date(YEAR, 4, 1), **of, first_attempt_on=day, reached_on=day) for day in attempts),
                    not_begun(date(YEAR, 4, 1), **of), not_begun(date(YEAR, 4, 1), **of, first_attempt_on=asked),
                    began(date(YEAR, 4, 1), asked_on=asked, first_attempt_on=asked))
    assert await facts.total("contacted") == (3, 2)
    assert await facts.total("reached") == (2, 3)


async def test_phenomena_are_sums_of_what_was_last_said_of_each_month(facts):
    def observed(n, municipality="lempaala"):
        return PhenomenonObserved(municipality=municipality, month="2026-03", phenomenon="money", observations=n)

    await facts.say((observed(9), noon(date(YEAR, 4, 2))), (observed(7), noon(date(YEAR, 4, 1))),
                    observed(4, "vesilahti"))
    assert await facts.counts("observations") == {
        (3, "money", ""): (13, 0), (3, "money", "lempaala"): (9, 0), (3, "money", "vesilahti"): (4, 0)}


# --- returns


async def test_returns_are_by_reason_in_the_month_of_the_event(facts):
    await facts.say((ReferralReturned(referral_id=str(uuid4()), **SPELL, case_manager="mikko-maki",
                                      reason="no-capacity"), datetime(YEAR, 2, 28, 22, 30, tzinfo=UTC)))
    assert await facts.counts("returns") == {(3, "coaching", ""): (1, 0), (3, "coaching", "no-capacity"): (1, 0)}


# --- visits


def visit(model, visit_id, **more):
    return model(business_id="1234567-1", municipality="lempaala", visit_id=visit_id, organisation="lempaala", **more)


def planned(visit_id, on):
    return visit(CompanyVisitPlanned, visit_id, company_name="Esimerkki Oy", on=on, organisations=("lempaala",),
                 purpose="recruiting")


async def test_a_visit_of_two_organisations_is_joint(facts):
    await facts.say(*(visit(CompanyVisitMade, str(uuid4()), on=date(YEAR, 3, 9), organisations=went, needs=())
                      for went in (("lempaala",), ("lempaala", "business-tampere"), ("lempaala", "lempaala"))))
    assert await facts.total("visits") == (3, 0)
    assert await facts.total("joint-visits") == (1, 2)


async def test_a_planned_visit_is_in_the_month_last_told_and_not_when_cancelled(facts):
    moved, cancelled, again = (str(uuid4()) for _ in range(3))
    first, second, third = (noon(date(YEAR, 2, n)) for n in (1, 2, 3))
    await facts.say(
        (visit(CompanyVisitMoved, moved, on=date(YEAR, 5, 5)), second), (planned(moved, date(YEAR, 3, 3)), first),
        (visit(CompanyVisitCancelled, cancelled, reason="illness"), second),
        (planned(cancelled, date(YEAR, 3, 3)), first),
        (planned(again, date(YEAR, 6, 6)), third), (visit(CompanyVisitCancelled, again, reason="illness"), second),
        (planned(again, date(YEAR, 3, 3)), first))
    assert {month for month, _, _ in await facts.counts("planned-visits")} == {5, 6}


# --- leads


def lead(model, lead_id, need="labour", **more):
    return model(lead_id=lead_id, business_id="1234567-1", municipality="lempaala", need=need,
                 opened_by_organisation="lempaala", **more)


def routed(lead_id, need="labour", to="tampere-region"):
    return lead(LeadRouted, lead_id, need, from_organisation="lempaala", to_organisation=to,
                routed_by_organisation="lempaala", respond_due_on=date(YEAR, 12, 12))


async def test_a_lead_routed_twice_is_one_and_counts_again_next_year(facts):
    one = str(uuid4())
    await facts.say((routed(one), noon(date(YEAR, 3, 2))), (routed(one, to="tredu"), noon(date(YEAR, 5, 2))),
                    (routed(one), noon(date(YEAR + 1, 2, 2))))
    assert await facts.counts("leads-routed") == {(3, "", ""): (1, 0), (3, "", "lempaala"): (1, 0)}
    assert {m for m, _, _ in await facts.counts("leads-routed", YEAR + 1)} == {2}


@pytest.mark.parametrize(("reason", "stays"), [("company-wish", 1), ("duplicate", 0), ("mistake", 0)])
async def test_a_withdrawn_lead_stays_unless_it_was_none(facts, reason, stays):
    one = str(uuid4())
    await facts.say(routed(one), lead(LeadWithdrawn, one, organisation="lempaala", reason=reason))
    assert await facts.total("leads-routed") == (stays, 0)


async def test_matching_is_hiring_against_leads_of_labour_routed(facts):
    hiring, nobody, competence = (str(uuid4()) for _ in range(3))
    march, may = noon(date(YEAR, 3, 2)), date(YEAR, 5, 11)
    fulfilled = {"organisation": "tampere-region", "on": may, "result": "hired"}
    await facts.say(*((routed(one, need), march) for one, need in
                      ((hiring, "labour"), (nobody, "labour"), (competence, "competence"))),
                    lead(LeadFulfilled, hiring, hired=2, **fulfilled), lead(LeadFulfilled, nobody, **fulfilled),
                    lead(LeadFulfilled, competence, "competence", hired=1, **fulfilled))
    assert await facts.total("matching") == (1, 2)
    assert BY_CODE["matching-share"].of((1, 2)) == 50
    assert await facts.total("leads-fulfilled") == (3, 0)
    assert await facts.total("hired") == (3, 0)
    assert await facts.statistic("days-to-fulfil") == 70


# --- events, change situations


async def test_events_held_are_counted_with_their_attendance(facts):
    await facts.say(*(EventHeld(event_id=str(uuid4()), kind="recruiting", on=date(YEAR, 9, 9), municipality="vesilahti",
                                organisers=("vesilahti",), attendance=n) for n in (40, None)))
    assert await facts.counts("events-held") == {(9, "recruiting", ""): (2, 0), (9, "recruiting", "vesilahti"): (2, 0)}
    assert await facts.total("attendance", "recruiting") == (40, 0)


async def test_change_situations_are_by_the_day_when_they_were_known(facts):
    await facts.say(ChangeSituationReported(
        situation_id=str(uuid4()), business_id="1234567-1", municipality="lempaala", employees=60, affected=9,
        kind="layoffs", known_on=date(YEAR, 2, 2), reported_by="jussi-jarvi", authority_notice_required=True))
    assert await facts.counts("change-situations") == {(2, "layoffs", ""): (1, 0), (2, "layoffs", "lempaala"): (1, 0)}


# --- timeliness

DUE = datetime(YEAR, 3, 9, 21, 59, 59, tzinfo=UTC)


def obligation(model, one, **more):
    return model(obligation_id=one, kind="contact-client", about_type="case", about_id=str(uuid4()),
                 owner_organisation="lempaala", owner_role="coach", opened_at=DUE - timedelta(days=9), due_at=DUE,
                 **more)


@pytest.mark.parametrize(("course", "judged"), [
    ([(ObligationMet, 0)], (1, 0)),
    ([(ObligationMet, 1)], (0, 1)),
    ([(ObligationMissed, None)], (0, 1)),
    ([(ObligationMissed, None), (ObligationMet, 1)], (0, 1)),
    ([(ObligationMissed, None), (ObligationMet, 0)], (1, 0)),
    ([(ObligationCancelled, None)], (0, 0)),
    ([(ObligationMissed, None), (ObligationCancelled, None)], (0, 0)),
    ([], (0, 0)),
])
async def test_in_time_is_what_was_met_by_its_deadline(facts, course, judged):
    one = str(uuid4())
    said = [(obligation(ObligationOpened, one), DUE - timedelta(days=9))]
    for n, (model, late) in enumerate(course):
        more = {} if late is None else {"met_at": DUE + timedelta(seconds=late)}
        said.append((obligation(model, one, **more), DUE + timedelta(hours=n)))
    await facts.say(*reversed(said))
    assert await facts.total("timeliness", "contact-client") == judged


# --- feedback, triage


async def test_feedback_about_the_area_is_answered_in_time_of_all_received(facts):
    def received(one, about="employment-area", rating=None):
        return FeedbackReceived(feedback_id=one, received_on=date(YEAR, 3, 3), municipality="lempaala", about=about,
                                rating=rating)

    def answered(one, day):
        return FeedbackAnswered(
            feedback_id=one, municipality="lempaala", received_on=date(YEAR, 3, 3), to_organisation="tampere-region",
            to_role="local-service-point-manager", answer_due_on=date(YEAR, 3, 17), answered_at=day)

    in_time, late, never, municipal = (str(uuid4()) for _ in range(4))
    await facts.say(
        received(in_time, rating=5), received(late, rating=2), received(never),
        received(municipal, "municipal-service", 4),
        answered(in_time, datetime(YEAR, 3, 17, 20, tzinfo=UTC)), answered(late, datetime(YEAR, 3, 17, 23, tzinfo=UTC)))
    assert await facts.total("answered") == (1, 2)
    assert await facts.total("feedback", "employment-area") == (3, 0)
    assert await facts.total("ratings", "employment-area") == (2, 0)
    assert await facts.statistic("mean-rating", "employment-area") == 3.5


async def test_inquiries_are_by_channel_and_address_in_the_month_of_finland(facts):
    await facts.say(InquiryTriaged(triage_id=str(uuid4()), channel="call", rule="labour-authority",
                                   directed_to="area-service-point", at=datetime(YEAR, 3, 31, 21, 30, tzinfo=UTC)))
    assert await facts.counts("inquiries") == {(4, "call", ""): (1, 0), (4, "call", "area-service-point"): (1, 0)}
