"""`yhdyspinta plan`: a wrong file is told where it is wrong, two years are compared in words."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts import plan
from contracts.plan.told import differences, values
from yhdyspinta.commands.plan import plan as command

FOLDER = Path(plan.__file__).parent
TEXT = (FOLDER / "2026.toml").read_text()
NOW = plan.ALL[-1]


def run(*arguments):
    return CliRunner().invoke(command, list(map(str, arguments)))


def changed(tmp_path, old, new):
    assert old in TEXT
    file = tmp_path / "2026.toml"
    file.write_text(TEXT.replace(old, new, 1))
    return file


def test_a_right_file_is_told_with_how_much_is_assumed():
    done = run("check", FOLDER / "2026.toml")
    assert done.exit_code == 0
    assert "2026" in done.output
    assert "assumed" in done.output


@pytest.mark.parametrize(("old", "new", "said"), [
    ('valid_until = { value = 2026-12-31, section = "9" }', "valid_until = 2026-12-31", "neither section nor assumed"),
    ("warn_before_end = { value = 60, unit", "warn_before_end = { value = 60, nuit", "nuit"),
    ("[organisations.lempaala]", "[organisations.lempaala", "not TOML"),
])
def test_a_wrong_file_is_told_with_its_line(tmp_path, old, new, said):
    done = run("check", changed(tmp_path, old, new))
    assert done.exit_code == 1
    assert said in done.output
    assert "line" in done.output
    told = json.loads(run("check", tmp_path / "2026.toml", "--json").output)
    assert told["right"] is False
    assert said in told["sentence"]


def test_a_file_that_is_not_there_is_said():
    assert run("check", "nowhere.toml").exit_code == 2
    assert run("diff", "1999", "2026").exit_code == 2


def test_two_plans_are_compared_in_words(tmp_path):
    file = changed(tmp_path, "warn_before_end = { value = 60", "warn_before_end = { value = 90")
    done = run("diff", "2026", file)
    assert done.exit_code == 0
    assert "warn_before_end is 90 days, was 60 days [assumed]." in done.output
    assert "1 values differ." in done.output
    (row,) = json.loads(run("diff", "2026", file, "--json").output)
    assert row["path"] == "warn_before_end"
    assert (row["was"], row["now"]) == ("60 days", "90 days")


def test_a_plan_differs_from_itself_in_nothing():
    assert differences(NOW, NOW) == []


def test_every_value_has_a_section_of_the_plan_or_is_assumed():
    for value in values(NOW):
        assert value.assumed or all(part.strip() in NOW.sections for part in (value.section or "").split(","))
