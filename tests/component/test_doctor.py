"""`yhdyspinta doctor` on a real broker and database: what is broken is named, with what to do, and nothing else."""

import shutil
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time
from typing import Any

import orjson
import pytest
from confluent_kafka import KafkaError, Producer

from chassis.clock import system_clock
from chassis.database import Database
from chassis.letters import Letters
from chassis.policy import Principal
from chassis.settings import Settings
from contracts.fields import new_id
from contracts.topics import SERVICES
from tests.component.outsider import Outsider
from tests.stack import World
from tests.waiting import until
from yhdyspinta import doctor, provision
from yhdyspinta.demo.mail_catcher import MailCatcher
from yhdyspinta.doctor import State
from yhdyspinta.doctor import kafka as kafka_doctor
from yhdyspinta.doctor import service as service_doctor
from yhdyspinta.doctor.kafka import COMMITS
from yhdyspinta.embedded.processes import free_port
from yhdyspinta.provision import boundary
from yhdyspinta.serve import compose, listening

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


class Asked:
    """The doctor in a world whose pages are at `port`."""

    def __init__(self, world: World, port: int, smtp: int) -> None:
        self.world, self.more = world, {"public_url": f"http://127.0.0.1:{port}", "smtp_port": smtp}

    def settings(self, service: str, **more: Any) -> Settings:
        return self.world.settings(service, **self.more, **more)

    async def wrong(self, *services: str, place: provision.Place | None = None, now: datetime = NOW,
                    state: State = State.WRONG, **more: Any) -> list[tuple[str, str, str]]:
        """What is wrong with services (all of them when none is named): area, what, and the words for it."""
        found = await doctor.examine(place or self.world.place, lambda name: self.settings(name, **more),
                                     services or list(SERVICES), now)
        assert all(finding.says.endswith((".", ")")) or ":" in finding.says for finding in found)
        assert all(finding.do for finding in found if finding.state != State.GOOD)
        return [(f.area, f.about, f"{f.says} → {f.do}") for f in found if f.state == state]


@asynccontextmanager
async def living(world: World, *services: str) -> AsyncIterator[Asked]:
    """Services that run and answer, and a mail server."""
    port, mails = free_port(), MailCatcher(free_port())
    await mails.start()
    try:
        async with (
            world.running(*services, public_url=f"http://127.0.0.1:{port}", smtp_port=mails.port) as running,
            listening(compose(list(running.services.values())), "127.0.0.1", port),
        ):
            yield Asked(world, port, mails.port)
    finally:
        await mails.stop()


@pytest.fixture(scope="module")
async def asked(world: World) -> AsyncIterator[Asked]:
    """Leads, notify, coaching and reporting as they should be."""
    async with living(world, "leads", "notify", "coaching", "reporting") as made:
        yield made


def copied(asked: Asked, service: str, folder: Path, **changes: str) -> Path:
    """A copy of a service's secrets with some of them changed."""
    place = folder / "secrets"
    shutil.copytree(asked.world.place.secrets(service), place)
    for name, content in changes.items():
        (place / name.replace("_", "-")).write_text(content)
    return place


async def test_nothing_is_wrong_where_nothing_is(asked: Asked):
    async def nothing() -> bool:
        return not await asked.wrong("leads", "notify", "coaching", "reporting")

    await until(nothing, 30, what="services that have begun")
    found = await doctor.examine(asked.world.place, asked.settings, ["coaching", "reporting"], NOW)
    assert {"plan", "secrets", "disk", "kafka", "account", "topics", "access", "clock", "database", "outbox", "keys",
            "service", "dead letters", "fold"} <= {finding.area for finding in found}


async def test_accounts_of_other_systems_are_tried_where_all_is_looked_at(asked: Asked):
    found = await doctor.examine(asked.world.place, asked.settings, list(SERVICES), NOW)
    assert {f.about for f in found if f.area == "account" and f.state == State.GOOD} >= {"lempaala-party", "reporting"}


@pytest.mark.parametrize(("name", "area", "words"), [
    ("kafka_password", "account", "refuses coaching's password. → Make the account anew"),
    ("database_password", "database", "refuses the password in the secret file database-password"),
])
async def test_a_wrong_password_is_told_from_a_server_that_is_away(asked: Asked, tmp_path, name, area, words):
    wrong = await asked.wrong("coaching", secrets=copied(asked, "coaching", tmp_path, **{name: "wrong"}))
    assert [(a, b) for a, b, _ in wrong] == [(area, "coaching")]
    assert words in wrong[0][2]


