"""The boundary, tried on the real broker and the real database server: what the registry does not name is refused."""

import json
from asyncio import wait_for
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import permutations

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, TopicAuthorizationFailedError
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from chassis.broker import as_aiokafka
from contracts.topics import SERVICES, SYSTEMS, TOPICS, readable_by, writable_by
from tests.component.rights import allowed, connection
from yhdyspinta import provision
from yhdyspinta.cli import app
from yhdyspinta.provision import boundary, broker, clients
from yhdyspinta.provision.boundary import Grant

AREA = ("referral", "tampere-region-bi", "tampere-region-crm")
MUNICIPAL = [name for name in TOPICS if name.startswith("municipal.")]


@asynccontextmanager
async def reading(world, principal, topic, group=None):
    """A consumer of one topic with a principal's account; entering it is being let in."""
    consumer = AIOKafkaConsumer(world.topic(topic), **as_aiokafka(world.client(principal)),
                                group_id=group or f"{principal}.test", auto_offset_reset="earliest")
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def denied_to_read(world, principal, topic):
    with pytest.raises(TopicAuthorizationFailedError):
        async with reading(world, principal, topic) as consumer:  # a writer may see that the topic is there
            await wait_for(consumer.getone(), 10)


async def denied_to_write(world, principal, topic):
    with pytest.raises(TopicAuthorizationFailedError):
        await world.send(principal, topic, b"key", b"{}")


@pytest.mark.parametrize("principal", [*SERVICES, *SYSTEMS])
async def test_the_broker_lets_each_do_what_the_registry_says_and_nothing_else(world, principal):
    said = {}
    for topic in readable_by(principal):
        said.setdefault(topic.name, set()).add("READ")
    for topic in writable_by(principal):
        said.setdefault(topic.name, set()).add("WRITE")
    assert allowed(world, principal) == said


@pytest.mark.parametrize("principal", AREA)
async def test_nobody_of_the_area_reads_what_is_municipal(world, principal):
    for topic in MUNICIPAL:
        if principal not in TOPICS[topic].readers:
            await denied_to_read(world, principal, topic)
    assert not any(principal in TOPICS[topic].readers for topic in MUNICIPAL)


@pytest.mark.parametrize("topic", [name for name in TOPICS if name.startswith("area.")])
async def test_coaching_writes_nothing_of_the_area(world, topic):
    await denied_to_write(world, "coaching", topic)


@pytest.mark.parametrize("principal", [p for p in (*SERVICES, *SYSTEMS) if p not in ("referral", "coaching")])
async def test_only_coaching_reads_contact_details(world, principal):
    await denied_to_read(world, principal, "area.contact-details.v1")


@pytest.mark.parametrize("crm", ["lempaalan-kehitys-crm", "tampere-region-crm", "business-tampere-crm"])
async def test_a_crm_writes_on_its_own_topic_alone(world, crm):
    await world.send(crm, SYSTEMS[crm].writes, b"1234567-1", b"{}")
    others = [system.writes for system in SYSTEMS.values() if system.name != crm]
    for topic in ("shared.visits.v1", "shared.leads.v1", *others):
        await denied_to_write(world, crm, topic)


@pytest.mark.parametrize("party", ["lempaala-party", "vesilahti-party"])
async def test_party_reads_nothing_municipal_but_why_it_was_refused(world, party):
    for topic in MUNICIPAL:
        if topic != "municipal.rejections.v1":
            await denied_to_read(world, party, topic)
    async with reading(world, party, "municipal.rejections.v1"):
        pass


async def test_a_group_of_another_is_closed(world):
    with pytest.raises(GroupAuthorizationFailedError):
        async with reading(world, "reporting", "area.referrals.v1", group="notify.area.referrals.v1") as consumer:
            await consumer.getone()


