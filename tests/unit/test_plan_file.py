"""A mistake in a plan's file is refused with a sentence that names line and field."""

from pathlib import Path

import pytest

from contracts import plan
from contracts.plan import PlanError
from contracts.plan.load import load

FILE = Path(plan.__file__).with_name("2026.toml")
TEXT = FILE.read_text(encoding="utf-8")


def refused(before: str, after: str) -> str:
    assert before in TEXT, before
    with pytest.raises(PlanError) as caught:
        plan.read("2026.toml", TEXT.replace(before, after, 1))
    return str(caught.value)


def line_of(text: str) -> int:
    return TEXT[: TEXT.index(text)].count("\n") + 1


PERIOD = 'period = { value = 8, unit = "weeks" }'


def test_the_file_itself_is_accepted() -> None:
    assert plan.read("2026.toml", TEXT) == plan.ALL[-1]


def test_broken_toml() -> None:
    assert refused(PERIOD, "period = {").startswith("2026.toml is not TOML: ")


@pytest.mark.parametrize(
    ("before", "after", "field", "sentence"),
    [
        (PERIOD, "period = 8", "pointti.period", "must be a table, or a length"),
        (PERIOD, "period = { value = 8 }", "pointti.period", "is a number and needs a unit"),
        (PERIOD, 'period = { value = -8, unit = "weeks" }', "pointti.period", "must be a whole number, zero or more"),
        (PERIOD, 'period = { value = "8", unit = "weeks" }', "pointti.period", "must be a whole number, zero or more"),
        (PERIOD, 'period = { value = 8, unit = "pieces" }', "pointti.period", "must be a table, or a length"),
        (PERIOD, 'period = { value = 8, unit = "weeks", why = 1 }', "pointti.period.why", "is not known"),
        (PERIOD, 'period = { value = 8, unit = "weeks", section = "3.9" }', "pointti.period", "no section 3.9"),
        (PERIOD, 'period = { value = 8, unit = "weeks", section = 3 }', "pointti.period.section", "must be a text"),
        (PERIOD, PERIOD + "\nperoid = true", "pointti.peroid", "is not a field"),
        ("interview_first = true", "", "pointti.interview_first", "is missing"),
        ("channels_before_unreached = { value = 3", "channels_before_unreached = { value = 6",
         "outreach.channels_before_unreached", "asks for more channels than there are"),
        ('staffed_by.lempaala = "lempaala"', 'staffed_by.lempaala = "nowhere"', "ohjaamo.staffed_by",
         "nowhere is not in the list organisation"),
        ("interview_first = true", 'interview_first = "yes"', "pointti.interview_first", "boolean"),
        ('[pointti]\nsection = "3.3"', "[pointti]", "pointti.period", "says neither section nor assumed"),
        ("[intake]\nassumed = true", '[intake]\nassumed = true\nsection = "6"', "intake", "says both"),
        ('mailbox_role = "workshop-instructor"', 'mailbox_role = "baker"', "services.pointti.providers.lempaala",
         "baker is not in the list role"),
        ('providers.vesilahti = { organisation = "vesilahti" }', 'providers.vesilahti = { organisation = "tredu" }',
         "services.wellbeing-planner.providers.vesilahti", "nobody in tredu has the role wellbeing-planner"),
        ('instead.lempaala = { organisation = "lempaala", service = "coaching", assumed = true }', "",
         "services.wellbeing-planner", "lempaala needs either a provider or the right address"),
        ('substitutes = ["rural-manager"]', 'substitutes = ["mayor"]', "groups.working-group.seats",
         "mayor is not in the list role"),
        ('    { organisation = "lempaala", role = "education-director" },',
         '    { organisation = "lempaala", role = "group-services-director" },', "groups.coordination-group.seats",
         "group-services-director of lempaala stands twice"),
        ('sides = ["municipal"]\nabout = "case"', 'sides = ["municipal", "shared"]\nabout = "case"',
         "obligations.contact-client.sides", "stays on the municipal side"),
        ('due = "outreach.keep_trying_for"', 'due = "outreach.keep_trying"', "obligations.decide-on-unreached.due",
         "the plan has no length of time outreach.keep_trying"),
        ("first_day = { value = 2026-01-08", "first_day = { value = 2026-01-09", "ohjaamo.first_day", "no thursday"),
        ("valid_until = { value = 2026-12-31", "valid_until = { value = 2025-12-31", "valid_until", "before"),
        ('directed_to = "area-organisation-mailbox"\nasks = false', 'directed_to = "area-organisation-mailbox"',
         "triage.rules", "the questions of email must end in one rule that does not ask"),
        ('pack_kind = "working-group-pack"', 'pack_kind = "novel"', "groups.working-group.pack_kind",
         "novel is not in the list pack-kind"),
    ],
)
def test_a_mistake_is_told_by_line_and_field(before: str, after: str, field: str, sentence: str) -> None:
    said = refused(before, after)
    assert said.startswith("2026.toml, line ")
    assert f": {field}: " in said
    assert sentence in said


def test_the_line_is_the_one_with_the_mistake() -> None:
    assert refused(PERIOD, "period = 8").startswith(f"2026.toml, line {line_of(PERIOD)}: ")


def test_a_copy_of_nothing_is_refused() -> None:
    with pytest.raises(PlanError, match=r"2025\.toml, line 1: copy_of: there is no other file 2031\.toml"):
        plan.read("2025.toml", "copy_of = 2031", {"2026.toml": TEXT})


def test_two_plans_never_hold_on_one_day(tmp_path: Path) -> None:
    (tmp_path / "2026.toml").write_text(TEXT, encoding="utf-8")
    copy = 'year = 2027\ncopy_of = 2026\ntitle = "2027"\nvalid_from = 2026-12-31\nvalid_until = 2027-12-31\n'
    (tmp_path / "2027.toml").write_text(copy, encoding="utf-8")
    with pytest.raises(PlanError, match=r"2027\.toml: valid_from lies within the validity of 2026\.toml"):
        load(tmp_path)


def test_every_value_says_where_it_is_from() -> None:
    for one in plan.ALL:
        for path, found in one.values.items():
            assert found.assumed or found.section, path
