"""`yhdyspinta publish` and `tail` with the accounts of other systems, on the real broker."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource
from typer.testing import CliRunner

from contracts.fields import new_id
from tests.contract.examples import binary, example
from tests.stack import IN_CONTAINERS, World
from yhdyspinta.cli import app
from yhdyspinta.commands import publish as publishing
from yhdyspinta.reach import reach

CRM, TOPIC = "lempaalan-kehitys-crm", "shared.from-lempaalan-kehitys-crm.v1"


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch):
    """A command in this world."""
    for name, value in {"YHDYSPINTA_VAR": str(world.place.folder), "KAFKA_TOPIC_PREFIX": world.place.prefix,
                        "KAFKA_BOOTSTRAP": world.place.kafka["bootstrap.servers"]}.items():
        monkeypatch.setenv(name, value)

    def invoke(*words: str, code: int = 0):
        done = CliRunner().invoke(app, list(words))
        assert done.exit_code == code, done.output
        return done

    return invoke


def visits(file: Path, count: int) -> list[dict[str, Any]]:
    """A file of so many visits, each of its own."""
    events = [example("CompanyVisitPlanned") | {"id": new_id()} for _ in range(count)]
    for event in events:
        event["data"] |= {"visit_id": new_id()}
    file.write_bytes(b"\n".join(map(orjson.dumps, events)))
    return events


async def test_a_file_is_sent_in_order_with_its_systems_account(world, run, tmp_path):
    events = visits(tmp_path / "visits.jsonl", 1200)
    before = len(await world.records(TOPIC))
    done = run("publish", str(tmp_path / "visits.jsonl"), "--as", CRM, "--json")
    told = json.loads(done.stdout)
    assert (told["events"], told["sent"], told["problem"]) == (1200, 1200, None)
    records = (await world.records(TOPIC))[before:]
    assert [orjson.loads(r.value)["id"] for r in records] == [e["id"] for e in events]
    assert {r.key for r in records} == {b"1234567-1"}
    [(first, last)] = told["partitions"].values()
    assert last - first == 1199


async def test_nothing_is_sent_where_a_line_is_wrong_or_when_it_is_only_tried(world, run, tmp_path):
    file = tmp_path / "visits.jsonl"
    events = visits(file, 3)
    before = len(await world.records(TOPIC))
    assert "All 3 events are as their receiver wants them" in run("publish", str(file), "--as", CRM, "--dry-run").output
    events[2]["data"]["purpose"] = "nonsense"
    file.write_bytes(b"\n".join(map(orjson.dumps, events)))
    wrong = run("publish", str(file), "--as", CRM, code=1)
    assert f"{file}:3 /data/purpose unknown-code" in wrong.output
    assert "Nothing was sent." in wrong.output
    assert len(await world.records(TOPIC)) == before


async def test_what_tail_prints_can_be_sent_again_in_binary_mode_too(world, run, tmp_path):
    event = example("CompanyVisitPlanned") | {"id": new_id()}
    await world.send(CRM, TOPIC, *binary(event))
    lines = run("tail", TOPIC, "--as", "leads", "--from-start", "--until-now", "--json").stdout.splitlines()
    [line] = [line for line in lines if event["id"] in line]
    assert json.loads(line).keys() == {"topic", "partition", "offset", "at", "key", "headers", "value"}
    (tmp_path / "again.jsonl").write_text(line)
    run("publish", str(tmp_path / "again.jsonl"), "--as", CRM)
    twice = [r for r in await world.records(TOPIC) if event["id"].encode() in b"".join(v or b"" for _, v in r.headers)]
    assert [(r.key, r.value, r.headers) for r in twice[:1]] == [(r.key, r.value, r.headers) for r in twice[1:]]


async def test_tail_shows_what_an_account_may_read_and_says_what_it_may(world, run):
    await world.send("leads", "shared.visits.v1", b"1234567-1", orjson.dumps(example("CompanyVisitPlanned")))
    shown = run("tail", "shared.visits.v1", "--as", CRM, "--from-start", "--until-now").output
    assert "1234567-1 CompanyVisitPlanned.v1 {" in shown
    assert run("tail", "shared.visits.v1", "--as", CRM, "--until-now").output == ""
    closed = run("tail", "municipal.casework.v1", "--as", CRM, "--until-now", code=1).output
    assert f"{CRM} may not read municipal.casework.v1. It reads shared.visits.v1" in closed
    assert "There is no topic x." in run("tail", "x", code=2).output
    assert "There is no client file of reader-nobody" in run("tail", "shared.figures.v1", "--as", "reader-nobody",
                                                             code=2).output


async def test_a_broker_that_is_silent_or_refuses_the_password_is_said(world, run, tmp_path, monkeypatch):
    file = tmp_path / "visits.jsonl"
    visits(file, 1)
    good = publishing.connection
    for change, words in (({"bootstrap.servers": "127.0.0.1:1"}, "Kafka at 127.0.0.1:1 does not answer."),
                          ({"sasl.password": "wrong"}, f"refuses {CRM}'s password.")):
        monkeypatch.setattr(publishing, "connection", lambda *who, change=change: good(*who) | change)
        said = run("publish", str(file), "--as", CRM, code=2).output
        assert words in said
        assert "Nothing was sent." in said


async def test_a_topic_that_is_closed_to_the_account_is_said(world, run, tmp_path, monkeypatch):
    file = tmp_path / "visits.jsonl"
    visits(file, 1)
    other = publishing.connection
    monkeypatch.setattr(publishing, "connection", lambda place, _: other(place, "tampere-region-crm"))
    said = run("publish", str(file), "--as", CRM, code=2).output
    assert "tampere-region-crm may not see" in said


async def sent(world: World, events: list[dict[str, Any]]) -> int:
    """How many of the events lie on the topic."""
    lying = {orjson.loads(r.value)["id"] for r in await world.records(TOPIC) if r.value and b"specversion" in r.value}
    return len(lying & {event["id"] for event in events})


async def test_what_the_broker_refuses_breaks_it_off_and_it_may_be_called_again(world, run, tmp_path):
    """A topic that somebody has set to take records of 100 bytes alone."""
    file = tmp_path / "visits.jsonl"
    events = visits(file, 3)
    limits(world, "100")
    try:
        told = run("publish", str(file), "--as", CRM, "--json", code=3)
    finally:
        limits(world, None)
    assert json.loads(told.stdout)["sent"] == 0
    assert "MSG_SIZE_TOO_LARGE" in json.loads(told.stdout)["problem"]
    assert "0 of 3 events are on the broker. Call it again" in told.stderr
    assert await sent(world, events) == 0
    assert "3 events are on" in run("publish", str(file), "--as", CRM).output
    assert await sent(world, events) == 3


def limits(world: World, most: str | None) -> None:
    """Sets, or takes back, how large a record the topic takes."""
    change = ConfigEntry("max.message.bytes", most, incremental_operation=AlterConfigOpType.SET if most else
                         AlterConfigOpType.DELETE)
    topic = ConfigResource(ConfigResource.Type.TOPIC, world.topic(TOPIC), incremental_configs=[change])
    for done in world.admin.incremental_alter_configs([topic]).values():
        done.result()


@pytest.mark.skipif(IN_CONTAINERS, reason="stops a process of this machine")
async def test_a_broker_that_falls_silent_breaks_it_off(world, run, tmp_path, monkeypatch):
    file = tmp_path / "visits.jsonl"
    visits(file, 3)
    broker = json.loads((world.place.folder / "kafka" / "kafka.pid").read_text())["pid"]

    def reached(*arguments: Any, **more: Any) -> Any:
        answer = reach(*arguments, **more)
        os.kill(broker, signal.SIGSTOP)
        os.waitid(os.P_PID, broker, os.WSTOPPED | os.WNOWAIT)  # its threads go on until one has seen the signal
        return answer

    monkeypatch.setattr(publishing, "SECONDS", 2.0)
    monkeypatch.setattr(publishing, "reach", reached)
    try:
        said = run("publish", str(file), "--as", CRM, code=3).output
    finally:
        os.kill(broker, signal.SIGCONT)
    assert "The broker took nothing for 2 s. 0 of 3 events are on the broker. Call it again" in said


@pytest.mark.parametrize(("fate", "words", "count"), [
    ("a mistake", "line 2 is not as it was checked. 1 of 3 events", 1),
    ("shorter", "2 events are in it, 3 were checked. 2 of 3 events", 2),
    ("gone", "it can't be read any more (No such file or directory). 0 of 3 events", 0),
])
async def test_a_file_that_is_changed_while_it_is_sent(world, run, tmp_path, monkeypatch, fate, words, count):
    file = tmp_path / "visits.jsonl"
    events = visits(file, 3)
    connection = publishing.connection

    def meanwhile(*arguments: Any) -> Any:
        """The command asks for this when it has checked the file and has sent nothing."""
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join([lines[0], b"nonsense\n", lines[2]] if fate == "a mistake" else lines[:2]))
        if fate == "gone":
            file.unlink()
        return connection(*arguments)

    monkeypatch.setattr(publishing, "connection", meanwhile)
    said = run("publish", str(file), "--as", CRM, code=3)
    assert f"{file} was changed meanwhile: {words} are on the broker. Call it again" in said.stderr
    assert await sent(world, events) == count
