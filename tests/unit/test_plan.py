"""The plan says what the action plan says; the section stands in each test's name or comment."""

from datetime import date, time, timedelta
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import BaseModel

from contracts import plan, topics
from contracts.fields import CodeList
from contracts.plan import Seat, Span

P = plan.on(date(2026, 3, 2))


def test_the_plan_is_valid_until_the_end_of_2026() -> None:  # [9]
    assert P.year == 2026
    assert P.covers(date(2026, 1, 1))
    assert P.covers(date(2026, 12, 31))
    assert not P.outside_validity
    assert P.provenance("valid_until").section == "9"


def test_a_day_that_no_plan_covers_has_the_nearest_plan_and_says_so() -> None:
    later, earlier = plan.on(date(2027, 1, 1)), plan.on(date(2024, 12, 31))
    assert (later.year, later.outside_validity) == (2026, True)
    assert (earlier.year, earlier.outside_validity) == (2025, True)


def test_the_year_before_is_judged_by_a_copy_whose_every_value_is_assumed() -> None:
    before = plan.on(date(2025, 6, 1))
    assert (before.year, before.copy_of, before.outside_validity) == (2025, 2026, False)
    assert before.referral == P.referral
    assert {str(found) for found in before.values.values()} == {"assumed"}
    assert before.provenance("pointti.period").section == "3.3"


def test_it_is_said_before_the_last_plan_runs_out() -> None:  # [9]
    last = plan.ALL[-1].valid_until
    assert not plan.runs_out(last - timedelta(days=61))
    assert plan.runs_out(last - timedelta(days=60))
    assert plan.runs_out(last + timedelta(days=1))


def test_case_managers_do_not_advise_on_kela_forms() -> None:  # [3.5]
    assert P.ohjaamo.advice["kela-form"] == "ohjaamo-worker"
    assert P.ohjaamo.advice["job-search"] == "case-manager"


def test_the_coordinator_can_be_invited_to_my_team() -> None:  # [3.6]
    assert P.invitations["my-team"] == ("immigrant-services-coordinator",)


def test_a_year_is_final_on_31_march_of_the_next() -> None:
    assert plan.final_on(2026) == date(2027, 3, 31)
    assert plan.final_on(2025) == date(2026, 3, 31)
    assert plan.final_on(2031) == date(2032, 3, 31)


@pytest.mark.parametrize(("age", "admitted"), [(16, False), (17, True), (28, True), (29, False)])
@pytest.mark.parametrize("municipality", ["lempaala", "vesilahti"])
def test_pointti_is_for_those_from_17_to_28(municipality: str, age: int, admitted: bool) -> None:  # [3.3, 4.3]
    assert P.services["pointti"].ages(municipality).admit(age) is admitted


@pytest.mark.parametrize(("age", "admitted"), [(14, False), (15, True), (29, True), (30, False)])
def test_outreach_is_for_those_from_15_to_29(age: int, admitted: bool) -> None:  # [3.4]
    assert P.services["outreach"].ages("lempaala").admit(age) is admitted


def test_coaching_has_no_age_limit_and_no_longest_duration() -> None:  # [3.2]
    assert P.services["coaching"].ages("vesilahti").admit(70)
    assert P.coaching.starter_package_minimum == 1
    assert P.coaching.starter_package_maximum == 2


def test_a_birth_year_may_mean_two_ages() -> None:
    ages = P.services["pointti"].ages("lempaala")
    assert ages.may_admit(1997, date(2026, 3, 2))  # 28 until the birthday
    assert not ages.may_admit(1996, date(2026, 3, 2))
    assert ages.may_admit(2009, date(2026, 3, 2))


@pytest.mark.parametrize(
    ("service", "provider", "by_agreement"),
    [
        ("coaching", "lempaala", "coaching"),
        ("pointti", "lempaala", "ohjaamo-and-workshop"),
        ("ohjaamo", "lempaala", "ohjaamo-and-workshop"),
        ("immigrant-services", "lempaala", "immigrant-services"),
        ("outreach", "vesilahti", None),
        ("wellbeing-planner", "vesilahti", None),
    ],
)
def test_vesilahti_residents_have_these_providers(service: str, provider: str, by_agreement: str | None) -> None:  # [4]
    found = P.services[service].provider("vesilahti")
    assert found is not None
    assert (found.organisation, found.by_agreement) == (provider, by_agreement)


def test_who_has_no_provider_is_told_the_right_address() -> None:  # [4.5]
    planner = P.services["wellbeing-planner"]
    assert planner.provider("lempaala") is None
    assert planner.instead["lempaala"].organisation == "lempaala"