async def test_a_broker_that_is_away_is_one_line(asked: Asked):
    place = replace(asked.world.place, kafka={**asked.world.place.kafka, "bootstrap.servers": "127.0.0.1:1"})
    wrong = await asked.wrong("leads", place=place)
    assert [(a, b) for a, b, _ in wrong] == [("kafka", "broker")]
    assert "Kafka at 127.0.0.1:1 does not answer" in wrong[0][2]


async def test_a_database_that_is_away_or_not_migrated(asked: Asked):
    [(area, _, words)] = await asked.wrong("leads", database_url="postgresql://127.0.0.1:1/leads")
    assert area == "database"
    assert "The database at 127.0.0.1:1 does not answer" in words
    owner = await asked.world.connect("leads", "leads_owner")
    version = await owner.fetchval("select version_num from alembic_version")
    await owner.execute("update alembic_version set version_num = '0000'")
    try:
        [(area, _, words)] = await asked.wrong("leads")
        assert area == "database"
        assert "The schema is at 0000" in words
        assert "Run `yhdyspinta migrate leads`." in words
    finally:
        await owner.execute("update alembic_version set version_num = $1", version)
        await owner.close()


async def test_secrets_that_others_can_read_or_that_are_not_there(asked: Asked, tmp_path):
    folder = copied(asked, "leads", tmp_path)
    (folder / "kafka-password").chmod(0o644)
    assert "Others can read kafka-password" in (await asked.wrong("leads", secrets=folder))[0][2]
    (folder / "kafka-password").unlink()
    wrong = await asked.wrong("leads", secrets=folder)
    assert {a for a, _, _ in wrong} == {"secrets", "account"}
    assert {a for a, _, _ in await asked.wrong("leads", secrets=tmp_path / "nothing")} == {
        "secrets", "account", "database"}


@pytest.mark.parametrize(("fate", "words"), [
    ("open", "is open to others"), ("another's", "belongs to the database"), ("away", "is not there"),
    ("broken off", "keys rotate coaching"), ("beside", "must not lie in the key folder"),
])
async def test_a_key_store_that_is_not_fit(asked: Asked, tmp_path, fate, words):
    keys, secrets = tmp_path / "keys", copied(asked, "coaching", tmp_path)
    shutil.copytree(asked.settings("coaching").keys, keys)
    keys.chmod(0o755 if fate == "open" else 0o700)
    if fate == "another's":
        (keys / "database-id").write_text("2f95f108-decf-4b77-8411-388737b01e2c")
    if fate == "away":
        shutil.rmtree(keys)
    if fate == "broken off":
        shutil.copy(secrets / "key-encryption.key", secrets / "key-encryption.key.next")
    if fate == "beside":
        keys = tmp_path
    [(area, about, said)] = await asked.wrong("coaching", keys=keys, secrets=secrets)
    assert (area, about, words in said) == ("keys", "coaching", True)


async def test_a_boundary_that_somebody_changed(asked: Asked):
    boundary.withdraw(asked.world.admin, f"{asked.world.place.prefix}shared.figures.v1")
    try:
        [(area, _, words)] = await asked.wrong("leads")
        assert area == "access"
        assert "reporting may WRITE topic" in words
        assert "yhdyspinta provision" in words
    finally:
        boundary.apply(asked.world.admin, asked.world.place.prefix)


async def test_topics_that_are_not_there(asked: Asked):
    found = await asked.wrong("leads", place=replace(asked.world.place, prefix="nothing-"))
    assert ("topics", "registry") in [(a, b) for a, b, _ in found]


async def test_clocks_that_are_an_hour_apart(asked: Asked, monkeypatch):
    for module in (service_doctor, kafka_doctor):
        monkeypatch.setattr(module, "system_clock", lambda: system_clock() - timedelta(hours=1))
    wrong = await asked.wrong("leads")
    assert {(a, b) for a, b, _ in wrong} == {("clock", "Kafka"), ("clock", "leads's database")}
    assert all("ahead of this machine's" in words and "NTP" in words for _, _, words in wrong)


