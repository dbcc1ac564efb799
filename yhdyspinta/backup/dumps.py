"""Backup of servers of your own: each service's database by `pg_dump`, and groups set back when it is restored."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, TopicPartition

from chassis.settings import LOOPBACK
from contracts.topics import SERVICES, TOPICS
from yhdyspinta.backup import BackupError, Draft, Manifest, Say, opened
from yhdyspinta.embedded import EmbeddedError
from yhdyspinta.embedded.postgres import programs
from yhdyspinta.provision import Place, databases

KIND = "dumps"
EARLIER = timedelta(minutes=10)
"""Groups are set back so much further: a transaction may have been open when the dump began. Repeats have no effect."""
TIMEOUT = 20.0


def back_up(place: Place, to: Path, now: datetime, say: Say, services: Iterable[str] = tuple(SERVICES)) -> Manifest:
    """Dumps the databases into `to` while all goes on, each as of one moment. Raises `BackupError`."""
    draft = Draft(to)
    try:
        for service in services:
            say(f"{service} …")
            _run(place, service, "pg_dump", "--format=custom", f"--file={draft.folder / f'{service}.dump'}")
    except BackupError:
        shutil.rmtree(draft.folder, ignore_errors=True)
        raise
    return draft.finish(KIND, now)


def restore(place: Place, backup: Path, say: Say) -> Manifest:
    """Puts the dumps in the place of what the databases have, and sets the groups back. Each is restored beside first,
    so that one that can't be changes nothing. The services must be down: a group in use can't be set back."""
    manifest = opened(backup)
    services = [name.removesuffix(".dump") for name in manifest.files]
    beside = replace(place, suffix=place.suffix + "_restoring")
    asyncio.run(_empty(beside, services))
    for service in services:
        say(f"{service} …")
        _run(beside, service, "pg_restore", "--exit-on-error", "--single-transaction",
             str(backup / f"{service}.dump"))
    for service in services:
        _set_back(place, service, manifest.made_at - EARLIER)
    asyncio.run(_exchange(place, beside, services))
    return manifest


async def _empty(place: Place, services: Sequence[str]) -> None:
    for service in services:
        server = place.database_server(service)
        await databases.drop_databases(server, place.suffix, [service])
        await databases.make_databases(server, [service], place.suffix)


async def _exchange(place: Place, restored: Place, services: Sequence[str]) -> None:
    """The restored databases under the names of those that were there."""
    for service in services:
        server = place.database_server(service)
        await databases.drop_databases(server, place.suffix, [service])
        await databases.rename(server, {service + restored.suffix: service + place.suffix})


def _set_back(place: Place, service: str, moment: datetime) -> None:
    """The service's groups read again what came after the moment."""
    admin = place.admin()
    reader = Consumer({**place.kafka, "group.id": f"{service}.restore", "enable.auto.commit": False, "log_level": 0})
    try:
        for topic in (t for t in TOPICS.values() if service in t.readers):
            name = place.prefix + topic.name
            asked = [TopicPartition(name, p, int(moment.timestamp() * 1000)) for p in range(topic.partitions)]
            found = [TopicPartition(p.topic, p.partition, p.offset if p.offset >= 0 else
                                    reader.get_watermark_offsets(p, timeout=TIMEOUT)[1])
                     for p in reader.offsets_for_times(asked, timeout=TIMEOUT)]
            group = ConsumerGroupTopicPartitions(f"{service}.{name}", found)
            for done in admin.alter_consumer_group_offsets([group], request_timeout=TIMEOUT).values():
                done.result()
    except Exception as fault:
        raise BackupError(f"The groups of {service} could not be set back ({type(fault).__name__}): stop the service "
                          "first, and see that the broker answers. Nothing was restored.") from None
    finally:
        reader.close()


def _run(place: Place, service: str, program: str, *arguments: str) -> None:
    """One of Postgres' programs as the administrator; its password is in a file of this moment, nowhere else."""
    server = place.database_server(service)
    try:
        found: str | None = str(programs() / program)
    except EmbeddedError:
        found = shutil.which(program)
    if found is None:
        raise BackupError(f"{program} is not installed. Install the client programs of PostgreSQL 18.")
    with _password(server["password"]) as file:
        done = subprocess.run(
            [found, "--no-password", f"--host={server['host']}", f"--port={server['port']}",
             f"--username={server['user']}", f"--dbname={service}{place.suffix}", *arguments],
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", ""), "PGPASSFILE": file, "LC_ALL": "C", **_tls(server["host"])})
    if done.returncode:
        raise BackupError(f"{program} of {service} did not succeed: {_why(done.stderr)}")


def _why(error: str) -> str:
    if "version mismatch" in error:
        return "it is older than the server. Install the client programs of the server's version."
    if "password authentication failed" in error:
        return "the administrator's password is wrong. Put the right one into the secret file database-password."
    if "No space left" in error:
        return "the disk is full. Make room and try again."
    return "see that the database server answers, and read why in its log."


@contextmanager
def _password(password: str) -> Iterator[str]:
    with tempfile.NamedTemporaryFile("w") as file:  # 0600 by itself
        file.write("*:*:*:*:" + password.replace("\\", "\\\\").replace(":", "\\:") + "\n")
        file.flush()
        yield file.name


def _tls(host: str) -> dict[str, str]:
    if host in LOOPBACK:
        return {}
    return {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": os.environ.get("DATABASE_CA", "system")}
