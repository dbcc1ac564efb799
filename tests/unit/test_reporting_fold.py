"""Facts are the same whatever the order of arrival and however often an event comes [events.md, Order]."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import ingest, topics
from contracts.envelope import Event, type_of
from contracts.events.coaching import ClientSituationReported, ReferralReturned
from contracts.events.feedback import FeedbackAnswered
from contracts.events.leads import LeadRouted, LeadWithdrawn
from contracts.events.obligations import ObligationCancelled, ObligationMet, ObligationMissed, ObligationOpened
from contracts.events.outcomes import ServiceBegan, ServiceContinued, ServiceContinuedInError, ServiceNotBegun
from contracts.events.referrals import ReferralConsented
from contracts.events.results import ResultsReported
from contracts.events.visits import CompanyVisitCancelled, CompanyVisitMade, CompanyVisitMoved, CompanyVisitPlanned
from contracts.fields import new_id
from contracts.refusals import Refusal
from services.reporting import facts, fold

EXAMPLES = Path(__file__).parent.parent.parent / "contracts" / "examples"
KEY = fold.pseudonym("a secret of the test")
IDS = [new_id() for _ in range(3)]
NOON = datetime(2026, 3, 2, 10, tzinfo=UTC)
SPELL = {"service": "coaching", "municipality": "lempaala", "provider": "lempaala"}
ASKED = {"origin": "self", "asked_on": date(2026, 2, 1)}
LEAD = {"business_id": "1234567-1", "municipality": "lempaala", "need": "labour", "opened_by_organisation": "lempaala"}


def event(data, at=NOON, source="/municipal/coaching", event_id=None):
    return Event(id=event_id or new_id(), source=source, type=type_of(type(data)), subject=data.subject(), time=at,
                 data=data)


def folded(events):
    batch = facts.Batch()
    for e in events:
        for fact in fold.read(e, KEY):
            batch.add(fact, e.time, e.id)
    return batch.rows


def rows(table, events):
    return [dict(zip([c.name for c in table.columns], row, strict=True)) for row in folded(events)[table].values()]


def began(spell, on, new=True):
    return ServiceBegan(client=IDS[0], spell_id=spell, **SPELL, **ASKED, on=on, new_client=new)


def not_begun(spell, on):
    return ServiceNotBegun(client=IDS[0], spell_id=spell, **SPELL, **ASKED, on=on, reason="declined")


def continued(spell):
    return ServiceContinued(client=IDS[0], spell_id=spell, **SPELL, year=2026, began_on=date(2025, 5, 5))


def visit(model, visit_id, **more):
    return model(business_id="1234567-1", municipality="lempaala", visit_id=visit_id, organisation="lempaala", **more)


def lead_routed(lead_id, to):
    return LeadRouted(lead_id=lead_id, **LEAD, from_organisation="lempaala", to_organisation=to,
                      routed_by_organisation="lempaala", respond_due_on=date(2026, 5, 5))


def obligation(model, obligation_id, **more):
    return model(obligation_id=obligation_id, kind="contact-client", about_type="referral", about_id=IDS[0],
                 owner_organisation="lempaala", owner_role="coach", opened_at=NOON,
                 due_at=NOON + timedelta(days=5), **more)


days = st.dates(date(2026, 1, 1), date(2026, 12, 31))
spells = st.sampled_from(IDS)
said = st.one_of(
    st.builds(began, spells, days, st.booleans()),
    st.builds(not_begun, spells, days),
    st.builds(lambda s: continued(s), spells),
    st.builds(lambda s: ServiceContinuedInError(client=IDS[0], spell_id=s, year=2026), spells),
    st.builds(lambda v, d: visit(CompanyVisitPlanned, v, company_name="Esimerkki Oy", on=d, organisations=("lempaala",),
                                 purpose="recruiting"), spells, days),
    st.builds(lambda v, d: visit(CompanyVisitMoved, v, on=d), spells, days),
    st.builds(lambda v: visit(CompanyVisitCancelled, v, reason="illness"), spells),
    st.builds(lambda v, d: visit(CompanyVisitMade, v, on=d, organisations=("vesilahti", "lempaala"), needs=()),
              spells, days),
    st.builds(lead_routed, spells, st.sampled_from(["tredu", "vaao"])),
    st.builds(lambda v: LeadWithdrawn(lead_id=v, **LEAD, organisation="lempaala", reason="duplicate"), spells),
    st.builds(lambda o, m: obligation(m, o), spells, st.sampled_from([ObligationOpened, ObligationMissed,
                                                                       ObligationCancelled])),
    st.builds(lambda o: obligation(ObligationMet, o, met_at=NOON), spells),
)
events = st.lists(st.builds(lambda d, h: event(d, NOON + timedelta(hours=h)), said, st.integers(0, 3)), max_size=25)


@given(events, st.randoms(use_true_random=False))
def test_any_order_with_any_repeats_gives_the_same_facts(some, chance):
    again = [*some, *(chance.choice(some) for _ in some)]
    chance.shuffle(again)
    assert folded(again) == folded(some)


@given(events, st.integers(1, 4))
def test_two_batches_merge_to_what_one_gives(some, parts):
    """The same rule that the tables' upsert has."""
    whole = facts.Batch()
    for n in range(parts):
        for table, kept in folded(some[n::parts]).items():
            for row in kept.values():
                width = len(table.key_columns)
                whole.add(facts.Fact(table, row[:width], row[width:-3], row[-3]), row[-2], row[-1])
    assert whole.rows == folded(some)


