"""The command line's list: what is there, without importing it, and what a fault says."""

import re
import subprocess
import sys

import asyncpg
import pytest
from confluent_kafka import KafkaError, KafkaException
from typer.core import TyperGroup
from typer.testing import CliRunner

from chassis.settings import SettingsError
from yhdyspinta.cli import EXIT_CODES, Commands, app
from yhdyspinta.faults import BROKEN_OFF, NOT_ASKED, NOT_DONE, said
from yhdyspinta.lazy import ROOT, load, purpose

PLACES = {name: place for places in Commands.contents.values() for name, place in places.items()}
HEAVY = ("confluent_kafka", "sqlalchemy", "fastapi", "asyncpg", "pydantic", "yhdyspinta.embedded", "contracts")


def run(*words: str):
    return CliRunner().invoke(app, list(words))


def test_the_list_of_commands_imports_none_of_them():
    code = ("import sys, yhdyspinta.cli as c\ntry: c.app(['--help'])\nexcept SystemExit: pass\n"
            f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    for name in PLACES:
        assert name in done.stdout
    assert "Exit codes:" in done.stdout


@pytest.mark.parametrize("name", PLACES)
def test_a_command_says_in_the_list_what_it_says_itself(name):
    command = load(name, PLACES[name])
    assert command.name == name
    assert " ".join((command.help or "").split()).startswith(" ".join(purpose(PLACES[name]).split()))
    assert purpose(PLACES[name])
    assert run(name, "--help").exit_code == 0


def every_command():
    """Each command that does something, by its words."""
    for name, place in PLACES.items():
        command = load(name, place)
        if isinstance(command, TyperGroup):
            yield from ((f"{name} {each}", inner) for each, inner in command.commands.items())
        else:
            yield name, command


@pytest.mark.parametrize(("words", "command"), [pytest.param(*each, id=each[0]) for each in every_command()])
def test_the_help_of_a_command_says_what_its_exit_codes_mean(words, command):
    said = " ".join((command.help or "").split()).partition("Exit code 0: ")[2]
    told = re.findall(r"(?:^|; )(\d+): ", f"0: {said}")
    assert told == sorted(told, key=int)
    assert told[-1] in {"2", "3", "130"}
    assert "Exit code 0" in " ".join(run(*words.split(), "--help").output.split())


def test_exit_codes_are_the_same_in_the_help_of_all_and_in_the_operators_guide():
    told = dict(re.findall(r"(\d+) ([^;]+)", " ".join(EXIT_CODES.split()).partition(": ")[2].rstrip(".")))
    guide = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8").partition("## Exit codes")[2]
    table = re.findall(r"^\| (\d+) \| (.+) \|$", guide.partition("## ")[0], re.MULTILINE)
    assert {code: words.strip() for code, words in table} == {code: words.strip() for code, words in told.items()}
    assert told.keys() == {"0", str(NOT_DONE), str(NOT_ASKED), str(BROKEN_OFF), "130"}


def test_a_wrong_name_is_answered_with_the_right_one():
    wrong = run("tokns")
    assert wrong.exit_code == 2
    assert "Did you mean 'tokens'?" in wrong.output


def test_the_shell_completes_commands_and_names(monkeypatch):
    def completed(line: str) -> str:
        monkeypatch.setenv("_YHDYSPINTA_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        return CliRunner().invoke(app, [], prog_name="yhdyspinta").output

    assert "publish" in completed("yhdyspinta pub")
    assert "rotate" in completed("yhdyspinta keys ro")
    assert "lempaala-party" in completed("yhdyspinta publish x --as lempaala-p")
    assert "shared.visits.v1" in completed("yhdyspinta tail shared.vi")


@pytest.mark.parametrize(("fault", "code", "words"), [
    (SettingsError("KAFKA_BOOTSTRAP is not set."), 1, "KAFKA_BOOTSTRAP is not set."),
    (KafkaException(KafkaError(KafkaError._TRANSPORT)), 2, "yhdyspinta doctor"),
    (asyncpg.InvalidPasswordError("password of user x"), 2, "refuses the password"),
    (asyncpg.UndefinedTableError("relation y"), 2, "yhdyspinta migrate"),
    (ConnectionRefusedError(111, "Connect call failed"), 2, "does not answer"),
])
def test_what_the_user_can_mend_is_a_sentence_without_values(fault, code, words):
    found = said(fault)
    assert found is not None
    assert found.code == code
    assert words in found.sentence
    assert "user x" not in found.sentence


def test_a_fault_of_ours_stays_one():
    assert said(ZeroDivisionError()) is None
