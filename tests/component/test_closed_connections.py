"""Off loopback nothing is said in the clear: each connection begins with TLS, or is not begun.

127.0.0.2 is this machine too, but not the loopback address that the settings know: what is said there can be heard.
"""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette

from chassis import telemetry
from chassis.broker import Consumers, Subscription
from chassis.clock import system_clock
from chassis.database import Database
from chassis.relay import producer
from chassis.settings import Settings, SettingsError
from chassis.sign_in import Issuer
from services.notify.sender import NotTaken, Sender
from tests.waiting import until
from yhdyspinta.embedded.processes import free_port
from yhdyspinta.serve import build, listening

ELSEWHERE = "127.0.0.2"
TLS_HELLO = 0x16
ASKS_FOR_TLS = bytes.fromhex("0000000804d2162f")


@pytest.fixture
def settings(tmp_path):
    for name in ("kafka-password", "database-password"):
        (tmp_path / name).write_text("secret-of-the-service")
    return Settings("leads", f"postgresql://{ELSEWHERE}:1/leads", f"{ELSEWHERE}:1", tmp_path, tmp_path, demo=True)


@asynccontextmanager
async def heard(answer=b""):
    """A listener elsewhere that says one thing and hears all: its port and what it heard."""
    said = bytearray()

    async def hear(reader, writer):
        writer.write(answer)
        while part := await reader.read(1000):
            said.extend(part)
            if part.endswith(b"\r\n"):
                writer.write(b"250 nothing more\r\n")
            elif part == ASKS_FOR_TLS:
                writer.write(b"N")
        writer.close()

    server = await asyncio.start_server(hear, ELSEWHERE, 0)
    async with server:
        yield server.sockets[0].getsockname()[1], said


async def test_kafka_is_spoken_to_with_tls_by_all_of_its_clients(settings):
    async with heard() as (port, said):
        given = replace(settings, kafka_bootstrap=f"{ELSEWHERE}:{port}")
        writer = producer(given)
        await until(lambda: said, what="the producer's first bytes")
        assert said[0] == TLS_HELLO
        writer.purge()
    async with heard() as (port, said):
        given = replace(settings, kafka_bootstrap=f"{ELSEWHERE}:{port}")
        consumers = Consumers(given, system_clock, SimpleNamespace(settings=given),
                              [Subscription("shared.visits.v1", {})])
        starting = asyncio.create_task(consumers.start())
        await until(lambda: said, what="the consumer's first bytes")
        assert said[0] == TLS_HELLO
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
    assert b"secret" not in said


async def test_several_brokers_are_spoken_to_with_tls_if_one_is_elsewhere(settings):
    for servers in (f"127.0.0.1:1,{ELSEWHERE}:1", f"{ELSEWHERE}:1,127.0.0.1:1", "kafka.invalid:9093"):
        assert replace(settings, kafka_bootstrap=servers).kafka()["security.protocol"] == "SASL_SSL"


async def test_postgres_without_tls_hears_no_password(settings):
    async with heard() as (port, said):
        database = Database(replace(settings, database_url=f"postgresql://{ELSEWHERE}:{port}/leads?sslmode=disable"),
                            system_clock)
        with pytest.raises((OSError, ConnectionError)):
            await database.connect()
        assert bytes(said) == ASKS_FOR_TLS
        await database.close()


async def test_a_mail_server_without_tls_hears_no_mail(settings):
    async with heard(b"220 hello\r\n") as (port, said):
        sender = Sender(replace(settings, smtp_host=ELSEWHERE, smtp_port=port), SimpleNamespace())
        with pytest.raises(NotTaken):
            await sender._connected()
        assert b"MAIL" not in said
        assert b"AUTH" not in said


async def test_an_issuer_elsewhere_is_asked_over_https_alone(settings):
    for address in (f"http://{ELSEWHERE}/issuer", "http://issuer.invalid", "ftp://issuer.invalid"):
        with pytest.raises(SettingsError, match="https"):
            Issuer(replace(settings, issuer=address))
    Issuer(replace(settings, issuer="https://issuer.invalid"))


async def test_pages_elsewhere_are_https_and_are_served_with_a_certificate(settings):
    with pytest.raises(SettingsError, match="PUBLIC_URL"):
        build(replace(settings, public_url="http://yhdyspinta.invalid", demo=False))
    for host in ("0.0.0.0", ELSEWHERE, "::"):  # noqa: S104 - that is what is refused
        with pytest.raises(SettingsError, match="HTTP_CERTIFICATE"):
            async with listening(Starlette(), host, free_port()):
                pass


def test_traces_elsewhere_go_over_https_alone():
    with pytest.raises(SettingsError, match="https"):
        telemetry.check_endpoint(f"http://{ELSEWHERE}:4318/v1/traces")
    telemetry.check_endpoint("https://traces.invalid/v1/traces")