def test_every_event_that_reporting_may_read_has_its_reading():
    readable = {m for t in topics.readable_by("reporting") for m in t.models}
    assert readable == set(fold.READINGS)


@pytest.mark.parametrize("topic", [t.name for t in topics.readable_by("reporting")])
def test_every_golden_example_is_read(topic):
    registered = topics.TOPICS[topic]
    for model in registered.models:
        value = (EXAMPLES / f"{model.__name__}.v1.json").read_bytes()
        example = orjson.loads(value)
        if example["source"] in topics.accepted_sources(registered):
            headers = [("content-type", b"application/cloudevents+json")]
            read = ingest.read(registered, example["subject"].encode(), value, headers, NOON + timedelta(days=900))
            assert all(len(f.key) == len(f.table.key_columns) for f in fold.read(read, KEY))


def test_topics_without_facts_are_not_folded_and_the_areas_reports_are_taken_in():
    assert "municipal.outcomes.v1" in fold.TOPICS
    assert not {"shared.directory.v1", "area.notices.v1", fold.RESULTS_TOPIC} & set(fold.TOPICS)


def test_the_later_of_began_and_not_begun_holds_as_a_whole():
    mistaken = event(began(IDS[0], date(2026, 3, 2)))
    right = event(not_begun(IDS[0], date(2026, 3, 5)), NOON + timedelta(hours=1))
    [row] = rows(facts.STARTS, [right, mistaken])
    assert (row["began"], row["day"], row["new_client"], row["reason"]) == (False, date(2026, 3, 5), None, "declined")


def test_at_equal_time_the_greater_id_is_later():
    low, high = "00000000-0000-4000-8000-000000000001", "ffffffff-ffff-4fff-8fff-ffffffffffff"
    one, other = (event(began(IDS[0], date(2026, 3, d)), event_id=i) for d, i in ((1, low), (2, high)))
    assert rows(facts.STARTS, [other, one])[0]["day"] == date(2026, 3, 2)


def test_a_service_that_went_on_in_error_does_not_stand():
    went_on = event(continued(IDS[1]))
    taken_back = event(ServiceContinuedInError(client=IDS[0], spell_id=IDS[1], year=2026), NOON + timedelta(days=2))
    assert [r["standing"] for r in rows(facts.CONTINUED, [taken_back, went_on])] == [False]


def test_a_lead_counts_in_the_month_of_its_first_routing_of_each_year():
    def routed(at, to):
        return event(lead_routed(IDS[0], to), at, "/shared/leads")

    new_year_in_finland = datetime(2025, 12, 31, 22, 30, tzinfo=UTC)
    found = rows(facts.LEAD_ROUTINGS, [routed(NOON + timedelta(days=9), "vaao"), routed(NOON, "tredu"),
                                       routed(new_year_in_finland - timedelta(hours=1), "tredu")])
    assert {(r["year"], r["day"]) for r in found} == {(2026, NOON.date()), (2025, date(2025, 12, 31))}


def test_no_fact_has_the_id_of_a_referral_or_a_member_of_staff():
    consent = {"consent_id": new_id(), "fields": ("name", "phone"), "purpose": "coaching", "given_at": NOON,
               "recorded_by": "mikko-maki"}
    some = [
        event(ReferralConsented.model_validate({
            "referral_id": IDS[0], "number": "2026-0412", **SPELL, "consent": consent, "case_manager": "mikko-maki",
            "referred_on": date(2026, 3, 2), "respond_due_on": date(2026, 3, 9)}), source="/tampere-region/referral"),
        event(ReferralReturned(referral_id=IDS[0], **SPELL, case_manager="mikko-maki", reason="no-capacity")),
        event(obligation(ObligationOpened, IDS[1])),
        event(ClientSituationReported(month="2026-03", provider="lempaala", service="coaching", residents=(),
                                      more_referrals_wanted=True, reported_by="leena-laine")),
    ]
    kept, secrets = folded(some), (IDS[0], "mikko-maki", "leena-laine", "2026-0412", consent["consent_id"])
    assert sum(len(rows) for rows in kept.values()) == 4
    assert not any(secret in repr(kept) for secret in secrets)


def test_a_report_with_a_code_that_no_plan_knows_is_refused():
    report = ResultsReported(month="2026-03", municipality="lempaala", measures={"happiness": 7})
    with pytest.raises(Refusal, match="unknown-code") as refused:
        folded([event(report, source="/tampere-region/bi")])
    assert refused.value.field == "/data/measures"


def test_casework_of_a_year_that_is_final_is_refused():
    final_day = datetime(2027, 3, 31, 12, tzinfo=UTC)
    assert rows(facts.STARTS, [event(began(IDS[0], date(2026, 3, 2)), final_day)])
    with pytest.raises(Refusal, match="year-closed"):
        folded([event(began(IDS[0], date(2026, 3, 2)), final_day + timedelta(days=1))])


def test_an_answer_to_old_feedback_is_never_too_late():
    answered = FeedbackAnswered(feedback_id=IDS[0], municipality="lempaala", received_on=date(2024, 1, 1),
                                to_organisation="tampere-region", to_role="local-service-point-manager",
                                answer_due_on=date(2024, 2, 1), answered_at=NOON)
    assert rows(facts.FEEDBACK_ANSWERS, [event(answered, source="/municipal/feedback")])


def test_the_same_secret_gives_the_same_key_and_another_gives_another():
    assert KEY(IDS[0]) == fold.pseudonym("a secret of the test")(IDS[0]) != fold.pseudonym("another")(IDS[0])
    assert len(KEY(IDS[0])) == 16
