"""A third municipality is data: a plan file with it is taken, and the services' decisions know it at once."""

import re
from datetime import date
from pathlib import Path

import pytest

from contracts import plan
from contracts.plan.load import PlanError, read
from contracts.plan.model import Plan
from services.referral.suitability import Client, Suits, SuitsNot, suit

ON = date(2026, 11, 12)
ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "contracts" / "plan" / "2026.toml").read_text()
NEW = '''
[organisations.kangasala]
section = "9"
fi = "Kangasalan kaupunki"
en = "City of Kangasala"
side = "municipal"

[municipalities.kangasala]
section = "2.2, 2.3"
fi = "Kangasala"
en = "Kangasala"
coordinators = [{ organisation = "lempaalan-kehitys", role = "business-developer" }]
employment_officer = { organisation = "kangasala", role = "employment-officer" }
'''


def with_kangasala(text: str) -> str:
    """The plan with Kangasala: its own outreach, the rest bought from Lempäälä."""
    text = text.replace("\n[municipalities.vesilahti]", NEW + "\n[municipalities.vesilahti]")
    for role in ("employment-officer", "outreach-worker"):
        text = re.sub(rf'(?m)^({role} = .*organisations = \[)', r'\1"kangasala", ', text)
    own = re.search(r"(?ms)^\[services.outreach\].*?(?=^\[)", text)
    assert own
    text = text.replace(own[0], own[0].replace(
        "providers.vesilahti", 'providers.kangasala = { organisation = "kangasala" }\nproviders.vesilahti'))
    text = re.sub(r'(?m)^providers\.vesilahti = (\{ organisation = "lempaala".*)$',
                  r"providers.kangasala = \1\n\g<0>", text)
    text = text.replace('municipalities = ["vesilahti"]', 'municipalities = ["vesilahti", "kangasala"]')
    text = text.replace("instead.lempaala", 'instead.kangasala = { organisation = "lempaala", service = "coaching", '
                        "assumed = true }\ninstead.lempaala")
    return re.sub(r"(?m)^to\.vesilahti = (.*)$", r"\g<0>" "\n" r"to.kangasala = \1", text)


@pytest.fixture(scope="module")
def three() -> Plan:
    return read("2026.toml", with_kangasala(TEXT))


def test_its_residents_are_referred_as_its_agreements_say(three: Plan) -> None:
    found = suit(Client("kangasala", 1990), "coaching", three, ON)
    assert found == Suits("coaching", "lempaala", "coaching")
    assert suit(Client("kangasala", 2005), "outreach", three, ON) == Suits("outreach", "kangasala")
    elsewhere = suit(Client("kangasala", 1990), "wellbeing-planner", three, ON)
    assert isinstance(elsewhere, SuitsNot)
    assert elsewhere.why.right_service == "coaching"


def test_its_leads_have_receivers_and_its_visits_coordinators(three: Plan) -> None:
    assert three.leads.routing["growth"].receiver("kangasala").organisation == "business-tampere"
    assert three.is_coordinator("kangasala", "lempaalan-kehitys")


def test_what_its_file_forgets_is_said(three: Plan) -> None:
    without = re.sub(r"(?m)^to\.kangasala = .*\n", "", with_kangasala(TEXT), count=1)
    with pytest.raises(PlanError, match="kangasala needs a receiver"):
        read("2026.toml", without)


def test_no_code_of_the_services_names_a_municipality() -> None:
    names = re.compile(r"['\"](" + "|".join(plan.ALL[-1].municipalities) + r")['\"]")
    examples = re.compile(r"example|Field\(|Query\(", re.IGNORECASE)
    found = [f"{path.relative_to(ROOT)}:{number}" for folder in ("services", "chassis")
             for path in (ROOT / folder).rglob("*.py")
             for number, line in enumerate(path.read_text().splitlines(), 1)
             if names.search(line) and not examples.search(line)]
    documented = {  # examples over several lines
        "services/referral/schemas.py", "services/coaching/cases/schemas.py",
        "services/coaching/client_situation/schemas.py",
    }
    assert [each for each in found if each.rsplit(":", 1)[0] not in documented] == []
