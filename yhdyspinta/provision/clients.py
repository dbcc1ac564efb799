"""Client files: what another system needs to connect, as Java clients and kcat read it; its password is only here."""

import re
from collections.abc import Mapping
from pathlib import Path

from yhdyspinta.embedded.processes import private_folder, write_private

_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required"
_LOGIN = re.compile(r'username="([^"]*)" password="([^"]*)"')


def write(folder: Path, principal: str, password: str, kafka: Mapping[str, str]) -> Path:
    """Writes `<principal>.properties`, readable by its owner alone; `kafka` says where the broker is."""
    file = private_folder(folder) / f"{principal}.properties"
    ca = kafka.get("ssl.ca.location")
    lines = [
        f"bootstrap.servers={kafka['bootstrap.servers']}",
        f"security.protocol={kafka['security.protocol']}",
        f"sasl.mechanism={kafka['sasl.mechanism']}",
        f'sasl.jaas.config={_SCRAM} username="{principal}" password="{password}";',
        f"group.id={principal}.main",
        *([f"ssl.truststore.type=PEM\nssl.truststore.location={ca}"] if ca else []),
        "",
        "# librdkafka (Python, Go, .NET, C) takes these instead of sasl.jaas.config:",
        f"# sasl.username={principal}",
        f"# sasl.password={password}",
        "# partitioner=murmur2_random",
        *([f"# ssl.ca.location={ca}"] if ca else []),
    ]
    write_private(file, "\n".join(lines) + "\n")
    return file


def password_in(file: Path) -> str | None:
    """The password of a client file; None where there is none."""
    try:
        found = _LOGIN.search(file.read_text())
    except OSError:
        return None
    return found[2] if found else None


def read(file: Path) -> dict[str, str]:
    """A client file's settings as librdkafka spells them."""
    rows = (line.split("=", 1) for line in file.read_text().splitlines() if "=" in line and not line.startswith("#"))
    settings = {name.strip(): value.strip() for name, value in rows}
    login = _LOGIN.search(settings.pop("sasl.jaas.config"))
    if login is None:
        raise ValueError(f"{file} has no sasl.jaas.config with username and password")
    settings.pop("ssl.truststore.type", None)
    if ca := settings.pop("ssl.truststore.location", None):
        settings["ssl.ca.location"] = ca
    return settings | {"sasl.username": login[1], "sasl.password": login[2], "partitioner": "murmur2_random"}
