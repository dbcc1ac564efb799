"""What a service is told from outside: addresses in the environment, secrets in files."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def closed(address: str) -> bool:
    """Whether nobody on the way can read what is sent to an address: https, or this machine itself."""
    url = urlsplit(address)
    host = url.hostname or ""
    return url.scheme == "https" or host in LOOPBACK or host.endswith(".localhost")


class SettingsError(Exception):
    """A setting is missing or can't be used; the sentence says which and what to do."""


@dataclass(frozen=True)
class Settings:
    """Set-up of one service.

    `database_url` and `kafka_bootstrap` hold no password: these are files in `secrets`
    (`database-password`, `database-owner-password`, `kafka-password`). `keys` is the folder of the key store
    (referral and coaching alone), `trust` the folder of other systems' public keys.
    """

    service: str
    database_url: str
    kafka_bootstrap: str
    secrets: Path
    trust: Path
    keys: Path | None = None
    topic_prefix: str = ""
    public_url: str = "http://127.0.0.1:8000"
    issuer: str = "http://127.0.0.1:8000/issuer"
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 1025
    mail_from: str = "yhdyspinta@yhdyspinta.invalid"
    kafka_ca: Path | None = None
    database_ca: Path | None = None
    keys_backup_days: int = 0
    demo: bool = False
    extra: dict[str, str] = field(default_factory=dict)

    def secret(self, name: str) -> str:
        """Content of a secret file; raises `SettingsError` where it can't be read."""
        try:
            return (self.secrets / name).read_text().strip()
        except OSError as fault:
            raise SettingsError(
                f"The secret file {name} of the service {self.service} can't be read ({fault.strerror}). "
                f"Put it into {self.secrets}, readable by this user alone."
            ) from None

    def database(self, owner: bool = False) -> dict[str, Any]:
        """Arguments of `asyncpg.connect` for the service's role, or its owner's (DDL)."""
        url = urlsplit(self.database_url)
        ssl: Any = False
        if url.hostname not in LOOPBACK:
            import ssl as tls

            try:
                ssl = tls.create_default_context(cafile=str(self.database_ca) if self.database_ca else None)
            except OSError:
                raise SettingsError(f"The certificate of the database's authority {self.database_ca} can't be read. "
                                    "Put it there (PEM), or set DATABASE_CA to its file.") from None
        return {
            "host": url.hostname,
            "port": url.port or 5432,
            "database": url.path.lstrip("/"),
            "user": f"{self.service}_owner" if owner else self.service,
            "password": self.secret("database-owner-password" if owner else "database-password"),
            "ssl": ssl,
        }

    def kafka(self) -> dict[str, str]:
        """Connection settings as librdkafka spells them."""
        host = self.kafka_bootstrap.rsplit(":", 1)[0].strip("[]")
        settings = {
            "bootstrap.servers": self.kafka_bootstrap,
            "security.protocol": "SASL_PLAINTEXT" if host in LOOPBACK else "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": self.service,
            "sasl.password": self.secret("kafka-password"),
        }
        if self.kafka_ca:
            settings["ssl.ca.location"] = str(self.kafka_ca)
        return settings

    def topic(self, name: str) -> str:
        """A topic's name on the broker (tests have a prefix each)."""
        return self.topic_prefix + name

    @property
    def address(self) -> str:
        """Host and port of the database, fit to be printed."""
        url = urlsplit(self.database_url)
        return f"{url.hostname}:{url.port or 5432}"

    @property
    def prefix_path(self) -> str:
        """Path under which the service's pages and API stand: `/referral`."""
        return f"/{self.service}"


def from_environment(service: str) -> Settings:
    """Settings of a service from `DATABASE_URL_<SERVICE>`, `KAFKA_BOOTSTRAP` and the rest of the table in the
    operators' part of the README; what is left out is the embedded default."""
    env, var = os.environ, Path(os.environ.get("YHDYSPINTA_VAR", "var")).absolute()
    url = env.get(f"DATABASE_URL_{service.upper()}") or env.get("DATABASE_URL")
    bootstrap = env.get("KAFKA_BOOTSTRAP")
    if not url or not bootstrap:
        missing = "KAFKA_BOOTSTRAP" if url else f"DATABASE_URL_{service.upper()}"
        raise SettingsError(f"{missing} is not set. Give it, or start everything with `make demo`.")
    keys = env.get("KEYS_DIR")
    default_keys = var / "keys" / service if service in ("referral", "coaching") else None
    return Settings(
        service=service,
        database_url=url,
        kafka_bootstrap=bootstrap,
        secrets=Path(env.get("SECRETS_DIR", var / "secrets" / service)),
        trust=Path(env.get("TRUST_DIR", var / "trust")),
        keys=Path(keys) if keys else default_keys,
        topic_prefix=env.get("KAFKA_TOPIC_PREFIX", ""),
        public_url=env.get(f"PUBLIC_URL_{service.upper()}") or env.get("PUBLIC_URL", "http://127.0.0.1:8000"),
        issuer=env.get("OIDC_ISSUER", "http://127.0.0.1:8000/issuer"),
        smtp_host=env.get("SMTP_HOST", "127.0.0.1"),
        smtp_port=int(env.get("SMTP_PORT", "1025")),
        mail_from=env.get("MAIL_FROM", "yhdyspinta@yhdyspinta.invalid"),
        kafka_ca=Path(env["KAFKA_CA"]) if "KAFKA_CA" in env else None,
        database_ca=Path(env["DATABASE_CA"]) if "DATABASE_CA" in env else None,
        keys_backup_days=int(env.get("KEYS_BACKUP_DAYS", "0")),
        demo=env.get("YHDYSPINTA_DEMO") == "1",
        extra={"figures_from": env["FIGURES_FROM"]} if "FIGURES_FROM" in env else {},
    )
