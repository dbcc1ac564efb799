"""Sets up what the services stand on, from the topic registry: topics, users, access lists, quotas, databases, roles,
secret files and client files. Each call may be repeated: what is there and right stays, what differs is set right.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka.admin import AdminClient

from chassis.key_files import make_key_encryption_key
from chassis.proofs import make_signing_key
from chassis.settings import Settings
from contracts.topics import SERVICES, SYSTEMS
from yhdyspinta.embedded import Servers
from yhdyspinta.embedded.processes import private_folder, secret
from yhdyspinta.provision import boundary, broker, clients, databases

KEY_STORES = ("referral", "coaching")


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
        if keys:
            private_folder(keys)
        server = f"{self.postgres['host']}:{self.postgres['port']}"
        return Settings(**{
            "service": service, "database_url": f"postgresql://{server}/{service}{self.suffix}",
            "kafka_bootstrap": self.kafka["bootstrap.servers"], "secrets": self.secrets(service),
            "trust": self.trust, "keys": keys, "topic_prefix": self.prefix, **more})


async def everything(place: Place) -> None:
    """All that six services and eight other systems need, and files that tell them how to connect."""
    await asyncio.gather(
        asyncio.to_thread(_broker, place),
        _databases(place),
        asyncio.to_thread(make_keys, place),
    )
    await broker.make_quotas(place.kafka)


def _broker(place: Place) -> None:
    admin = place.admin()
    broker.make_users(admin, passwords(place))
    for name in broker.strangers(admin):
        if not name.startswith(boundary.READER):
            broker.drop_user(admin, name)
    broker.make_topics(admin, place.prefix)
    boundary.apply(admin, place.prefix)


def passwords(place: Place) -> dict[str, str]:
    """Everyone's password on the broker, made where there is none: in secret files of ours, in client files of the
    other systems."""
    found = {service: secret(place.secrets(service) / "kafka-password") for service in SERVICES}
    for system in SYSTEMS:
        password = clients.password_in(place.clients / f"{system}.properties") or secrets.token_urlsafe(32)
        clients.write(place.clients, system, password, place.kafka)
        found[system] = password
    return found


def make_keys(place: Place) -> None:
    """Key encryption keys of the key stores, and coaching's signing key with its public half in the trust folder."""
    for service in KEY_STORES:
        make_key_encryption_key(place.secrets(service))
    _, organisation, system = SERVICES["coaching"].split("/")
    make_signing_key(place.secrets("coaching"), place.trust, organisation, system)


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
    file = place.clients / f"{principal}.properties"
    password = clients.password_in(file) or secrets.token_urlsafe(32)
    admin = place.admin()
    broker.make_users(admin, {principal: password})
    boundary.admit_reader(admin, principal, place.prefix)
    return clients.write(place.clients, principal, password, place.kafka)