def test_there_are_six_services_and_pointti_alone_is_by_referral_only() -> None:  # [3.3]
    assert list(P.services) == [
        "coaching", "pointti", "outreach", "ohjaamo", "immigrant-services", "wellbeing-planner",
    ]
    assert [code for code, service in P.services.items() if service.referral_only] == ["pointti"]


def test_start_and_end_are_told_of_coaching_and_pointti_alone() -> None:  # [3.2]
    assert [code for code, service in P.services.items() if service.start_and_end_told] == ["coaching", "pointti"]
    assert P.provenance("services.coaching.start_and_end_told").section == "3.2"
    assert P.provenance("services.pointti.start_and_end_told").assumed


def test_outreach_contacts_within_two_weeks_and_others_as_assumed() -> None:  # [3.4]
    assert P.respond_within("outreach") == Span(value=14, unit="days")
    assert P.respond_within("coaching") == P.referral.respond_within
    assert str(P.provenance("services.outreach.respond_within")) == "3.4"
    assert str(P.provenance("referral.respond_within")) == "assumed"


def test_a_workshop_period_takes_eight_weeks_and_a_tet_period_three_days() -> None:  # [3.3]
    assert P.pointti.period == Span(value=8, unit="weeks")
    assert P.pointti.tet_length == Span(value=3, unit="days")
    assert P.pointti.interview_first
    assert P.pointti.work_trial_through.role == "employment-and-integration-manager"


def test_name_and_phone_may_be_passed_on_and_nothing_else() -> None:  # [3.2]
    assert P.consent.fields == ("name", "phone")
    assert set(P.codes["consent-purpose"]) == set(P.services)


def test_case_managers_are_at_the_ohjaamos_every_second_thursday() -> None:  # [3.5]
    days = list(P.ohjaamo.days(date(2026, 1, 1), date(2026, 2, 28)))
    assert days == [date(2026, 1, 8), date(2026, 1, 22), date(2026, 2, 5), date(2026, 2, 19)]
    assert (P.ohjaamo.opens, P.ohjaamo.closes) == (time(13), time(16))
    assert not P.ohjaamo.is_day(date(2026, 1, 15))
    assert P.ohjaamo.is_day(date(2025, 12, 25))


def test_an_employer_of_more_than_fifty_reports_to_the_authority() -> None:  # [2.3]
    assert not P.change_security.authority_notice_required(50)
    assert P.change_security.authority_notice_required(51)


@pytest.mark.parametrize("municipality", ["lempaala", "vesilahti"])
def test_international_recruiting_always_goes_to_international_house(municipality: str) -> None:  # [2.4]
    route = P.leads.routing["international-recruiting"]
    assert route.always
    assert route.receiver(municipality).organisation == "iht"


def test_visits_are_coordinated_by_the_company_or_the_leaders() -> None:  # [2.2]
    assert P.is_coordinator("lempaala", "lempaalan-kehitys")
    assert not P.is_coordinator("lempaala", "vesilahti")
    assert [seat.role for seat in P.municipalities["vesilahti"].coordinators] == [
        "municipal-manager", "development-director",
    ]
    assert P.visits.with_coordinator == ("tampere-region", "business-tampere")


@pytest.mark.parametrize(
    ("group", "times_a_year"),
    [
        ("coordination-group", 3),
        ("working-group", 12),
        ("municipality-and-area", 4),
        ("ohjaamo-steering-group", 4),
        ("integration-network", 3),
        ("communications-network", 12),
        ("contracting-municipalities", None),
        ("coaches-working-party", None),
    ],
)
def test_groups_meet_in_their_rhythm(group: str, times_a_year: int | None) -> None:  # [1, 2.1, 3.1, 3.5, 3.6, 8]
    assert P.groups[group].times_a_year == times_a_year


def test_the_coordination_group_has_five_seats_two_with_substitutes() -> None:  # [1]
    seats = {(s.organisation, s.role): s.substitutes for s in P.groups["coordination-group"].seats}
    assert seats == {
        ("vesilahti", "municipal-manager"): ("development-director",),
        ("lempaala", "development-director"): (),
        ("lempaala", "group-services-director"): (),
        ("lempaala", "education-director"): (),
        ("tampere-region", "service-manager"): ("service-supervisor",),
    }


def test_a_seat_of_the_working_group_has_no_one_or_several_substitutes() -> None:  # [2.1]
    seats = P.groups["working-group"].seats
    assert [len(seat.substitutes) for seat in seats] == [1, 1, 1, 1, 1, 2, 0, 0]
    assert P.groups["working-group"].length == Span(value=90, unit="minutes")
    assert P.groups["working-group"].secretary == Seat(organisation="lempaala", role="development-expert")


