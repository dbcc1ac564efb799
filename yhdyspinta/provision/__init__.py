"""Sets up what the services stand on, from the topic registry: topics, users, access lists, quotas, databases, roles,
secret files and client files. Each call may be repeated: what is there and right stays, what differs is set right.
"""

import asyncio
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    servers. `servers` are the database servers of services that are not on `postgres`. `kafka_outside` says where
    other systems find the broker, if not where we do.
    """

    folder: Path
    kafka: Mapping[str, str]
    postgres: Mapping[str, Any]
    prefix: str = ""
    suffix: str = ""
    shared: bool = False
    """Whether the broker may serve others too: then nothing of theirs is taken away."""
    servers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    kafka_outside: Mapping[str, str] = field(default_factory=dict)

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

    def owner_secrets(self, service: str) -> Path:
        """Where the password of the service's owner is: in a folder of its own where there is one, for containers."""
        apart = self.secrets(f"migrate-{service}")
        return apart if apart.is_dir() else self.secrets(service)

    def database_server(self, service: str) -> Mapping[str, Any]:
        return self.servers.get(service, self.postgres)

    def admin(self) -> AdminClient:
        return AdminClient({**self.kafka, "log_level": 0})

    def settings(self, service: str, **more: Any) -> Settings:
        """A service's settings in this place."""
        keys = self.folder / f"keys{self.suffix}" / service if service in KEY_STORES else None
        at = self.database_server(service)
        server = f"{at['host']}:{at['port']}"
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
    `admin/database-password`. `DATABASE_ADMIN_URL_<SERVICE>` names another server for a service's database; of that
    the password is `<host>/database-password`. `KAFKA_OUTSIDE` is the address that client files name, and beside it
    the authority's certificate is `ca.pem`.
    """
    env, var, kafka = os.environ, folder(), broker_from_environment()
    names = {service: f"DATABASE_ADMIN_URL_{service.upper()}" for service in SERVICES}
    apart = {service: _administrator(env[name]) for service, name in names.items() if name in env}
    postgres: Mapping[str, Any] = {}
    if url := env.get("DATABASE_ADMIN_URL"):
        postgres = _administrator(url, "admin")
    elif len(apart) < len(SERVICES):
        postgres = servers(var).postgres.admin()
    outside = {"bootstrap.servers": env["KAFKA_OUTSIDE"], "ssl.ca.location": "ca.pem"} if "KAFKA_OUTSIDE" in env else {}
    return Place(var, kafka, postgres, env.get("KAFKA_TOPIC_PREFIX", ""), servers=apart,
                 kafka_outside=outside, shared="KAFKA_BOOTSTRAP" in env)


def broker_from_environment() -> dict[str, str]:
    """The administrator's connection settings of the broker that the environment names, else of the embedded one."""
    env, var = os.environ, folder()
    if not (bootstrap := env.get("KAFKA_BOOTSTRAP")):
        return servers(var).kafka.admin_settings()
    admin = Settings(service="admin", database_url="", kafka_bootstrap=bootstrap, secrets=var / "secrets" / "admin",
                     trust=var / "trust", kafka_ca=Path(env["KAFKA_CA"]) if "KAFKA_CA" in env else None)
    return admin.kafka() | {"sasl.username": env.get("KAFKA_ADMIN", "admin")}


def _administrator(url: str, holder: str | None = None) -> dict[str, Any]:
    """Arguments of `asyncpg.connect` for the administrator of a database server; `holder`: the folder of secrets with
    the password, the server's own where none is given."""
    secrets, ca = folder() / "secrets" / (holder or urlsplit(url).hostname or ""), os.environ.get("DATABASE_CA")
    there = Settings(service="admin", database_url=url, kafka_bootstrap="", secrets=secrets, trust=secrets,
                     database_ca=Path(ca) if ca else None)
    return there.database() | {"user": urlsplit(url).username or "postgres"}


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
    if place.kafka_outside:
        clients.add_authority(place.clients, Path(place.kafka["ssl.ca.location"]))
    for system in SYSTEMS:
        password = clients.password_in(place.clients, system) or secrets.token_urlsafe(32)
        clients.write(place.clients, system, password, {**place.kafka, **place.kafka_outside})
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
    """Two roles a service on its server, their passwords in secret files."""
    for server, services in _by_server(place):
        roles = {}
        for service in services:
            roles[databases.owner_of(service)] = secret(place.owner_secrets(service) / "database-owner-password")
            roles[service] = secret(place.secrets(service) / "database-password")
        await databases.make_roles(server, roles)


def _by_server(place: Place) -> list[tuple[Mapping[str, Any], list[str]]]:
    """Each database server with the services whose databases are on it."""
    found: dict[tuple[str, int], tuple[Mapping[str, Any], list[str]]] = {}
    for service in SERVICES:
        server = place.database_server(service)
        found.setdefault((server["host"], server["port"]), (server, []))[1].append(service)
    return list(found.values())


async def _databases(place: Place) -> None:
    await make_roles(place)
    for server, services in _by_server(place):
        await databases.make_databases(server, services, suffix=place.suffix)


def make_reader(place: Place, name: str) -> Path:
    """A reader account for the open topics (Power BI, a researcher); returns its client file."""
    principal = boundary.READER + name.removeprefix(boundary.READER)
    password = clients.password_in(place.clients, principal) or secrets.token_urlsafe(32)
    admin = place.admin()
    broker.make_users(admin, {principal: password})
    boundary.admit_reader(admin, principal, place.prefix)
    return clients.write(place.clients, principal, password, {**place.kafka, **place.kafka_outside})


def revoke_reader(place: Place, name: str) -> None:
    """Takes a reader account's rights, user and client file away."""
    principal = boundary.READER + name.removeprefix(boundary.READER)
    admin = place.admin()
    boundary.expel_reader(admin, principal)
    broker.drop_user(admin, principal)
    clients.delete(place.clients, principal)
