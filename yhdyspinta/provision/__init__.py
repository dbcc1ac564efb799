"""Sets up what the services stand on, from the topic registry: topics, users, access lists, quotas, databases, roles,
secret files and client files. Each call may be repeated: what is there and right stays, what differs is set right.
"""

import asyncio
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from confluent_kafka.admin import AdminClient

from chassis.key_files import make_key_encryption_key
from chassis.proofs import make_signing_key
from chassis.settings import Settings
from chassis.settings import from_environment as service_settings
from contracts.topics import SERVICES, SYSTEMS
from yhdyspinta.embedded import Servers, servers
from yhdyspinta.embedded.processes import secret
from yhdyspinta.provision import boundary, broker, clients, databases

KEY_STORES = ("referral", "coaching")
READER_NAME = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True)
class Place:
    """Where things are: the administrator's ways to broker and database, and the folder of secrets and clients.

    `prefix` begins the names of topics, `suffix` ends the names of databases: several worlds fit on one pair of
    servers.
    """

    folder: Path
    kafka: Mapping[str, str]
    postgres: Mapping[str, Any]
    prefix: str = ""
    suffix: str = ""
    shared: bool = False
    """Whether the broker may serve others too: then nothing of theirs is taken away."""

    @classmethod
    def of(cls, servers: Servers, prefix: str = "", suffix: str = "") -> "Place":
        return cls(servers.folder, servers.kafka.admin_settings(), servers.postgres.admin(), prefix, suffix)

    @property
    def clients(self) -> Path:
        return self.folder / "clients"

    @property
    def trust(self) -> Path:
        """Public keys of those whose proofs are believed, `<organisation>/<system>/<kid>.jwk`."""
        return self.folder / "trust"

    def secrets(self, service: str) -> Path:
        return self.folder / "secrets" / service

    def admin(self) -> AdminClient:
        return AdminClient({**self.kafka, "log_level": 0})

    def settings(self, service: str, **more: Any) -> Settings:
        """A service's settings in this place."""
        keys = self.folder / f"keys{self.suffix}" / service if service in KEY_STORES else None
        server = f"{self.postgres['host']}:{self.postgres['port']}"
        return Settings(**{
            "service": service, "database_url": f"postgresql://{server}/{service}{self.suffix}",
            "kafka_bootstrap": self.kafka["bootstrap.servers"], "secrets": self.secrets(service),
            "trust": self.trust, "keys": keys, "topic_prefix": self.prefix, **more})


def folder() -> Path:
    """Where state, secrets and client files are: `YHDYSPINTA_VAR`, else `var`."""
    return Path(os.environ.get("YHDYSPINTA_VAR", "var")).absolute()


def from_environment() -> Place:
    """The place that the environment names, else that of the embedded servers.

    `KAFKA_BOOTSTRAP`, `KAFKA_ADMIN`, `KAFKA_CA`, `KAFKA_TOPIC_PREFIX` say where the broker is, `DATABASE_ADMIN_URL`
    where the database server is; the administrator's passwords are the secret files `admin/kafka-password` and
    `admin/database-password`.
    """
    env, var = os.environ, folder()
    embedded = servers(var)
    if not (bootstrap := env.get("KAFKA_BOOTSTRAP")):
        kafka = embedded.kafka.admin_settings()
    else:
        admin = Settings(service="admin", database_url="", kafka_bootstrap=bootstrap, secrets=var / "secrets" / "admin",
                         trust=var / "trust", kafka_ca=Path(env["KAFKA_CA"]) if "KAFKA_CA" in env else None)
        kafka = admin.kafka() | {"sasl.username": env.get("KAFKA_ADMIN", "admin")}
    postgres = embedded.postgres.admin()
    if url := env.get("DATABASE_ADMIN_URL"):
        database = Settings(service="admin", database_url=url, kafka_bootstrap="", secrets=var / "secrets" / "admin",
                            trust=var / "trust",
                            database_ca=Path(env["DATABASE_CA"]) if "DATABASE_CA" in env else None)
        postgres = database.database() | {"user": urlsplit(url).username or "postgres"}
    return Place(var, kafka, postgres, env.get("KAFKA_TOPIC_PREFIX", ""), shared=bool(bootstrap))


