"""`yhdyspinta check`: a vendor's file, looked at as its receiver would."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chassis.clock import system_clock
from contracts.schema import models
from contracts.topics import SYSTEMS, TOPICS
from tests.contract.examples import example
from yhdyspinta import conformance
from yhdyspinta.cli import app
from yhdyspinta.conformance import LONGEST, Conformance, Mistake, Record

VISIT, CASE = "CompanyVisitPlanned", "CaseOpened"


@pytest.fixture
def check(tmp_path: Path):
    """Checks lines (events, or text as it is)."""

    def run(*lines: Any, words: tuple[str, ...] = (), code: int = 0):
        file = tmp_path / "events.jsonl"
        file.write_bytes(b"".join(
            (line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode()) + b"\n"
            for line in lines))
        done = CliRunner().invoke(app, ["check", str(file), "--json", *words])
        assert done.exit_code == code, done.output
        return json.loads(done.stdout) if code < 2 else done.output

    return run


def changed(name: str, **data: Any) -> dict[str, Any]:
    event = example(name)
    return event | {"data": event["data"] | data}


def test_every_golden_example_of_another_system_would_be_taken_unless_it_is_not_its_own(check):
    lines = [example(model.__name__) for model in models().values()]
    theirs = [line for line in lines if line["source"] in {s.source for s in SYSTEMS.values()}]
    assert len(theirs) > 20
    found = check(*theirs)
    assert (found["events"], found["mistakes"]) == (len(theirs), [])


@pytest.mark.parametrize(("line", "reason", "field"), [
    (b"nonsense", "not-json", None),
    (b"[]", "not-json", None),
    (b'{"source": "/somebody/else"}', "not-the-writer", "/source"),
    (changed(VISIT, purpose="nonsense"), "unknown-code", "/data/purpose"),
    (changed(VISIT, visit_id="2F95F108-DECF-4B77-8411-388737B01E2C"), "invalid", "/data/visit_id"),
    (changed(VISIT, company_name="Aino 041 555 0123 Oy"), "personal-data", "/data/company_name"),
    (changed(VISIT, business_id="7654321-4"), "wrong-key", "/data/business_id"),
    (changed(VISIT, organisation="business-tampere"), "not-yours", "/data/organisation"),
    (changed(CASE, provider="vesilahti"), "not-yours", "/data/provider"),
    (changed(CASE, note="x"), "unknown-field", "/data"),
    (changed("FeedbackSubmitted", municipality="vesilahti"), "not-yours", None),
    (example(VISIT) | {"time": "2999-03-02T09:15:00+02:00"}, "time-ahead", "/time"),
    (example("LeadRouted") | {"source": "/lempaalan-kehitys/crm"}, "unknown-type", "/type"),
    (b'{"specversion": "' + b"x" * LONGEST + b'"}', "too-large", None),
], ids=lambda value: value if isinstance(value, str) else None)
def test_a_mistake_is_told_with_line_field_and_sentence(check, line, reason, field):
    found = check(example(VISIT), b"", line, code=1)
    [mistake] = found["mistakes"]
    assert (mistake["line"], mistake["reason"]) == (3, reason)
    assert field is None or mistake["field"] == field
    assert mistake["sentence_en"].endswith(".")
    assert mistake["sentence_fi"].endswith(".")
    assert (found["events"], found["mistaken"]) == (2, 1)


def test_a_whole_record_is_checked_in_binary_mode_and_with_its_key(check):
    event = example(VISIT)
    headers = {f"ce_{name}": value for name, value in event.items() if name != "data"}
    record = {"key": event["subject"], "headers": headers, "value": event["data"]}
    assert check(record)["topics"] == {"shared.from-lempaalan-kehitys-crm.v1": 1}
    wrong = check({**record, "key": "another"}, code=1)
    assert wrong["mistakes"][0]["reason"] == "wrong-key"


def test_a_repeat_is_counted_and_another_content_under_its_id_is_a_mistake(check):
    event = example(VISIT)
    found = check(event, event, event | {"data": event["data"] | {"on": "2026-03-13"}}, code=1)
    assert found["repeats"] == 1
    assert [(m["line"], m["reason"]) for m in found["mistakes"]] == [(3, "id-reused")]


@pytest.mark.parametrize("length", [LONGEST + 1, 3 * LONGEST + 7])
def test_a_line_that_is_too_long_is_refused_with_its_number_and_the_next_are_looked_at(check, length):
    """Lengths about the end of what is read at once: neither the line's rest nor the next is taken for a line."""
    for size in (length - 1, length, length + 1):
        found = check(example(VISIT), b"x" * size, changed(VISIT, purpose="nonsense"), code=1)
        assert [(m["line"], m["reason"]) for m in found["mistakes"]] == [(2, "too-large"), (3, "unknown-code")]
        assert found["events"] == 3
    assert "65,536 bytes" in found["mistakes"][0]["sentence_en"]