async def test_a_wrong_password_and_none_are_refused(world):
    right = as_aiokafka(world.client("referral"))
    for wrong in ({"sasl_plain_password": "wrong"}, {"security_protocol": "PLAINTEXT"}):
        consumer = AIOKafkaConsumer(**right | wrong, request_timeout_ms=3000)
        with pytest.raises(KafkaConnectionError):
            await consumer.start()
        await consumer.stop()


async def test_a_service_may_neither_make_topics_nor_grant_rights(world):
    admin = AdminClient({**connection(world, "referral"), "log_level": 0})
    with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
        boundary.apply(admin, world.place.prefix)
    with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
        broker.make_topics(admin, world.place.prefix + "more-")


async def test_each_database_is_closed_to_the_roles_of_all_others(world):
    for closed, other in permutations(SERVICES, 2):
        for role in (other, f"{other}_owner"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
                await world.connect(closed, role=role)


async def test_a_services_role_may_not_change_its_schema(world):
    connection = await world.connect("coaching")
    try:
        for statement in ("create table more (id int)", "create schema more", "create temp table more (id int)",
                          "create role more", "alter database postgres set work_mem = '1MB'"):
            with pytest.raises(asyncpg.PostgresError) as refused:
                await connection.execute(statement)
            assert refused.value.sqlstate == "42501"
    finally:
        await connection.close()


async def test_a_services_role_uses_what_its_owner_makes(world):
    owner, role = await world.connect("leads", role="leads_owner"), await world.connect("leads")
    try:
        await owner.execute("create table made (id int generated always as identity, word text)")
        await role.execute("insert into made (word) values ('a')")
        await role.execute("update made set word = 'b'")
        assert await role.fetchval("select word from made") == "b"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await role.execute("drop table made")
        await owner.execute("drop table made")
    finally:
        await owner.close()
        await role.close()


async def test_the_servers_own_databases_are_closed(world):
    for database in ("postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(**world.settings("referral").database() | {"database": database})


async def test_the_broker_says_what_the_registry_says(world):
    assert boundary.boundary(world.admin, world.place.prefix) == []


TAMPERED = [
    Grant("referral", "READ", "TOPIC", "{prefix}municipal.casework.v1"),
    Grant("referral", "READ", "TOPIC", "{prefix}municipal.", prefixed=True),
    Grant("lempaala-party", "ALL", "TOPIC", "*"),
    Grant("leads", "READ", "GROUP", "*"),
    Grant("coaching", "READ", "TOPIC", "{prefix}area.referrals.v1", permission="DENY"),
    Grant("stranger", "DESCRIBE", "TOPIC", "{prefix}shared.figures.v1"),
]


@pytest.mark.parametrize("tampered", TAMPERED, ids=str)
async def test_a_right_that_somebody_added_is_found_and_set_right(world, tampered):
    grant = Grant(**vars(tampered) | {"name": tampered.name.format(prefix=world.place.prefix)})
    boundary.change(world.admin, [grant], [], world.place.prefix)
    try:
        found = boundary.boundary(world.admin, world.place.prefix)
        assert [(d.kind, d.grant) for d in found] == [("extra", grant)]
        assert str(grant) in found[0].sentence
    finally:
        boundary.apply(world.admin, world.place.prefix)
    assert boundary.boundary(world.admin, world.place.prefix) == []


async def test_on_a_shared_broker_others_keep_what_is_theirs(world):
    broker.make_users(world.admin, {"somebody-else": "a-password-of-theirs"})
    theirs = Grant("somebody-else", "READ", "TOPIC", f"{world.place.prefix}orders")
    reaches_us = Grant("somebody-else", "READ", "TOPIC", f"{world.place.prefix}area.", prefixed=True)
    boundary.change(world.admin, [theirs, reaches_us], [], world.place.prefix)
    try:
        await provision.everything(replace(world.place, shared=True))
        assert "somebody-else" in broker.users(world.admin)
        assert {theirs, reaches_us} <= boundary.found(world.admin, world.place.prefix)
        told = boundary.boundary(world.admin, world.place.prefix, shared=True)
        assert [d.grant for d in told] == [reaches_us]
    finally:
        boundary.apply(world.admin, world.place.prefix)
        broker.drop_user(world.admin, "somebody-else")


def asked(world, monkeypatch, *arguments):
    """The command's answer about this world."""
    for name, value in {"YHDYSPINTA_VAR": str(world.place.folder), "KAFKA_TOPIC_PREFIX": world.place.prefix,
                        "KAFKA_BOOTSTRAP": world.place.kafka["bootstrap.servers"]}.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(app, ["boundary", *arguments])


async def test_the_command_fails_with_a_sentence_when_a_right_is_missing(world, monkeypatch):
    good = asked(world, monkeypatch)
    assert good.exit_code == 0
    assert "The broker says the same" in good.output
    assert "municipal.casework.v1" in good.output
    boundary.withdraw(world.admin, f"{world.place.prefix}shared.figures.v1")
    try:
        bad = asked(world, monkeypatch, "--json")
        assert bad.exit_code == 1
        answer = json.loads(bad.output)
        assert answer["broker"] == "differs"
        assert (f"The registry says: reporting may WRITE topic {world.place.prefix}shared.figures.v1. The broker does "
                "not.") in answer["differences"]
        assert len(answer["topics"]) == len(TOPICS)
    finally:
        boundary.apply(world.admin, world.place.prefix)


async def test_the_command_says_when_the_broker_is_silent(world, monkeypatch):
    asked(world, monkeypatch)
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
    silent = CliRunner().invoke(app, ["boundary"])
    assert silent.exit_code == 2
    assert "Kafka at 127.0.0.1:1 does not answer" in silent.output


async def test_a_reader_account_reads_figures_and_nothing_else(world):
    file = provision.make_reader(world.place, "powerbi")
    try:
        assert file.stat().st_mode & 0o777 == 0o600
        assert boundary.boundary(world.admin, world.place.prefix) == []
        async with reading(world, "reader-powerbi", "shared.figures.v1"):
            pass
        assert allowed(world, "reader-powerbi") == {"shared.figures.v1": {"READ"}}
    finally:
        provision.revoke_reader(world.place, "powerbi")
    assert not file.exists()
    assert "reader-powerbi" not in broker.users(world.admin)


async def test_secrets_are_their_owners_alone(world):
    files = [f for f in (world.place.folder / "secrets").rglob("*") if f.is_file()]
    files += list(world.place.clients.iterdir())
    assert len(files) > 20
    assert {f.stat().st_mode & 0o777 for f in files} == {0o600}
    assert {f.parent.stat().st_mode & 0o777 for f in files} == {0o700}


async def test_setting_up_again_changes_nothing(world):
    before = {f: f.read_text() for f in world.place.clients.iterdir()}
    await provision.everything(world.place)
    assert {f: f.read_text() for f in world.place.clients.iterdir()} == before
    assert boundary.boundary(world.admin, world.place.prefix) == []
    await world.send("lempaala-party", "municipal.from-lempaala-party.v1", b"key", b"{}")


async def test_other_systems_have_quotas_and_our_services_none(world):
    await broker.make_quotas(world.place.kafka)
    assert await broker.quotas(world.place.kafka) == {
        name: system.quota.settings() for name, system in SYSTEMS.items()}


def test_client_files_say_what_java_and_librdkafka_need(world):
    file = world.place.clients / "lempaala-party.properties"
    lines = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert lines.keys() == {"bootstrap.servers", "security.protocol", "sasl.mechanism", "sasl.jaas.config", "group.id"}
    assert lines["group.id"].startswith("lempaala-party.")
    other = clients.read(world.place.clients, "lempaala-party")
    assert lines["sasl.jaas.config"].endswith(
        f' required username="lempaala-party" password="{other["sasl.password"]}";')
    admin = AdminClient({name: value for name, value in other.items() if name not in ("group.id", "partitioner")})
    assert world.topic("municipal.from-lempaala-party.v1") in admin.list_topics(timeout=20).topics
