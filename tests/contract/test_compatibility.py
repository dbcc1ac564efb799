"""Within a major version schemas only grow, by what may be left out."""

import subprocess
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
import pytest

from contracts import compatibility
from contracts.compatibility import breaks, generated

Change = Callable[[dict[str, Any]], Any]

VISIT = "CompanyVisitMade.v1"
CASE = "CaseOpened.v1"


def data(schema: dict[str, Any], *path: str) -> dict[str, Any]:
    place = schema["properties"]["data"]
    for name in path:
        place = place["properties"][name]
    found: dict[str, Any] = place
    return found


def after(name: str, change: Change) -> list[str]:
    """What is said when one event's schema is changed so."""
    now = deepcopy(dict(generated()))
    change(now[name])
    return breaks(generated(), now)


def test_nothing_changed_breaks_nothing() -> None:
    assert breaks(generated(), generated()) == []


@pytest.mark.parametrize(("name", "change"), [
    (VISIT, lambda s: data(s)["properties"].update(attendance={"type": ["integer", "null"], "minimum": 0})),
    (VISIT, lambda s: s.update(description="Another sentence.")),
    (VISIT, lambda s: data(s, "company_name").update(maxLength=300)),
    (VISIT, lambda s: data(s, "organisations").pop("minItems")),
    (VISIT, lambda s: data(s, "needs", ).update(description="what the company needs")),
    (VISIT, lambda s: s["properties"]["source"]["enum"].append("/vesilahti/crm")),
    (VISIT, lambda s: s["x-topics"].append("shared.from-vesilahti-crm.v1")),
    (CASE, lambda s: data(s).update(additionalProperties=True)),
    (CASE, lambda s: s.update(additionalProperties=True)),
], ids=["an optional field", "words", "a longer text", "a shorter list", "a description", "a source", "a topic",
        "unknown fields", "unknown attributes"])
def test_what_readers_and_writers_can_bear(name: str, change: Change) -> None:
    assert after(name, change) == []


def test_a_new_event_breaks_nothing() -> None:
    assert breaks(generated(), {**generated(), "CompanyVisitRated.v1": {"type": "object"}}) == []


@pytest.mark.parametrize(("name", "change", "sentence"), [
    (VISIT, lambda s: data(s)["properties"].pop("company_name"), "/data/company_name is gone."),
    (VISIT, lambda s: data(s)["required"].append("company_name"), "/data/company_name is required now."),
    (VISIT, lambda s: (data(s)["properties"].update(mood={"type": "string", "pattern": "^a$"}),
                       data(s)["required"].append("mood")), "/data/mood is required now, and new."),
    (VISIT, lambda s: data(s)["required"].remove("on"), "/data/on may be left out now, and readers count on it."),
    (VISIT, lambda s: data(s, "visit_id").update(pattern="^[0-9a-f-]{36}$"), "/data/visit_id has another pattern."),
    (VISIT, lambda s: data(s, "organisation").pop("pattern"), "/data/organisation has another pattern."),
    (VISIT, lambda s: data(s, "company_name").update(maxLength=100), "/data/company_name has a narrower maxLength."),
    (VISIT, lambda s: data(s, "company_name").update(minLength=2), "/data/company_name has a narrower minLength."),
    (VISIT, lambda s: data(s, "needs").update(minItems=1), "/data/needs has a narrower minItems."),
    (VISIT, lambda s: data(s, "company_name").update(type="string"), "/data/company_name is no longer null."),
    (VISIT, lambda s: data(s, "on").update(type=["string", "null"]),
     "/data/on may now be null, which readers don't know."),
    (VISIT, lambda s: data(s, "on").update(type="integer"), "/data/on is no longer string."),
    (VISIT, lambda s: data(s, "on").update(format="date-time"), "/data/on has another format."),
    (VISIT, lambda s: data(s, "needs")["items"].update(pattern="^x$"), "/data/needs/* has another pattern."),
    (VISIT, lambda s: data(s, "needs")["items"].update({"x-code-list": "need"}),
     "/data/needs/* has another x-code-list."),
    (VISIT, lambda s: data(s).update(additionalProperties=False),
     "/data no longer takes fields that the schema does not know."),
    (VISIT, lambda s: s.update(additionalProperties={"type": "null"}),
     "the event no longer takes fields that the schema does not know."),
    (VISIT, lambda s: s["properties"]["source"]["enum"].remove("/shared/leads"),
     "/source has lost /shared/leads of its closed list."),
    (VISIT, lambda s: s["properties"]["type"].update(const="fi.yhdyspinta.VisitMade.v1"), "/type has another const."),
    (VISIT, lambda s: s.update({"x-key": "{visit_id}"}), "the event has another x-key."),
    (CASE, lambda s: data(s, "origin")["enum"].remove("self"), "/data/origin has lost self of its closed list."),
    (CASE, lambda s: data(s, "origin")["enum"].append("web"),
     "/data/origin has web new in its closed list, which readers don't know."),
    (CASE, lambda s: data(s, "service").update(enum=["coaching"]), "/data/service has a closed list now."),
    ("ReferralConsented.v1", lambda s: data(s, "consent")["properties"].pop("purpose"),
     "/data/consent/purpose is gone."),
    ("CaseClosed.v1", lambda s: data(s).pop("oneOf"), "/data has another oneOf."),
    ("CostsReported.v1", lambda s: data(s, "items")["additionalProperties"].update(minimum=0),
     "/data/items/* has a narrower minimum."),
])
def test_what_breaks_is_told_with_event_and_field(name: str, change: Change, sentence: str) -> None:
    assert f"{name}: {sentence}" in after(name, change)


