"""The first container: makes what all others must hold before they start, each in a volume of its own.

Promise: it may be repeated; a secret that is there stays, a certificate that ends soon is made anew. Nobody gets more
than its own: a service not its owner's password, a side's database server not another's, nobody the authority's key.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from contracts.topics import SERVICES
from yhdyspinta.containers.authority import Authority
from yhdyspinta.embedded.kafka import ADMIN, DEFAULTS, PLAIN, SCRAM, new_cluster_id
from yhdyspinta.embedded.processes import secret, write_private
from yhdyspinta.provision import Place, make_keys

SIDES = ("area", "municipal", "shared")
HOSTS: Mapping[str, Sequence[str]] = {
    "kafka": ("kafka", "localhost"),
    **{f"postgres-{side}": (f"postgres-{side}",) for side in SIDES},
    "demo": ("demo", "localhost"),
    **{service: (service, "localhost") for service in SERVICES},
}
"""Parts that answer, and by which names; `localhost` is for their own health check, and Kafka's way from outside."""
HOLDERS = (*HOSTS, "admin", *(f"migrate-{service}" for service in SERVICES))
"""Everyone who has a folder of secrets, a volume each."""
OF_OTHER_USERS = ("kafka", *(f"postgres-{side}" for side in SIDES))
"""Images with users of their own: they read their folders as members of our group."""
VAR = "/var/lib/yhdyspinta"
FOLDERS = tuple(f"{VAR}/{name}" for name in (
    "", "authority", "trust", "clients", "demo", "keys/referral", "keys/coaching", *(f"secrets/{h}" for h in HOLDERS)))
"""What volumes are laid over; the image has them with their owner."""
KAFKA_DATA = "/var/lib/kafka/data"
RUN = "/run/secrets"
"""Where every container finds its own folder."""


def make(place: Place, kafka_port: int, now: datetime) -> None:
    """Fills `secrets/<holder>`, the trust folder and the authority's. `kafka_port`: where Kafka is reached from this
    machine."""
    authority = Authority(place.folder / "authority", now)
    place.trust.mkdir(parents=True, exist_ok=True)
    (place.trust / "ca.pem").write_text(authority.pem)
    for host, names in HOSTS.items():
        authority.certify(place.secrets(host), names)
    for side in SIDES:
        secret(place.secrets(f"postgres-{side}") / "database-password")
    for service in SERVICES:
        secret(place.secrets(service) / "kafka-password")
        secret(place.secrets(service) / "database-password")
        secret(place.secrets(f"migrate-{service}") / "database-owner-password")
    make_keys(place)
    _broker(place, kafka_port)
    for holder in OF_OTHER_USERS:
        _open_to_group(place.secrets(holder))


def _broker(place: Place, port: int) -> None:
    """The broker's configuration, its certificate in one file, and whom its storage is formatted with."""
    folder = place.secrets("kafka")
    password, controller = secret(place.secrets("admin") / "kafka-password"), secret(folder / "controller-password")
    if not (folder / "cluster-id").exists():
        write_private(folder / "cluster-id", new_cluster_id())
    write_private(folder / "users", f"--add-scram\nSCRAM-SHA-512=[name={ADMIN},password={password}]\n")
    write_private(folder / "kafka.pem", (folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    settings = {
        **DEFAULTS,
        "log.dirs": KAFKA_DATA,
        "listeners": "CLIENT://:9092,OUTSIDE://:9094,CONTROLLER://127.0.0.1:9093",
        "advertised.listeners": f"CLIENT://kafka:9092,OUTSIDE://localhost:{port}",
        "listener.security.protocol.map": "CONTROLLER:SASL_PLAINTEXT,CLIENT:SASL_SSL,OUTSIDE:SASL_SSL",
        "controller.quorum.voters": "1@127.0.0.1:9093",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": f"{RUN}/kafka.pem",
        "listener.name.client.scram-sha-512.sasl.jaas.config":
            f'{SCRAM} username="{ADMIN}" password="{password}";',
        "listener.name.outside.scram-sha-512.sasl.jaas.config": f"{SCRAM};",
        "listener.name.controller.plain.sasl.jaas.config":
            f'{PLAIN} username="controller" password="{controller}" user_controller="{controller}";',
        # the broker is its own client: it knows itself by the authority's certificate
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "/run/trust/ca.pem",
    }
    write_private(folder / "server.properties", "".join(f"{name}={value}\n" for name, value in settings.items()))


def _open_to_group(folder: Path) -> None:
    folder.chmod(0o750)
    for file in folder.iterdir():
        file.chmod(0o640)
