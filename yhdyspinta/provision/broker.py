"""Topics, users and quotas on the broker, from the registry; each call may be repeated."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any, ClassVar

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import DescribeClientQuotasRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from contracts.registry import Quota
from contracts.topics import SYSTEMS, TOPICS
from yhdyspinta.provision.boundary import TIMEOUT, principals
from yhdyspinta.provision.settled import settled

ITERATIONS = 4096
ANY_NAME = 2
"""Match type of DescribeClientQuotas: every name of the kind."""


def make_topics(admin: AdminClient, prefix: str = "", replication: int = 1,
                settings: Mapping[str, str] | None = None) -> None:
    """Every topic of the registry, with its partitions and configuration; `settings` are said on top (tests)."""
    there = admin.list_topics(timeout=TIMEOUT).topics
    more = dict(settings or {})
    new = [NewTopic(prefix + t.name, t.partitions, replication, config=t.config() | more)
           for t in TOPICS.values() if prefix + t.name not in there]
    if new:
        for done in admin.create_topics(new, request_timeout=TIMEOUT).values():
            done.result()
    known = [t for t in TOPICS.values() if prefix + t.name in there]
    grown = [NewPartitions(prefix + t.name, t.partitions) for t in known
             if len(there[prefix + t.name].partitions) < t.partitions]
    if grown:
        for done in admin.create_partitions(grown, request_timeout=TIMEOUT).values():
            done.result()
    if new or grown:
        settled(lambda: _all_there(admin, prefix), "its topics")
    if known:
        _configure(admin, {prefix + t.name: t.config() | more for t in known})


def _all_there(admin: AdminClient, prefix: str) -> bool:
    there = admin.list_topics(timeout=TIMEOUT).topics
    return all(prefix + t.name in there and len(there[prefix + t.name].partitions) >= t.partitions
               for t in TOPICS.values())


def _configure(admin: AdminClient, wanted: Mapping[str, Mapping[str, str]]) -> None:
    """Sets what differs."""
    resources = {name: ConfigResource(ConfigResource.Type.TOPIC, name) for name in wanted}
    found = admin.describe_configs(list(resources.values()), request_timeout=TIMEOUT)
    changes = []
    for name, config in wanted.items():
        there = found[resources[name]].result()
        entries = [ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
                   for key, value in config.items() if there[key].value != value]
        if entries:
            changes.append(ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=entries))
    if changes:
        for done in admin.incremental_alter_configs(changes, request_timeout=TIMEOUT).values():
            done.result()


def drop_topics(admin: AdminClient, prefix: str) -> None:
    """Deletes every topic of a prefix."""
    names = [name for name in admin.list_topics(timeout=TIMEOUT).topics if prefix and name.startswith(prefix)]
    if names:
        for done in admin.delete_topics(names, request_timeout=TIMEOUT).values():
            done.result()


def make_users(admin: AdminClient, passwords: Mapping[str, str]) -> None:
    """Makes users, or sets their passwords anew."""
    changes: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(
            name, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS), password.encode())
        for name, password in passwords.items()
    ]
    for done in admin.alter_user_scram_credentials(changes, request_timeout=TIMEOUT).values():
        done.result()
    settled(lambda: users(admin) >= passwords.keys(), "its users")


def users(admin: AdminClient) -> frozenset[str]:
    """Names of all users that the broker knows."""
    everyone: Any = admin.describe_user_scram_credentials  # the library's stubs demand names
    return frozenset(everyone(request_timeout=TIMEOUT).result())


def drop_user(admin: AdminClient, name: str) -> None:
    """Deletes a user; a connection that is open stays so until it ends."""
    for done in admin.alter_user_scram_credentials(
            [UserScramCredentialDeletion(name, ScramMechanism.SCRAM_SHA_512)], request_timeout=TIMEOUT).values():
        try:
            done.result()
        except KafkaException as fault:
            if fault.args[0].code() != KafkaError.RESOURCE_NOT_FOUND:  # type: ignore[union-attr]
                raise


class _AlterClientQuotasResponse(Response):  # type: ignore[misc]
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("error_code", Int16), ("error_message", String("utf-8")),
                          ("entity", Array(("entity_type", String("utf-8")), ("entity_name", String("utf-8")))))),
    )


class _AlterClientQuotasStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _AlterClientQuotasResponse
    SCHEMA = Schema(
        ("entries", Array(
            ("entity", Array(("entity_type", String("utf-8")), ("entity_name", String("utf-8")))),
            ("ops", Array(("key", String("utf-8")), ("value", Float64), ("remove", Boolean))))),
        ("validate_only", Boolean),
    )


class _AlterClientQuotas(Request[_AlterClientQuotasStruct]):  # type: ignore[misc]
    """Kafka's AlterClientQuotas, which neither client library has."""

    API_KEY: ClassVar[int] = 49

    def __init__(self, quotas: Mapping[str, Quota]) -> None:
        self._entries = [
            ([("user", name)], [(key, value, False) for key, value in quota.settings().items()])
            for name, quota in quotas.items()
        ]

    def build(self, request_struct_class: type[_AlterClientQuotasStruct]) -> _AlterClientQuotasStruct:
        return request_struct_class(self._entries, False)


async def make_quotas(admin: Mapping[str, str]) -> None:
    """Limits of what other systems may send and read; `admin` are the administrator's connection settings."""
    answer = await _ask(admin, _AlterClientQuotas({system.name: system.quota for system in SYSTEMS.values()}))
    for code, message, *_ in answer.entries:
        if code:
            raise RuntimeError(f"The broker set no quotas: {message or code}")


async def quotas(admin: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """The broker's limits by principal."""
    answer = await _ask(admin, DescribeClientQuotasRequest([("user", ANY_NAME, None)], True))
    return {entity[0][1]: dict(values) for entity, values in answer.entries}


async def _ask(admin: Mapping[str, str], request: Any) -> Any:
    """One request of the administrator that the client libraries have no call for."""
    client = AIOKafkaClient(
        bootstrap_servers=admin["bootstrap.servers"], security_protocol=admin["security.protocol"],
        sasl_mechanism=admin["sasl.mechanism"], sasl_plain_username=admin["sasl.username"],
        sasl_plain_password=admin["sasl.password"], ssl_context=tls(admin))
    await client.bootstrap()
    try:
        return await asyncio.wait_for(client.send(client.get_random_node(), request), TIMEOUT)
    finally:
        await client.close()


def tls(admin: Mapping[str, str]) -> ssl.SSLContext | None:
    """How a Python client checks the broker's certificate; None on the loopback address."""
    if admin["security.protocol"] != "SASL_SSL":
        return None
    return ssl.create_default_context(cafile=admin.get("ssl.ca.location"))


def strangers(admin: AdminClient) -> frozenset[str]:
    """Users that neither the registry nor the broker's own set-up names."""
    return users(admin) - {*principals(), "admin"}
