"""Which services suit a client: age, residence, need and service agreement [3, 4]."""

from datetime import date

import pytest

from contracts import plan
from contracts.plan import Plan
from services.referral.suitability import Client, Suits, SuitsNot, every_service, suit
from tests import plans

ON = date(2026, 11, 12)
PLAN = plan.on(ON)


def test_a_vesilahti_resident_uses_lempaalas_coaching_under_the_service_agreement():
    assert suit(Client("vesilahti", 1980), "coaching", PLAN, ON) == Suits("coaching", "lempaala", "coaching")


def test_vesilahti_has_its_own_outreach_youth_work():
    assert suit(Client("vesilahti", 2005), "outreach", PLAN, ON) == Suits("outreach", "vesilahti")


@pytest.mark.parametrize(("birth_year", "suits"), [
    (1996, False),  # 29 or 30
    (1997, True),  # 28 or 29: benefit of the doubt
    (2009, True),  # 16 or 17
    (2010, False),
])
@pytest.mark.parametrize("municipality", ["lempaala", "vesilahti"])
def test_pointti_is_for_people_of_17_to_28(municipality: str, birth_year: int, suits: bool):
    found = suit(Client(municipality, birth_year), "pointti", PLAN, ON)

    assert isinstance(found, Suits) is suits
    if isinstance(found, SuitsNot):
        assert found.why.code == "age-outside"
        assert "17–28" in found.why.in_finnish()
        assert found.why.right_service == "coaching"


def test_the_wellbeing_planner_is_vesilahtis_own_and_the_refusal_gives_the_right_address():
    found = suit(Client("lempaala", 1980), "wellbeing-planner", PLAN, ON)

    assert isinstance(found, SuitsNot)
    assert found.why.code == "outside-agreements"
    assert (found.why.right_organisation, found.why.right_service) == ("lempaala", "coaching")


def test_the_integration_programme_is_for_people_not_of_working_age():
    of_working_age = suit(Client("vesilahti", 1985, "integration"), "immigrant-services", PLAN, ON)
    pensioner = suit(Client("vesilahti", 1950, "integration"), "immigrant-services", PLAN, ON)

    assert isinstance(of_working_age, SuitsNot)
    assert of_working_age.why.code == "of-working-age"
    assert of_working_age.why.right_organisation == "tampere-region"
    assert pensioner == Suits("immigrant-services", "lempaala", "immigrant-services")


def agreed_until(day: str) -> Plan:
    """The plan, all of whose service agreements end on a day."""
    return plans.changed(("valid_until = { value = 2026-12-31, assumed", f"valid_until = {{ value = {day}, assumed"))


@pytest.mark.parametrize(("until", "on", "code", "words"), [
    ("2026-11-11", ON, "agreement-ended", "Sopimus päättyi 11.11.2026."),
    ("2026-11-12", ON, None, ""),
    ("2026-11-12", date(2027, 2, 1), "agreement-ended", "Sopimus päättyi 12.11.2026."),
    ("2026-12-31", date(2027, 2, 1), None, ""),  # no plan covers the day: judged as the last of this one
])
def test_an_agreement_holds_up_to_and_with_its_last_day(until: str, on: date, code: str | None, words: str):
    found = suit(Client("vesilahti", 1980), "coaching", agreed_until(until), on)

    assert (found.why.code if isinstance(found, SuitsNot) else None) == code
    if isinstance(found, SuitsNot):
        assert words in found.why.in_finnish()
        assert found.provider == "lempaala"
        assert (found.why.right_organisation, found.why.right_service) == ("vesilahti", "wellbeing-planner")


def test_an_agreement_that_is_still_to_come_says_from_when():
    changed = plans.changed(("valid_from = { value = 2025-01-01", "valid_from = { value = 2026-12-01"))
    found = suit(Client("vesilahti", 1980), "coaching", changed, ON)

    assert isinstance(found, SuitsNot)
    assert found.why.code == "agreement-not-yet-in-force"
    assert "Sopimus tulee voimaan 1.12.2026. Oikea osoite: Vesilahden kunta" in found.why.in_finnish()
    assert "begins on 1 December 2026." in found.why.in_english()


def test_whoever_suits_no_service_is_sent_home_or_to_whom_a_refusal_names():
    integration = suit(Client("lempaala", 1985, "integration"), "coaching", PLAN, ON)
    ended = agreed_until("2026-11-01")
    nowhere = suit(Client("vesilahti", 1980, "job-or-studies"), "coaching", ended, ON)

    assert isinstance(integration, SuitsNot)
    assert (integration.why.right_organisation, integration.why.right_service) == ("tampere-region", None)
    assert isinstance(nowhere, SuitsNot)
    assert (nowhere.why.right_organisation, nowhere.why.right_service) == ("vesilahti", None)


def test_another_provider_than_the_plans_is_refused_with_the_right_one():
    found = suit(Client("vesilahti", 1980), "coaching", PLAN, ON, provider="vesilahti")

    assert isinstance(found, SuitsNot)
    assert found.why.code == "wrong-provider"
    assert found.why.right_organisation == "lempaala"


@pytest.mark.parametrize(("client", "service", "code"), [
    (Client("tampere", 1980), "coaching", "residence-outside"),
    (Client("lempaala", 1980), "massage", "unknown-code"),
    (Client("lempaala", 2099), "coaching", "birth-year-not-possible"),
    (Client("lempaala", 1880), "coaching", "birth-year-not-possible"),
    (Client("lempaala", 1990, "integration"), "coaching", "need-not-served"),
])
def test_what_the_plan_does_not_know_is_refused_with_a_reason(client: Client, service: str, code: str):
    found = suit(client, service, PLAN, ON)

    assert isinstance(found, SuitsNot)
    assert found.why.code == code
    assert "{" not in found.why.in_finnish() + found.why.in_english()


def test_all_six_services_are_judged_at_once():
    fit, unfit = every_service(Client("vesilahti", 2005, "own-path"), PLAN, ON)

    assert len(fit) + len(unfit) == 6
    assert [each.service for each in fit] == ["coaching", "pointti", "outreach", "ohjaamo"]