def test_an_event_that_is_gone_is_told() -> None:
    now = {name: schema for name, schema in generated().items() if name != CASE}
    assert breaks(generated(), now) == [f"{CASE} is gone. Bring it back, or end its topic as a new major version's."]


# --- the command, in a checkout of its own


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-b", "main")
    (tmp_path / "README.md").write_text("x\n")
    git("add", "README.md")
    git("commit", "-m", "Start")
    git("branch", "before")
    folder = tmp_path / "contracts" / "schemas"
    folder.mkdir(parents=True)
    for name, schema in generated().items():
        (folder / f"{name}.json").write_bytes(orjson.dumps(schema))
    (folder / "codes.json").write_text("{}")
    git("add", "contracts")
    git("commit", "-m", "Add schemas")
    git("branch", "other")
    git("checkout", "other")
    wider = deepcopy(dict(generated()))[VISIT]
    wider["properties"]["data"]["properties"]["mood"] = {"type": "string", "pattern": "^a$"}
    (folder / f"{VISIT}.json").write_bytes(orjson.dumps(wider))
    git("commit", "-a", "-m", "Add a field")
    return tmp_path


def test_what_is_compared_with_is_main_before_this_checkout(checkout: Path, tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=checkout, check=True, capture_output=True)

    assert compatibility.last_on_main(checkout) == "main"
    git("checkout", "main")
    assert compatibility.last_on_main(checkout) == "HEAD~1"
    git("update-ref", "refs/remotes/origin/main", "other")
    assert compatibility.last_on_main(checkout) == "origin/main"
    git("update-ref", "-d", "refs/remotes/origin/main")
    git("checkout", "before")
    git("branch", "-D", "main")
    assert compatibility.last_on_main(checkout) is None
    assert compatibility.main([], checkout) == 0


def test_the_command_says_that_all_is_well(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compatibility.main([], checkout) == 0
    assert capsys.readouterr().out == "The schemas are compatible with those of main.\n"


def test_the_command_says_what_breaks(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compatibility.main(["--against", "other"], checkout) == 1
    assert f"{VISIT}: /data/mood is gone.\n" in capsys.readouterr().out


def test_where_there_were_no_schemas_nothing_breaks(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compatibility.main(["--against", "before"], checkout) == 0
    assert capsys.readouterr().out == "before has no schemas yet: there is nothing to break.\n"


def test_an_unknown_revision_is_no_success(checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compatibility.main(["--against", "v9"], checkout) == 2
    assert "git does not know the revision v9" in capsys.readouterr().out
    assert compatibility.main(["--since", "v9"], checkout) == 2
