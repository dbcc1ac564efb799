"""docker-compose.yml brought up under a project name and ports of its own, and taken down with its volumes after."""

import json
import os
import signal
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import yaml

from tests.waiting import until
from yhdyspinta.embedded.processes import free_port

ROOT = Path(__file__).parents[2]
PARTS: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
LASTING = [name for name, part in PARTS.items() if part["restart"] != "no"]


@dataclass(frozen=True)
class Composed:
    """A running project."""

    project: str
    port: int
    kafka_port: int
    folder: Path

    def compose(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs docker compose on the project; with `check` a failure fails the test, with what it said."""
        done = subprocess.run(
            ["docker", "compose", "-p", self.project, *arguments], cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
            capture_output=True, env={**os.environ, "PORT": str(self.port), "KAFKA_PORT": str(self.kafka_port),
                                      "DEMO_YEAR": "no"})
        if check and done.returncode:
            raise AssertionError(f"docker compose {' '.join(arguments)}: {done.stderr[-4000:]}{done.stdout[-1000:]}")
        return done

    def inside(self, part: str, *command: str) -> str:
        """What a command in a running container says."""
        return self.compose("exec", "-T", part, *command).stdout.strip()

    def inspect(self, part: str) -> dict[str, Any]:
        identity = self.compose("ps", "-aq", part).stdout.split()[0]
        found: dict[str, Any] = json.loads(subprocess.run(
            ["docker", "inspect", identity], check=True, capture_output=True, text=True).stdout)[0]
        return found

    def healthy(self, part: str) -> bool:
        """Whether the container's own probe says so."""
        return bool(self.inspect(part)["State"]["Health"]["Status"] == "healthy")

    def http(self, host: str) -> httpx.AsyncClient:
        """A client of the gateway by one of its host names, wherever this machine thinks that name is."""
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers={"Host": f"{host}:{self.port}"},
                                 timeout=20)

    def token(self, service: str, organisation: str, scopes: tuple[str, ...]) -> str:
        asked = [word for scope in scopes for word in ("--scope", scope)]
        return self.inside(service, "yhdyspinta", "tokens", "make", service, "--name", "test",
                           "--organisation", organisation, *asked).splitlines()[0]

    def kafka(self, principal: str) -> dict[str, Any]:
        """A service's account as aiokafka takes it, from this machine."""
        return {
            "bootstrap_servers": f"localhost:{self.kafka_port}", "security_protocol": "SASL_SSL",
            "ssl_context": ssl.create_default_context(cadata=self.inside("gateway", "cat", "/run/trust/ca.pem")),
            "sasl_mechanism": "SCRAM-SHA-512", "sasl_plain_username": principal,
            "sasl_plain_password": self.inside(principal, "cat", "/run/secrets/kafka-password"),
        }

    async def kill(self, part: str) -> None:
        """Kills a container's first process, as a crash does, and returns when it is back and well."""
        before = self.inspect(part)
        os.kill(before["State"]["Pid"], signal.SIGKILL)

        def back() -> bool:
            now = self.inspect(part)
            state, health = now["State"], now["State"]["Health"]
            seconds = len("2026-03-02T07:00:00")
            asked_since = bool(health["Log"]) and health["Log"][-1]["Start"][:seconds] >= state["StartedAt"][:seconds]
            return bool(now["RestartCount"] > before["RestartCount"] and state["Running"] and asked_since
                        and health["Status"] == "healthy")

        await until(back, 150, what=f"{part} to come back")


@contextmanager
def composed(folder: Path) -> Iterator[Composed]:
    made = Composed(f"yhdyspinta-{uuid4().hex[:8]}", free_port(), free_port(), folder)
    try:
        made.compose("up", "-d", "--build", "--wait", "--wait-timeout", "400")
        yield made
    finally:
        made.compose("down", "-v", "--timeout", "5", check=False)