@pytest.mark.parametrize(
    ("channel", "first_yes", "directed_to"),
    [
        ("post", "named-person", "municipal-employment-support"),
        ("post", "other-post", "area-service-point"),
        ("post", "report-or-hand-in", "area-service-point"),
        ("call", "labour-authority", "area-service-point"),
        ("email", "person-customer-email", "area-organisation-mailbox"),
    ],
)
def test_the_clerks_questions_lead_to_an_address(channel: str, first_yes: str, directed_to: str) -> None:  # [3.7]
    assert P.triage.form(channel)[first_yes].directed_to == directed_to
    assert P.triage.addresses["area-organisation-mailbox"].email == "tyollisyyspalvelut.seutu@tampere.fi"


def test_feedback_about_the_area_is_the_service_point_managers() -> None:  # [5]
    assert P.feedback.area_feedback_to == Seat(organisation="tampere-region", role="local-service-point-manager")


def test_the_plan_knows_the_figures_of_2024() -> None:  # [3.2]
    known = P.known_figures["2024"]
    assert (known.clients, known.new_clients, known.outcome_permille) == (259, 155, 595)


def test_an_obligations_deadline_may_be_a_length_of_time_of_the_plan() -> None:
    assert P.obligations["decide-on-unreached"].due == P.outreach.keep_trying_for == Span(value=3, unit="months")
    assert str(P.provenance("obligations.decide-on-unreached.due")) == "assumed"
    assert P.obligations["start-period"].due == P.pointti.period
    assert str(P.provenance("obligations.start-period.due")) == "3.3"


def test_a_late_owner_is_told_to_the_next_in_line_and_never_to_themselves() -> None:
    coach = P.escalate_to("contact-client", "lempaala", "coach")
    manager = P.escalate_to("report-client-situation", "lempaala", "employment-and-integration-manager")
    assert coach == Seat(organisation="lempaala", role="employment-and-integration-manager")
    assert manager == Seat(organisation="lempaala", role="development-director")


def test_what_is_about_a_case_never_leaves_the_municipal_side() -> None:
    for code, kind in P.obligations.items():
        if kind.about == "case":
            for organisation in ("lempaala", "vesilahti"):
                told = P.escalate_to(code, organisation, kind.role)
                assert told is not None
                assert P.organisations[told.organisation].side == "municipal"


def test_every_code_list_that_a_field_names_is_in_the_plan() -> None:
    named = {found for topic in topics.TOPICS.values() for model in topic.models for found in code_lists(model)}
    assert len(named) > 20
    for one in plan.ALL:
        assert named <= set(one.codes)


def code_lists(model: type[BaseModel]) -> set[str]:
    """Names of the lists of a model's fields, nested ones too."""
    return {name for hint in get_type_hints(model, include_extras=True).values() for name in _lists_in(hint)}


def _lists_in(hint: Any) -> set[str]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return code_lists(hint)
    own = {found.name for found in getattr(hint, "__metadata__", ()) if isinstance(found, CodeList)}
    return own.union(*(_lists_in(inner) for inner in get_args(hint)))


def test_a_codes_label_is_shown_in_the_readers_language() -> None:
    label = P.codes["service"]["coaching"]
    assert [label.text(language) for language in ("fi", "en", "sv")] == [
        "yksilövalmennus", "coaching", "individuell coachning",
    ]
    assert P.codes["role"]["rural-manager"].text("sv") == "maaseutupäällikkö"


def test_what_clients_and_the_public_read_is_there_in_swedish() -> None:
    for code_list in ("service", "municipality", "consent-purpose", "client-need"):
        assert all(label.sv for label in P.codes[code_list].values()), code_list


def test_every_code_has_the_pattern_of_a_code() -> None:
    for name, codes in P.codes.items():
        for code in (name, *codes):
            assert len(code) <= 40
            assert set(code) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"), code


def test_a_code_is_known_when_its_list_has_it() -> None:
    assert P.knows("visit-purpose", "recruiting")
    assert not plan.known("visit-purpose", "golf")
    with pytest.raises(KeyError):
        P.knows("golf", "recruiting")


def test_a_path_that_the_plan_has_not_has_no_provenance() -> None:
    with pytest.raises(KeyError):
        P.provenance("referral.respond_whenever")


def test_nobody_changes_a_plan() -> None:
    with pytest.raises(Exception, match="frozen"):
        P.year = 2027  # type: ignore[misc]
    with pytest.raises(TypeError):
        P.services["pointti"] = P.services["coaching"]  # type: ignore[index]