def test_a_file_from_windows_is_read_and_one_without_a_last_line_end(tmp_path: Path):
    file = tmp_path / "events.jsonl"
    first, last = (json.dumps(example(name)).encode() for name in (VISIT, CASE))
    file.write_bytes(b"\xef\xbb\xbf" + first + b"\r\n\r\n" + last)
    told = json.loads(CliRunner().invoke(app, ["check", str(file), "--json"]).stdout)
    assert (told["events"], told["mistakes"]) == (2, [])
    records = Conformance(None, system_clock()).look_at(file)
    assert [record.value for record in records if isinstance(record, Record)] == [first, last]


def test_a_line_without_end_is_not_held(tmp_path: Path):
    """What Python asks for while a line of 64 MB goes by."""
    file = tmp_path / "events.jsonl"
    with file.open("wb") as written:
        for _ in range(64):
            written.write(b"x" * 1_000_000)
    looking = Conformance(None, system_clock())
    tracemalloc.start()
    try:
        [mistake] = looking.look_at(file)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(mistake, Mistake)
    assert mistake.reason == "too-large"
    assert most < 4 * LONGEST


def test_ids_that_memory_does_not_hold_are_known_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conformance, "IDS_HELD", 4_096)
    file, event = tmp_path / "events.jsonl", example(VISIT)
    ids = [f"2f95f108-decf-4b77-8411-38873{number:07}" for number in range(2_000)]
    lines = [json.dumps(event | {"id": each}) for each in (*ids, *ids)]
    file.write_text("\n".join([*lines, json.dumps(changed(VISIT, on="2026-03-13") | {"id": ids[7]})]))
    looking = Conformance(None, system_clock())
    wrong = [one for one in looking.look_at(file) if isinstance(one, Mistake)]
    assert [(one.line, one.reason) for one in wrong] == [(4_001, "id-reused")]
    assert looking.repeats == 2_000


def test_the_topic_may_be_named_by_system_or_by_name(check):
    assert check(example(VISIT), words=("--as", "lempaalan-kehitys-crm"))["mistaken"] == 0
    assert check(example(VISIT), words=("--topic", "shared.visits.v1"))["mistaken"] == 0
    assert check(example(VISIT), words=("--as", "lempaala-party"), code=1)["mistakes"][0]["reason"] == "not-the-writer"
    assert "There is no system nobody" in check(example(VISIT), words=("--as", "nobody"), code=2)
    assert "There is no topic x" in check(example(VISIT), words=("--topic", "x"), code=2)
    assert "not both" in check(example(VISIT), words=("--topic", "x", "--as", "y"), code=2)


def test_in_words(tmp_path: Path):
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(changed(VISIT, purpose="nonsense")) + "\n")
    said = CliRunner().invoke(app, ["check", str(file)])
    assert said.exit_code == 1
    assert f"{file}:1 /data/purpose unknown-code: purpose: No plan in force knows the code." in said.output
    assert "1 of 1 events would be refused." in said.output
    file.write_text("\n \n")
    assert "There is no event in" in CliRunner().invoke(app, ["check", str(file)]).output
    gone = CliRunner().invoke(app, ["check", str(tmp_path / "nothing")])
    assert (gone.exit_code, "can't be read" in gone.output) == (2, True)


def test_the_codes_are_those_of_the_plan():
    told = json.loads(CliRunner().invoke(app, ["topics", "--codes"]).stdout)
    assert "recruiting" in told["lists"][told["events"]["CompanyVisitPlanned.v1"]["/data/purpose"]]
    listed = json.loads(CliRunner().invoke(app, ["topics", "--json"]).stdout)
    assert [row["topic"] for row in listed] == list(TOPICS)