def settings_of(service: str) -> Settings:
    """A service's settings: from the environment, where it says anything of broker or database, else the embedded
    servers'."""
    env = os.environ
    if any(name in env for name in ("KAFKA_BOOTSTRAP", "DATABASE_URL", f"DATABASE_URL_{service.upper()}")):
        return service_settings(service)
    more: dict[str, Any] = {"public_url": env["PUBLIC_URL"]} if "PUBLIC_URL" in env else {}
    if port := env.get("YHDYSPINTA_SMTP_PORT"):
        more["smtp_port"] = int(port)
    return from_environment().settings(service, **more)


async def everything(place: Place, *, with_databases: bool = True) -> None:
    """All that six services and eight other systems need, and files that tell them how to connect."""
    await asyncio.gather(
        asyncio.to_thread(_broker, place),
        *([_databases(place)] if with_databases else []),
        asyncio.to_thread(make_keys, place),
    )
    await broker.make_quotas(place.kafka)


def _broker(place: Place) -> None:
    admin = place.admin()
    broker.make_users(admin, passwords(place))
    for name in broker.strangers(admin):
        if not place.shared and not name.startswith(boundary.READER):
            broker.drop_user(admin, name)
    broker.make_topics(admin, place.prefix)
    boundary.apply(admin, place.prefix, shared=place.shared)


def passwords(place: Place) -> dict[str, str]:
    """Everyone's password on the broker, made where there is none: in secret files of ours, in client files of the
    other systems."""
    found = {service: secret(place.secrets(service) / "kafka-password") for service in SERVICES}
    for system in SYSTEMS:
        password = clients.password_in(place.clients, system) or secrets.token_urlsafe(32)
        clients.write(place.clients, system, password, place.kafka)
        found[system] = password
    return found


def make_keys(place: Place) -> None:
    """Of each key store its key encryption key, and its signing key (coaching's for proofs, referral's for receipts)
    with the public half in the trust folder; reporting's key of pseudonyms."""
    secret(place.secrets("reporting") / "pseudonym-key")
    for service in KEY_STORES:
        make_key_encryption_key(place.secrets(service))
        _, organisation, system = SERVICES[service].split("/")
        make_signing_key(place.secrets(service), place.trust, organisation, system)


async def make_roles(place: Place) -> None:
    """Two roles a service, their passwords in its secret files."""
    roles = {}
    for service in SERVICES:
        roles[databases.owner_of(service)] = secret(place.secrets(service) / "database-owner-password")
        roles[service] = secret(place.secrets(service) / "database-password")
    await databases.make_roles(place.postgres, roles)


async def _databases(place: Place) -> None:
    await make_roles(place)
    await databases.make_databases(place.postgres, suffix=place.suffix)


def make_reader(place: Place, name: str) -> Path:
    """A reader account for the open topics (Power BI, a researcher); returns its client file."""
    principal = boundary.READER + name.removeprefix(boundary.READER)
    password = clients.password_in(place.clients, principal) or secrets.token_urlsafe(32)
    admin = place.admin()
    broker.make_users(admin, {principal: password})
    boundary.admit_reader(admin, principal, place.prefix)
    return clients.write(place.clients, principal, password, place.kafka)


def revoke_reader(place: Place, name: str) -> None:
    """Takes a reader account's rights, user and client file away."""
    principal = boundary.READER + name.removeprefix(boundary.READER)
    admin = place.admin()
    boundary.expel_reader(admin, principal)
    broker.drop_user(admin, principal)
    clients.delete(place.clients, principal)
