"""Certificates of what is spoken to with TLS: good until when, and trusted?

Each is fetched without trusting it, so that an expired one can be told from a stranger's; then it is asked whether a
client would take it.
"""

import smtplib
import socket
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from chassis.settings import LOOPBACK, Settings
from yhdyspinta.doctor.finding import Finding, attend, good, unknown, wrong

SOON = timedelta(days=30)
SECONDS = 5.0
POSTGRES_ASKS_FOR_TLS = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


@dataclass(frozen=True)
class Endpoint:
    """Something that answers with a certificate; `speaks` first before TLS: `postgres`, `smtp` or nothing."""

    name: str
    host: str
    port: int
    authority: Path | None = None
    speaks: str = ""


def examine(services: Iterable[Settings], now: datetime) -> list[Finding]:
    """One finding for each server off this machine, and for each authority's file."""
    endpoints = {endpoint for settings in services for endpoint in _endpoints(settings)}
    found = [_look(endpoint, now) for endpoint in sorted(endpoints, key=lambda e: (e.name, e.host, e.port))]
    for file in sorted({e.authority for e in endpoints if e.authority}):
        found.append(_authority(file, now))
    return found


def _endpoints(settings: Settings) -> Iterator[Endpoint]:
    for address in settings.kafka_bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        if host.strip("[]") not in LOOPBACK:
            yield Endpoint("kafka", host.strip("[]"), int(port), settings.kafka_ca)
    database = urlsplit(settings.database_url)
    if database.hostname and database.hostname not in LOOPBACK:
        yield Endpoint("database", database.hostname, database.port or 5432, settings.database_ca, "postgres")
    if settings.service == "notify" and settings.smtp_host not in LOOPBACK:
        yield Endpoint("smtp", settings.smtp_host, settings.smtp_port, None, "smtp")
    for name, url in (("pages", urlsplit(settings.public_url)), ("issuer", urlsplit(settings.issuer))):
        if url.scheme == "https" and url.hostname:
            yield Endpoint(name, url.hostname, url.port or 443)


def _look(endpoint: Endpoint, now: datetime) -> Finding:
    about = f"{endpoint.name} {endpoint.host}:{endpoint.port}"
    try:
        shown = x509.load_der_x509_certificate(_certificate(endpoint, _trusting_nobody()) or b"")
    except (OSError, ValueError, smtplib.SMTPException):
        return unknown("certificate", about, "It shows no certificate.", "Start it; it must speak TLS.")
    finding = _until(about, shown, now)
    if finding.state != "good":
        return finding
    trust = ssl.create_default_context(cafile=str(endpoint.authority) if endpoint.authority else None)
    try:
        _certificate(endpoint, trust)
    except ssl.SSLCertVerificationError as fault:
        return wrong("certificate", about, f"Its certificate is not trusted: {fault.verify_message}.",
                     "Give it a certificate of this name, or set KAFKA_CA or DATABASE_CA to its authority's file.")
    except (OSError, smtplib.SMTPException):
        return unknown("certificate", about, "It does not finish a TLS handshake.", "See its log.")
    return finding


def _authority(file: Path, now: datetime) -> Finding:
    try:
        [first, *_] = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):
        return wrong("certificate", str(file), "The authority's file can't be read.",
                     "Put the authority's certificate (PEM) there, or set KAFKA_CA or DATABASE_CA.")
    return _until(str(file), first, now)


def _until(about: str, certificate: x509.Certificate, now: datetime) -> Finding:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begins:
        return wrong("certificate", about, f"Its certificate is good from {begins:%Y-%m-%d %H:%M} UTC on.",
                     "Check the clocks, or wait.")
    if now >= ends:
        return wrong("certificate", about, f"Its certificate has expired on {ends:%Y-%m-%d %H:%M} UTC.",
                     "Renew it and start the server again.")
    if now >= ends - SOON:
        return attend("certificate", about, f"Its certificate expires on {ends:%Y-%m-%d}.", "Renew it before.")
    return good("certificate", about, f"Its certificate is good until {ends:%Y-%m-%d}.")


def _trusting_nobody() -> ssl.SSLContext:
    """For looking at a certificate, whoever's it is; nothing is said over such a connection."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _certificate(endpoint: Endpoint, context: ssl.SSLContext) -> bytes | None:
    """The certificate that the server shows (DER)."""
    if endpoint.speaks == "smtp":
        with smtplib.SMTP(endpoint.host, endpoint.port, timeout=SECONDS) as mail:
            mail.starttls(context=context)
            return mail.sock.getpeercert(binary_form=True) if isinstance(mail.sock, ssl.SSLSocket) else None
    with socket.create_connection((endpoint.host, endpoint.port), SECONDS) as plain:
        if endpoint.speaks == "postgres":
            plain.sendall(POSTGRES_ASKS_FOR_TLS)
            if plain.recv(1) != b"S":
                raise OSError("it speaks no TLS")
        with context.wrap_socket(plain, server_hostname=endpoint.host) as spoken:
            return spoken.getpeercert(binary_form=True)
