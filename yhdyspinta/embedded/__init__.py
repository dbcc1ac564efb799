"""The embedded default: a real Kafka and a real PostgreSQL on this machine, all state in one folder."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from yhdyspinta.embedded.errors import EmbeddedError
from yhdyspinta.embedded.kafka import Kafka
from yhdyspinta.embedded.postgres import Postgres
from yhdyspinta.embedded.processes import locked

__all__ = ["EmbeddedError", "Kafka", "Postgres", "Servers", "running"]


@dataclass(frozen=True)
class Servers:
    """The two servers of a folder. `adopted` says that both were running already."""

    folder: Path
    kafka: Kafka
    postgres: Postgres
    adopted: bool = False


def servers(folder: Path) -> Servers:
    """The servers of a folder, not started; ports from `YHDYSPINTA_KAFKA_PORT`, `YHDYSPINTA_KAFKA_CONTROLLER_PORT` and
    `YHDYSPINTA_DATABASE_PORT` (19092, 19093, 15432)."""
    folder = folder.absolute()
    kafka = Kafka(folder / "kafka", folder / "embedded" / "jars", folder / "secrets" / "admin",
                  port=_port("YHDYSPINTA_KAFKA_PORT", 19092),
                  controller_port=_port("YHDYSPINTA_KAFKA_CONTROLLER_PORT", 19093))
    postgres = Postgres(folder / "postgres", folder / "secrets" / "admin",
                        port=_port("YHDYSPINTA_DATABASE_PORT", 15432))
    return Servers(folder, kafka, postgres)


@contextmanager
def running(folder: Path, *, kafka: bool = True, postgres: bool = True) -> Iterator[Servers]:
    """Both servers, or the one that is wanted, up while the block runs; call it outside of an event loop, or in a
    thread.

    Raises `EmbeddedError`, also when another process holds the folder.
    """
    found = servers(folder)
    wanted: list[Kafka | Postgres] = [*([found.postgres] if postgres else []), *([found.kafka] if kafka else [])]
    with locked(found.folder / "running.lock", f"Another process runs Kafka and Postgres in {found.folder}. End it "
                "(Ctrl-C where it was started), or give another folder with YHDYSPINTA_VAR."):
        try:
            with ThreadPoolExecutor(2) as threads:
                adopted = [each.result() for each in [threads.submit(server.start) for server in wanted]]
            yield Servers(found.folder, found.kafka, found.postgres, all(adopted))
        finally:
            try:
                found.kafka.stop()
            finally:
                found.postgres.stop()


def _port(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise EmbeddedError(f"{name} is {text!r}: give it a port number, 1 to 65535.")
    return int(text)
