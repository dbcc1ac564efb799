"""What each service's own course lets happen, and what it refuses with what to do instead [3.2-3.6, 4.1-4.5]."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from chassis.calendar import month_start
from chassis.decisions import Decided
from chassis.policy import Principal
from contracts import plan
from contracts.events.casework import AppointmentBooked, CaseClosed, ContactAttempted, MeetingHeld
from contracts.plan.tables import Channel
from contracts.plan.values import Span
from services.coaching import access
from services.coaching.cases import domain, duties, opening, running
from services.coaching.cases.course import Happened, against
from services.coaching.cases.courses import Status
from services.coaching.cases.domain import Case
from services.coaching.cases.store import Shared
from services.coaching.ohjaamo import domain as ohjaamo
from services.coaching.outreach.trying import how_it_stands, next_channel
from services.coaching.phenomena import domain as phenomena
from services.coaching.phenomena.domain import Sheet
from tests.unit.test_coaching_domain import CASE, NOW, TODAY, act, case, code, events, happened, meeting
from yhdyspinta.demo.people import BY_ID

PLAN = plan.on(TODAY)
COACHING = PLAN.services["coaching"]
TRYING = PLAN.outreach


def meet(of: Case, kind: str = "coaching", on: date = TODAY, most: int = PLAN.coaching.starter_package_maximum):
    kinds = PLAN.services[of.service].meetings
    return running.hold_meeting(of, act(), on, kind, kinds, most)  # type: ignore[arg-type]


def booked(at: datetime, place: str = "lempaala-talo") -> AppointmentBooked:
    return AppointmentBooked(case_id=CASE, at=at, place=place)


def tried(day: date, channel: Channel = "call") -> ContactAttempted:
    return ContactAttempted(case_id=CASE, at=datetime.combine(day, time(9), UTC), channel=channel, reached=False)


# --- coaching


def test_a_third_meeting_of_the_starter_package_is_refused_and_goes_on_as_coaching() -> None:
    twice = case("coaching", meeting(TODAY, "starter-package"), meeting(TODAY, "starter-package"))
    refused = meet(twice, "starter-package")
    assert code(refused) == "starter-package-full"
    assert "Record this one as coaching" in refused.refusal.in_english()  # type: ignore[union-attr]
    assert happened(meet(twice)).status is Status.RUNNING
    assert happened(meet(twice, "starter-package", most=3)).course.starter_meetings == 3


def test_meetings_of_coaching_have_no_maximum() -> None:
    years = case("coaching", *(meeting(TODAY - timedelta(days=7 * n)) for n in range(260)))
    assert happened(meet(years)).status is Status.RUNNING


def test_a_service_records_meetings_of_its_own_kinds_alone() -> None:
    assert code(meet(case("outreach"), "starter-package")) == "meeting-not-of-service"
    assert happened(meet(case("immigrant-services"), "my-team")).status is Status.RUNNING


@pytest.mark.parametrize(("place", "channel"), [("lempaala-talo", "visit"), ("remote", "other")])
def test_a_client_who_did_not_come_is_tried_again(place: str, channel: str) -> None:
    waits = case("coaching", booked(NOW - timedelta(hours=1), place))
    assert waits.status is Status.BOOKED
    decision = running.miss_appointment(waits, act())
    (attempt,) = events(decision)
    assert (attempt.at, attempt.channel, attempt.reached) == (  # type: ignore[attr-defined]
        NOW - timedelta(hours=1), channel, False)
    assert happened(decision).status is Status.CONTACTING
    assert set(duties.owed(happened(decision), PLAN, NOW)) == {"try-again"}


def test_nobody_fails_to_come_before_the_time_or_without_one() -> None:
    assert code(running.miss_appointment(case("coaching", booked(NOW + timedelta(hours=1))), act())) == "not-yet-met"
    assert code(running.miss_appointment(case(), act())) == "no-appointment"


def test_coaching_goes_on_beside_work_and_asks_its_outcome_at_the_end_alone() -> None:
    begun = case("coaching", meeting(TODAY))
    goes_on = happened(running.go_on(begun, act(), "work", TODAY, COACHING.goes_on_after))
    assert (goes_on.goes_on, goes_on.status, goes_on.course.closed) == (
        domain.GoesOn("work", TODAY), Status.RUNNING, None)
    assert "review-case" in duties.owed(goes_on, PLAN, NOW)
    assert code(running.go_on(case(), act(), "work", TODAY, COACHING.goes_on_after)) == "not-begun-yet"
    assert code(running.go_on(begun, act(), "work", TODAY + timedelta(days=1), ["work"])) == "day-ahead"
    assert code(running.go_on(begun, act(), "work", TODAY, PLAN.services["ohjaamo"].goes_on_after)) == "goes-not-on"


# --- outreach


def close(of: Case, reason: str = "not-reached", rules=TRYING):
    return domain.close_unbegun(of, act(), TODAY, reason, False, rules)  # type: ignore[arg-type]


ASKED = date(2026, 8, 3)
LONG = (tried(date(2026, 8, 10)), tried(date(2026, 9, 1), "text-message"), tried(date(2026, 10, 1), "email"))


def approached(*course) -> Case:
    """A young person of the summer who got in touch themselves."""
    made = case("outreach", *course, referral=None, origin="self")
    return replace(made, course=replace(made.course, asked_on=ASKED))


def test_a_young_person_counts_as_not_reached_after_months_and_several_channels() -> None:
    assert happened(close(approached(*LONG))).status is Status.NOT_BEGUN
    assert code(close(approached())) == "never-tried"
    assert code(close(approached(*LONG[:2]))) == "try-another-channel"
    late = approached(tried(date(2026, 9, 1)), tried(TODAY, "email"), tried(TODAY, "letter"))
    refused = close(late)
    assert code(refused) == "try-longer"
    assert "1.12.2026" in refused.refusal.in_finnish()  # type: ignore[union-attr]
    shorter = TRYING.model_copy(update={"keep_trying_for": Span(value=2, unit="months")})
    assert happened(close(late, rules=shorter)).status is Status.NOT_BEGUN


def test_declining_is_recorded_at_any_time_and_other_services_have_no_such_rule() -> None:
    assert happened(close(approached(), "declined")).status is Status.NOT_BEGUN
    assert PLAN.trying("coaching") is None
    assert isinstance(close(case("ohjaamo", tried(TODAY)), rules=None), Decided)


def test_another_system_may_close_as_not_reached_earlier() -> None:
    closing = CaseClosed(case_id=CASE, on=TODAY, not_begun="not-reached")
    assert against(approached().course, Happened("x", NOW, "/lempaala/party", closing), False) is None


def test_the_next_channel_is_one_not_tried_yet_then_the_one_tried_longest_ago() -> None:
    stands = how_it_stands(approached(*LONG[:2]).course, TODAY, TRYING, PLAN.respond_within("outreach"))
    assert (stands.next, stands.tried) == ("email", ("call", "text-message"))
    assert (stands.due_on, stands.days_left) == (date(2026, 8, 17), (date(2026, 8, 17) - TODAY).days)
    assert stands.until == date(2026, 11, 10)
    assert next_channel(approached(*LONG).course, ("email", "call")) == "call"


def test_whoever_goes_on_trying_decides_again_after_the_same_time() -> None:
    sought = approached(*LONG)
    assert duties.owed(sought, PLAN, NOW)["decide-on-unreached"].date() == date(2026, 11, 10)
    on = happened(running.review(sought, act()))
    assert duties.owed(on, PLAN, NOW)["decide-on-unreached"].date() == date(2027, 2, 24)
    assert duties.met("decide-on-unreached", on, NOW, PLAN)


# --- immigrant services, Ohjaamo


@pytest.mark.parametrize(("asked", "kept", "refused"), [
    ("not-of-working-age", "not-of-working-age", None), ("guidance", "guidance", None),
    ("of-working-age", None, "of-working-age"), (None, None, "basis-missing"),
])
def test_the_integration_programme_is_for_those_not_of_working_age(asked, kept, refused) -> None:
    refusal = opening.check_basis("immigrant-services", asked, PLAN)
    assert (refusal and refusal.code) == refused
    assert opening.kept_basis("immigrant-services", asked, PLAN) == kept
    assert opening.check_basis("coaching", asked, PLAN) is None
    assert opening.kept_basis("coaching", asked, PLAN) is None
    if refused == "of-working-age":
        assert "17–64" in refusal.in_finnish()
        assert PLAN.organisations["tampere-region"].fi in refusal.in_finnish()


def test_a_visit_is_a_meeting_and_what_it_settles_ends_with_it() -> None:
    visitor = replace(case("ohjaamo", referral=None, origin="self"))
    goes_on = ohjaamo.receive(visitor, act(), False, PLAN)
    assert [type(e) for e in events(goes_on)] == [MeetingHeld]
    assert happened(goes_on).status is Status.RUNNING
    settled = ohjaamo.receive(visitor, act(), True, PLAN)
    assert [type(e) for e in events(settled)] == [MeetingHeld, CaseClosed]
    assert happened(settled).status is Status.ENDED
    assert code(ohjaamo.receive(case("coaching"), act(), True, PLAN)) == "not-ohjaamo"


def test_case_managers_never_advise_on_forms_of_kela() -> None:
    assert ohjaamo.adviser("benefit", PLAN) == "case-manager"
    assert {ohjaamo.adviser(topic, PLAN) for topic in ("kela-form", "clarification-request", "other")} == {
        "ohjaamo-worker"}


# --- who sees what


def whose(person: str):
    known = BY_ID[person]
    return access.by(Principal(
        "person", known.id, known.name, known.organisation, frozenset(known.roles)), NOW).whose


def test_vesilahtis_ohjaamo_worker_meets_its_residents_though_lempaala_provides() -> None:
    minna = whose("minna-kokeilu")
    assert minna.shared == {Shared("lempaala", "ohjaamo", "vesilahti")}
    assert minna.provider_of("ohjaamo", "vesilahti") == "lempaala"
    assert minna.provider_of("ohjaamo", "lempaala") == "vesilahti"  # where it provides nothing: not opened
    assert minna.provider_of("coaching", "vesilahti") is None


@pytest.mark.parametrize(("person", "services"), [
    ("emma-mallila", {"ohjaamo"}), ("kaisa-harjoitus", {"ohjaamo"}), ("timo-keksitty", {"ohjaamo"}),
    ("laura-kokeilu", {"outreach"}), ("samira-kuvitelma", {"immigrant-services"}),
    ("heli-esimerkki", {"wellbeing-planner"}), ("sanni-esimerkki", {"coaching"}), ("tiina-keksitty", {"pointti"}),
])
def test_each_role_works_in_its_own_service(person: str, services: set[str]) -> None:
    assert (whose(person).services, whose(person).shared) == (services, frozenset())


def test_what_an_ohjaamo_owes_waits_for_its_coordinator_too() -> None:
    kaisa = BY_ID["kaisa-harjoitus"]
    roles = access.owed_roles(
        Principal("person", kaisa.id, kaisa.name, kaisa.organisation, frozenset(kaisa.roles)), NOW)
    assert roles == {"ohjaamo-coordinator", "ohjaamo-worker"}


# --- phenomena


KNOWN = ("loneliness", "money")


def test_a_month_is_told_whole_and_then_only_what_changed() -> None:
    first = phenomena.observe(Sheet("lempaala", date(2026, 10, 1)), TODAY, {"money": 3}, KNOWN)
    assert [(e.phenomenon, e.observations, e.month) for e in events(first)] == [  # type: ignore[attr-defined]
        ("loneliness", 0, "2026-10"), ("money", 3, "2026-10")]
    again = phenomena.observe(happened(first), TODAY, {"money": 4}, KNOWN)
    assert [(e.phenomenon, e.observations) for e in events(again)] == [("money", 4)]  # type: ignore[attr-defined]
    assert happened(again).status is phenomena.Status.RECORDED


def test_a_month_that_runs_is_a_tally_that_stays_owed_and_none_is_told_ahead() -> None:
    tally = phenomena.observe(Sheet("lempaala", date(2026, 11, 1)), TODAY, {"money": 1}, KNOWN)
    assert happened(tally).status is phenomena.Status.OWED
    assert code(phenomena.observe(Sheet("lempaala", date(2026, 12, 1)), TODAY, {}, KNOWN)) == "month-ahead"
    assert code(phenomena.observe(Sheet("lempaala", date(2026, 11, 1)), TODAY, {"x": 1}, KNOWN)) == (
        "phenomenon-unknown")


def test_months_follow_one_another() -> None:
    assert month_start(date(2026, 12, 31), 1) == date(2027, 1, 1)
    assert month_start(date(2026, 1, 15), -1) == date(2025, 12, 1)
