"""The second way to have servers for tests: testcontainers' Kafka and Postgres, of the images of docker-compose.yml.

They take the place of the embedded ones in a stack where `TESTS_ON=containers`, and know only what tests ask of a
server's address and administrator: tests about the embedded servers' own files and processes are not for them.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import yaml
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from testcontainers.core.container import DockerContainer

from yhdyspinta.embedded.kafka import ADMIN, DEFAULTS, PLAIN, SCRAM, new_cluster_id
from yhdyspinta.embedded.postgres import ADMIN as OWNER
from yhdyspinta.embedded.processes import LOOPBACK, secret

START_SECONDS = 90
PARTS = yaml.safe_load((Path(__file__).parents[1] / "docker-compose.yml").read_text())["services"]
KAFKA = """
printf '%s' "$CONFIGURATION" >/tmp/server.properties
printf '%s' "$USERS" >/tmp/users
/opt/kafka/bin/kafka-storage.sh format -t "$CLUSTER" -c /tmp/server.properties @/tmp/users
exec /opt/kafka/bin/kafka-server-start.sh /tmp/server.properties
"""


class Container:
    """A server in a container that is published on the loopback address alone, at the port that it has inside."""

    def __init__(self, image: str, port: int) -> None:
        self.image, self.port = image, port
        self._container: DockerContainer | None = None

    def run(self, command: list[str], environment: Mapping[str, str], inside: int, ready: Callable[[], bool]) -> None:
        made = DockerContainer(self.image).with_command(command).with_envs(**environment)
        made.ports = {f"{inside}/tcp": (LOOPBACK, self.port)}
        self._container = made.start()
        until = time.monotonic() + START_SECONDS
        while not ready():
            if time.monotonic() > until or self._container.get_wrapped_container().status == "exited":
                raise RuntimeError(f"{self.image} did not answer: {self._container.get_logs()}")
            time.sleep(0.1)

    def stop(self) -> None:
        if self._container is not None:
            self._container.stop(force=True, delete_volume=True)
            self._container = None


class KafkaContainer(Container):
    """A broker with SCRAM users and access lists, as the embedded one has them."""

    def __init__(self, secrets: Path, *, port: int, controller_port: int, settings: Mapping[str, str]) -> None:
        super().__init__(PARTS["kafka"]["image"], port)
        self.secrets, self.controller_port, self.settings = secrets, controller_port, settings

    def admin_settings(self) -> dict[str, str]:
        return {
            "bootstrap.servers": f"{LOOPBACK}:{self.port}", "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": ADMIN,
            "sasl.password": secret(self.secrets / "kafka-password"),
        }

    def start(self) -> None:
        password = secret(self.secrets / "kafka-password")
        settings = {
            **DEFAULTS,
            "log.dirs": "/tmp/data",  # noqa: S108 - in a container that is thrown away
            "listeners": f"CLIENT://:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"CLIENT://{LOOPBACK}:{self.port}",
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listener.name.client.scram-sha-512.sasl.jaas.config": f'{SCRAM} username="{ADMIN}" password="{password}";',
            "listener.name.controller.plain.sasl.jaas.config":
                f'{PLAIN} username="controller" password="{password}" user_controller="{password}";',
            **self.settings,
        }
        self.run(["bash", "-ec", KAFKA], {
            "CONFIGURATION": "".join(f"{name}={value}\n" for name, value in settings.items()),
            "USERS": f"--add-scram\nSCRAM-SHA-512=[name={ADMIN},password={password}]\n",
            "CLUSTER": new_cluster_id(), "KAFKA_HEAP_OPTS": "-Xms64m -Xmx256m",
        }, self.port, self._answers)

    def _answers(self) -> bool:
        try:
            AdminClient({**self.admin_settings(), "log_level": 0}).list_topics(timeout=1)
        except KafkaException:
            return False
        return True


class PostgresContainer(Container):
    """A database server with passwords checked, as the embedded one checks them."""

    def __init__(self, secrets: Path, *, port: int, settings: Mapping[str, str]) -> None:
        super().__init__(PARTS["postgres-area"]["image"], port)
        self.secrets, self.settings = secrets, settings

    def admin(self) -> dict[str, Any]:
        return {"host": LOOPBACK, "port": self.port, "user": OWNER, "database": "postgres", "ssl": False,
                "password": secret(self.secrets / "database-password")}

    def start(self) -> None:
        settings = {"max_connections": "250", "timezone": "UTC", **self.settings}
        self.run(["postgres", *(f"-c{name}={value}" for name, value in settings.items())], {
            "POSTGRES_PASSWORD": secret(self.secrets / "database-password"),
            "POSTGRES_INITDB_ARGS": PARTS["postgres-area"]["environment"]["POSTGRES_INITDB_ARGS"],
        }, 5432, lambda: asyncio.run(self._answers()))

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(**self.admin(), timeout=5)
            await connection.close()
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        return True
