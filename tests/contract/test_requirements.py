"""Which tests would notice the loss of a requirement: the table, and that each test in it is there.

Requirements whose rooms are not furnished yet (leads, feedback, notify and reporting in full) are not in it.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
NOTICED_BY = {
    "REF-1": (
        "unit/test_referral_domain.py::test_a_consented_referral_is_told_with_number_and_deadline_and_without_name",
        "component/test_referral.py::test_outreach_asks_the_clients_permission_for_the_contact_too",
        "component/test_referral.py::test_an_age_limit_and_an_agreement_of_the_plan_file_change_api_and_refusal",
    ),
    "REF-2": (
        "component/test_coaching.py::test_reaching_the_client_moves_the_obligation_on",
        "component/test_coaching_services.py::test_who_does_not_come_is_tried_again_once_the_time_has_passed",
    ),
    "REF-3": (
        "contract/test_narrowness.py::test_a_case_from_first_to_last_tells_the_area_what_the_table_says",
    ),
    "REF-4": (
        "component/test_coaching_party.py::"
        "test_nothing_of_party_is_in_anything_that_a_principal_of_the_area_may_read",
        "component/test_coaching_party.py::test_a_withdrawal_told_to_party_is_passed_on_and_nothing_else_is",
    ),
    "REF-5": (
        "unit/test_own_courses.py::test_a_third_meeting_of_the_starter_package_is_refused_and_goes_on_as_coaching",
        "unit/test_own_courses.py::test_meetings_of_coaching_have_no_maximum",
        "component/test_coaching_time.py::test_coaching_goes_on_for_years_until_somebody_ends_it",
        "component/test_coaching.py::test_a_case_without_a_referral_tells_the_area_nothing",
    ),
    "REF-6": (
        "unit/test_three_party.py::test_whatever_crosses_both_sides_come_to_the_same_and_somebody_owes_the_next_act",
        "unit/test_three_party.py::test_nothing_is_agreed_without_the_client",
        "unit/test_three_party.py::test_what_is_told_of_a_meeting_has_ids_people_times_and_a_place",
        "integration/test_meetings.py::"
        "test_a_three_party_meeting_is_asked_agreed_moved_and_called_off_on_both_sides",
    ),
    "REF-7": (
        "unit/test_client_situation.py::test_a_number_below_the_threshold_is_told_as_null_and_a_zero_as_it_is",
        "component/test_coaching_time.py::"
        "test_each_months_situation_is_counted_corrected_and_told_and_what_is_small_is_not",
        "component/test_referral.py::test_free_places_are_shown_to_whoever_refers_next",
        "pages/test_service_pages.py::test_the_manager_checks_what_was_counted_corrects_it_and_sends_it_once",
    ),
    "REF-8": (
        "unit/test_referral_suitability.py::test_pointti_is_for_people_of_17_to_28",
        "component/test_referral.py::test_an_age_limit_and_an_agreement_of_the_plan_file_change_api_and_refusal",
        "pages/test_referral_pages.py::test_an_age_limit_and_an_agreement_of_the_plan_file_change_the_page",
        "component/test_coaching_services.py::test_an_interview_comes_first_then_a_place_in_a_group_and_the_period_begins_and_ends",
        "component/test_coaching_services.py::test_a_group_never_has_more_young_people_than_places_though_two_ask_at_one_instant",
        "component/test_coaching_services.py::test_a_work_trial_is_proposed_through_the_manager_alone_and_answered",
        "component/test_coaching_services.py::test_a_withdrawal_ends_a_proposal_wherever_it_is",
        "component/test_referral.py::test_a_proposed_work_trial_is_answered_once_after_the_end_too",
        "component/test_referral.py::test_a_withdrawal_ends_a_proposed_work_trial_and_a_later_one_is_ignored",
        "pages/test_service_pages.py::test_the_workshop_takes_in_begins_makes_plans_and_proposes_a_work_trial",
        "unit/test_walk.py::test_no_command_in_no_order_breaks_what_must_hold",
    ),
    "REF-9": (
        "unit/test_own_courses.py::test_a_young_person_counts_as_not_reached_after_months_and_several_channels",
        "unit/test_own_courses.py::test_declining_is_recorded_at_any_time_and_other_services_have_no_such_rule",
        "unit/test_coaching_duties.py::test_who_comes_to_outreach_without_a_referral_is_contacted_within_two_weeks",
        "component/test_coaching_services.py::test_outreach_goes_on_trying_for_months_and_vesilahti_sees_none_of_it",
        "component/test_coaching_time.py::test_a_months_phenomena_are_asked_for_once_and_told_as_numbers",
        "pages/test_service_pages.py::test_an_outreach_worker_records_attempts_by_one_channel_after_the_other",
        "unit/test_meeting_rules.py::test_the_plan_and_the_clients_municipality_say_who_is_invited",
        "integration/test_meetings.py::test_an_invitation_is_answered_by_whom_it_names_and_by_nobody_else",
        "component/test_referral.py::test_outreach_asks_the_clients_permission_for_the_contact_too",
        "contract/test_narrowness.py::test_an_event_takes_the_services_of_the_table_alone",
    ),
    "REF-10": (
        "component/test_coaching_services.py::test_a_visit_opens_a_case_or_goes_on_in_the_one_that_is_open",
        "pages/test_service_pages.py::test_an_ohjaamo_worker_receives_a_visitor_by_some_keys",
        "unit/test_own_courses.py::test_case_managers_never_advise_on_forms_of_kela",
        "unit/test_meeting_rules.py::"
        "test_case_managers_are_there_every_second_thursday_and_not_on_a_public_holiday",
        "unit/test_meeting_rules.py::test_who_advises_on_what_is_the_plans",
        "integration/test_meetings.py::test_an_ohjaamo_worker_asks_for_a_case_manager_and_one_answers_once",
    ),
    "REF-11": (
        "unit/test_own_courses.py::test_the_integration_programme_is_for_those_not_of_working_age",
        "component/test_coaching_services.py::test_immigrant_services_ask_of_working_age_and_keep_no_birth_date",
        "unit/test_meeting_rules.py::test_the_plan_and_the_clients_municipality_say_who_is_invited",
        "unit/test_meeting_rules.py::test_nobody_is_invited_without_the_clients_wish_or_to_what_cannot_be",
        "unit/test_referral_suitability.py::test_the_integration_programme_is_for_people_not_of_working_age",
    ),
    "REF-12": (
        "unit/test_own_courses.py::test_vesilahtis_ohjaamo_worker_meets_its_residents_though_lempaala_provides",
        "unit/test_referral_suitability.py::test_an_agreement_holds_up_to_and_with_its_last_day",
        "unit/test_plan_file.py::test_a_mistake_is_told_by_line_and_field",
        "component/test_coaching_party.py::test_a_case_is_judged_by_the_agreement_of_the_day_it_was_asked_for",
    ),
    "REF-13": (
        "unit/test_triage_domain.py::test_the_form_is_the_plans_alone",
        "component/test_triage.py::test_the_form_is_the_plans_rules_and_changes_with_them_alone",
        "component/test_triage.py::test_an_inquiry_is_directed_counted_once_and_told_without_a_person",
        "pages/test_area_staff.py::test_a_clerk_needs_a_key_for_the_channel_one_for_each_question_and_enter",
    ),
    "REF-14": (
        "integration/test_withdrawal.py",
        "component/test_referral.py::test_the_receipt_proves_who_erased_what_and_when",
        "unit/test_referral_receipt.py::test_it_has_the_fields_of_the_consent_record_structure",
        "unit/test_referral_receipt.py::test_what_may_lawfully_remain_is_named_with_its_basis_and_its_end",
        "unit/test_referral_receipt.py::test_a_silent_receiver_is_named_as_late",
    ),
    "GEN-1": (
        "component/test_boundary.py::test_the_broker_lets_each_do_what_the_registry_says_and_nothing_else",
        "component/test_boundary.py::test_each_database_is_closed_to_the_roles_of_all_others",
        "unit/test_retention_periods.py",
    ),
    "GEN-2": (
        "component/test_audit.py::test_who_read_what_and_why_commits_with_the_reading",
        "component/test_audit.py::test_what_the_superuser_changes_is_found_where_it_is",
        "component/test_access.py::test_an_officer_searches_what_concerns_their_own_organisation",
        "component/test_access.py::"
        "test_an_officer_checks_that_the_log_is_whole_against_the_hashes_of_the_other_side",
    ),
    "GEN-3": (
        "integration/test_malformed.py::test_each_bad_record_is_told_and_kept_once_and_each_good_one_is_taken",
        "integration/test_integrating.py::test_a_vendor_gets_from_nothing_to_an_accepted_event_and_the_figures",
        "component/test_letters.py::test_a_corrected_letter_is_handled_by_its_service_alone",
    ),
    "SEC-1": (
        "unit/test_web_policies.py::test_a_route_with_a_policy_that_cannot_hold_is_refused_where_it_is_written",
        "component/test_web_routes.py::test_a_role_opens_its_pages_and_no_others",
        "component/test_access.py::test_every_route_that_answers_has_its_line",
        "component/test_access.py::test_each_role_opens_the_pages_of_the_table_and_no_others",
        "component/test_access.py::test_what_is_somebody_elses_is_not_found_and_not_touched",
    ),
    "SEC-2": (
        "contract/test_free_text.py::test_every_field_has_a_data_class_and_ids_of_persons_are_never_open",
        "contract/test_answers.py::test_every_field_of_an_answer_has_a_data_class_that_its_readers_may_have",
    ),
    "SEC-3": (
        "contract/test_answers.py::test_every_secret_file_and_every_purpose_of_a_key_is_in_the_inventory",
    ),
    "SEC-4": (
        "component/test_retention.py::test_a_table_that_nobody_declared_is_not_there",
        "component/test_retention.py::test_when_the_time_is_over_nothing_is_left",
    ),
    "SEC-5": (
        "integration/test_nothing_leaks.py::test_nothing_that_is_written_down_of_the_work_holds_a_client",
        "integration/test_nothing_leaks.py::test_no_refusal_and_no_fault_gives_back_what_was_sent",
        "integration/test_nothing_leaks.py::test_every_answer_has_the_headers_that_shut_the_browsers_doors",
    ),
    "SEC-6": (
        "unit/test_security_log.py::test_it_is_a_file_of_its_own_with_codes_and_ids",
        "unit/test_security_log.py::test_a_burst_calls_once_and_again_after_a_quiet_time",
    ),
    "SEC-7": (
        "component/test_web_routes.py::test_bodies_depth_and_rates_have_limits",
        "component/test_boundary.py::test_other_systems_have_quotas_and_our_services_none",
    ),
    "SEC-8": (
        "component/test_boundary.py::test_a_services_role_may_not_change_its_schema",
        "component/test_audit.py::test_of_all_rights_on_the_log_the_service_has_two",
    ),
    "SEC-9": (
        "component/test_closed_connections.py",
    ),
    "SEC-10": (
        "component/test_referral.py::test_a_client_gets_what_is_held_of_them_and_who_saw_it",
        "component/test_referral.py::"
        "test_a_corrected_number_takes_the_place_of_the_one_before_and_goes_sealed_to_the_same_key",
        "component/test_referral.py::"
        "test_while_processing_is_restricted_nobody_in_the_area_opens_the_contact_details",
        "component/test_coaching.py::"
        "test_a_client_gets_what_is_held_and_while_restricted_nobody_opens_the_contact_details",
        "component/test_coaching_time.py::test_when_a_year_is_final_its_links_are_gone_and_its_casework_is_closed",
    ),
    "SEC-11": (
        "contract/test_ingest.py::test_what_is_wrong_is_told_by_its_first_reason_and_field",
        "unit/test_masking.py::test_every_event_is_shown_masked_and_comes_back_as_it_was",
    ),
    "SEC-12": (
        "contract/test_supply_chain.py",
        "component/test_embedded.py::test_a_wrong_checksum_is_refused_and_nothing_is_kept",
        "contract/test_compose_file.py::test_a_part_has_no_more_rights_than_it_needs",
    ),
}


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize(("requirement", "test"), [(r, t) for r, tests in NOTICED_BY.items() for t in tests])
def test_a_test_that_would_notice_is_there(requirement, test):
    file, _, name = test.partition("::")
    found = names_in(file)
    assert name in found if name else any(each.startswith("test_") for each in found)