async def test_a_clock_that_was_set_right_is_not_said_to_be_wrong(asked: Asked):
    """What the broker wrote while its clock was ahead, and what it wrote just now: a mark that no group has."""
    key = struct.pack(">h", 1) + b"".join(struct.pack(">h", len(t)) + t for t in (b"nobody", b"nothing")) + bytes(4)
    writer = Producer({**asked.world.place.kafka, "client.id": "__admin_client"})
    failed: list[KafkaError | None] = []
    partitions = asked.world.admin.list_topics(COMMITS, timeout=10).topics[COMMITS].partitions
    for partition in partitions:
        writer.produce(COMMITS, None, key, partition, timestamp=int((time() + 3_000) * 1000),
                       on_delivery=lambda error, _: failed.append(error))
    writer.flush(10)
    assert failed == [None] * len(partitions)
    found = await doctor.examine(asked.world.place, asked.settings, ["leads"], NOW)
    assert {f.about: f.state for f in found if f.area == "clock"} == {
        "Kafka": State.GOOD, "leads's database": State.GOOD}


async def test_a_letter_that_was_handled_again_is_attended_to_no_more(asked: Asked):
    crm = Outsider(asked.world, "lempaalan-kehitys-crm", "leads")
    event = crm.event("CompanyVisitPlanned", "business_id", {"visit_id": new_id(), "municipality": "lempala"})
    await crm.send(event)
    await crm.rejected(event["id"])
    database = Database(asked.settings("leads"), asked.world.clock)
    letters, by = Letters(database), Principal("system", "operator-shell", "", "lempaalan-kehitys")
    try:
        [(area, _, words)] = await asked.wrong("leads", state=State.ATTEND)
        assert area == "dead letters"
        assert "1 dead letters are not handled. → See why with `yhdyspinta dead-letters list --service leads`" in words
        [first] = (await letters.page()).letters

        await letters.replay(first.number, by)  # as it was: it is refused again, and the new letter stands for it
        again = await until(lambda: became(letters, first.number), 20, what="the letter that came of it")
        [(_, _, words)] = await asked.wrong("leads", state=State.ATTEND)
        assert "1 dead letters are not handled" in words

        mended = event | {"data": event["data"] | {"municipality": "lempaala"}}
        await letters.replay(again, by, orjson.dumps(mended).decode())
        await crm.taken("shared.visits.v1", event["id"])

        async def nothing() -> bool:
            return not await asked.wrong("leads", state=State.ATTEND)

        await until(nothing, 20, what="nothing to attend to")
    finally:
        await database.close()


async def became(letters: Letters, number: int) -> int | None:
    replay = (await letters.one(number)).replay
    return replay.again if replay else None


async def test_a_plan_that_is_over_or_soon_will_be(asked: Asked):
    assert [a for a, _, _ in await asked.wrong("leads", now=datetime(2027, 5, 4, tzinfo=UTC))] == ["plan"]
    soon = await asked.wrong("leads", now=datetime(2026, 12, 20, tzinfo=UTC), state=State.ATTEND)
    assert [a for a, _, _ in soon] == ["plan"]


async def test_a_full_disk(asked: Asked, monkeypatch):
    usage = shutil.disk_usage(asked.world.place.folder)
    monkeypatch.setattr("yhdyspinta.doctor.here.shutil.disk_usage", lambda _: usage._replace(free=1_000_000))
    wrong = await asked.wrong("leads")
    assert {a for a, _, _ in wrong} == {"disk"}
    assert "has 1 MB left" in wrong[0][2]


async def test_mail_and_pages_that_do_not_answer(asked: Asked):
    other = Asked(asked.world, free_port(), free_port())
    wrong = await other.wrong("notify")
    assert {(a, b) for a, b, _ in wrong} == {("mail", "notify"), ("service", "notify")}


async def test_a_service_that_has_ended_leaves_its_outbox_its_lag_and_its_letters(world: World):
    intake = "municipal.from-lempaala-feedback.v1"
    async with living(world, "feedback") as asked:
        await world.send("lempaala-feedback", intake, b"key", b"nonsense")

        async def attended() -> bool:
            return bool(await asked.wrong("feedback", state=State.ATTEND))

        await until(attended, 30, what="the dead letter")
        letters = await asked.wrong("feedback", state=State.ATTEND)
        assert [(a, b) for a, b, _ in letters] == [("dead letters", "feedback")]
    await world.send("lempaala-feedback", intake, b"key", b"more nonsense")
    service = await world.connect("feedback")
    await service.execute("insert into outbox (topic, key, value, created_at) values "
                          "('municipal.feedback.v1', 'k', 'v', now() - interval '2 hours')")
    await service.close()
    wrong = {area: words for area, _, words in await asked.wrong("feedback")}
    assert wrong.keys() == {"outbox", "lag", "service"}
    assert "the oldest for 120 min" in wrong["outbox"]
    assert f"1 records wait, and nobody reads {world.topic(intake)}" in wrong["lag"]
