"""Client files: what another system needs to connect; its password is nowhere else.

`<principal>.properties` is for Java clients, `<principal>.librdkafka.properties` says the same for kcat and for the
clients of Python, Go, .NET and C, which refuse Java's login setting. These need librdkafka 2.6.1 or later: before, it
answers SCRAM with a wrong nonce, which Kafka 4 takes for a wrong password.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from yhdyspinta.embedded.processes import private_folder, write_private

LIBRDKAFKA = ".librdkafka.properties"
NEEDS = "# librdkafka 2.6.1 or later: an older one is refused as if its password were wrong\n"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required"
_LOGIN = re.compile(r'username="[^"]*" password="([^"]*)"')


def write(folder: Path, principal: str, password: str, kafka: Mapping[str, str]) -> Path:
    """Writes both files, readable by their owner alone; `kafka` says where the broker is. Returns the Java one."""
    server = {name: kafka[name] for name in ("bootstrap.servers", "security.protocol", "sasl.mechanism")}
    group = {"group.id": f"{principal}.main"}
    java = {**server, "sasl.jaas.config": f'{_SCRAM} username="{principal}" password="{password}";', **group}
    other = {**server, "sasl.username": principal, "sasl.password": password, **group,
             "partitioner": "murmur2_random"}
    if ca := kafka.get("ssl.ca.location"):
        java |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": ca}
        other |= {"ssl.ca.location": ca}
    private_folder(folder)
    write_private(folder / f"{principal}{LIBRDKAFKA}", NEEDS + _lines(other))
    write_private(folder / f"{principal}.properties", _lines(java))
    return folder / f"{principal}.properties"


def _lines(settings: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def add_authority(folder: Path, certificate: Path) -> None:
    """Puts the authority's certificate beside the client files, which name it `ca.pem`."""
    private_folder(folder)
    write_private(folder / "ca.pem", certificate.read_text())


def password_in(folder: Path, principal: str) -> str | None:
    """The password in a principal's client file; None where there is none."""
    try:
        found = _LOGIN.search((folder / f"{principal}.properties").read_text())
    except OSError:
        return None
    return found[1] if found else None


def read(folder: Path, principal: str) -> dict[str, str]:
    """A principal's settings as librdkafka spells them."""
    lines = (folder / f"{principal}{LIBRDKAFKA}").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def delete(folder: Path, principal: str) -> None:
    """Deletes both files."""
    for ending in (".properties", LIBRDKAFKA):
        (folder / f"{principal}{ending}").unlink(missing_ok=True)
