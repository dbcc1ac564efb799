"""Certificates of what is spoken to with TLS: good until when, and trusted?

Each is fetched without trusting it, so that an expired one can be told from a stranger's; then it is asked whether a
client would take it. The files of our own HTTPS and of the authorities are read where they are.
"""

import os
import smtplib
import socket
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from chassis.settings import LOOPBACK, Settings, SettingsError
from yhdyspinta.doctor.finding import Finding, State, attend, good, unknown, wrong
from yhdyspinta.serve import Certificate

SOON = timedelta(days=30)
SECONDS = 5.0
EXPIRED = 10
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED: of a certificate that is good itself, its authority's."""
TRUSTED = "SSL_CERT_FILE"
POSTGRES_ASKS_FOR_TLS = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


@dataclass(frozen=True)
class Endpoint:
    """Something that answers with a certificate; `speaks` first before TLS: `postgres`, `smtp` or nothing. `setting`
    names the file of whom to trust for it."""

    name: str
    host: str
    port: int
    authority: Path | None = None
    speaks: str = ""
    setting: str = TRUSTED


def examine(services: Iterable[Settings], now: datetime) -> list[Finding]:
    """One finding for each server off this machine, for each authority's file, and for the files of our HTTPS."""
    endpoints = {endpoint for settings in services for endpoint in _endpoints(settings)}
    found = [_look(endpoint, now) for endpoint in sorted(endpoints, key=lambda e: (e.name, e.host, e.port))]
    authorities = sorted({(e.authority, e.setting) for e in endpoints if e.authority})
    return [*found, *(_authority(file, setting, now) for file, setting in authorities), *_trusted_by_all(), *_own(now)]


def _endpoints(settings: Settings) -> Iterator[Endpoint]:
    for address in settings.kafka_bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        if host.strip("[]") not in LOOPBACK:
            yield Endpoint("kafka", host.strip("[]"), int(port), settings.kafka_ca, setting="KAFKA_CA")
    database = urlsplit(settings.database_url)
    if database.hostname and database.hostname not in LOOPBACK:
        yield Endpoint("database", database.hostname, database.port or 5432, settings.database_ca, "postgres",
                       "DATABASE_CA")
    if settings.service == "notify" and settings.smtp_host not in LOOPBACK:
        yield Endpoint("smtp", settings.smtp_host, settings.smtp_port, None, "smtp")
    for name, url in (("pages", urlsplit(settings.public_url)), ("issuer", urlsplit(settings.issuer))):
        if url.scheme == "https" and url.hostname:
            yield Endpoint(name, url.hostname, url.port or 443)


def _look(endpoint: Endpoint, now: datetime) -> Finding:
    about = f"{endpoint.name} {endpoint.host}:{endpoint.port}"
    try:
        shown = x509.load_der_x509_certificate(_certificate(endpoint, _trusting_nobody()) or b"")
    except smtplib.SMTPNotSupportedError:
        return wrong("certificate", about, "It offers no TLS (STARTTLS), and mail is sent with TLS alone.",
                     "Let it offer STARTTLS, or set SMTP_PORT to a port where it does, mostly 587. Notices wait.")
    except (OSError, ValueError, smtplib.SMTPException):
        return unknown("certificate", about, "It shows no certificate.", "Start it; it must speak TLS.")
    finding = _until(about, shown, now)
    return finding if finding.state == State.WRONG else _trusted(endpoint, about) or finding


def _trusted(endpoint: Endpoint, about: str) -> Finding | None:
    """What keeps a client from taking its certificate, or None."""
    try:
        trust = ssl.create_default_context(cafile=str(endpoint.authority) if endpoint.authority else None)
    except OSError:
        return unknown("certificate", about, "Whether it is trusted can't be told: its authority's file can't be read.",
                       f"Mend that file first, {endpoint.authority}.")
    try:
        _certificate(endpoint, trust)
    except ssl.SSLCertVerificationError as fault:
        if fault.verify_code == EXPIRED:
            return wrong("certificate", about, "It is not trusted: the certificate of its authority has expired.",
                         f"Renew the authority's, and set {endpoint.setting} to its file.")
        return wrong("certificate", about, f"Its certificate is not trusted: {fault.verify_message}.",
                     f"Give it a certificate of this name, or set {endpoint.setting} to its authority's file.")
    except (OSError, smtplib.SMTPException):
        return unknown("certificate", about, "It does not finish a TLS handshake.", "See its log.")
    return None


def _authority(file: Path, setting: str, now: datetime) -> Finding:
    """Of several in the file the one that ends last: a new one is put beside the old."""
    try:
        last = max(x509.load_pem_x509_certificates(file.read_bytes()), key=lambda each: each.not_valid_after_utc)
    except (OSError, ValueError):
        return wrong("certificate", f"{setting} {file}", "The authority's file can't be read.",
                     f"Put the authority's certificate (PEM) there, or set {setting} to its file.")
    return _until(f"{setting} {file}", last, now, "Put the authority's new certificate there, and start what reads it.")


def _trusted_by_all() -> Iterator[Finding]:
    """The file of `SSL_CERT_FILE`; mostly a bundle of hundreds, of which some have always expired. OpenSSL says nothing
    of one that can't be read, and trusts nobody."""
    if file := os.environ.get(TRUSTED):
        try:
            ssl.create_default_context(cafile=file)
            yield good("certificate", TRUSTED, f"The authorities in {file} are trusted.")
        except OSError:
            yield wrong("certificate", TRUSTED, f"The authorities' file {file} can't be read, so nobody is trusted.",
                        f"Put the authorities' certificates (PEM) there, or set {TRUSTED} to their file.")


def _own(now: datetime) -> Iterator[Finding]:
    """The files that our own HTTPS shows; of a chain the one that ends first."""
    try:
        own = Certificate.from_environment()
    except SettingsError as fault:
        yield wrong("certificate", "HTTP_CERTIFICATE", str(fault), "Set both, or unset both behind a gateway.")
        return
    if own is None:
        return
    about = f"HTTP_CERTIFICATE {own.certificate}"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(own.certificate, own.key, password="")
        first = min(x509.load_pem_x509_certificates(own.certificate.read_bytes()), key=lambda e: e.not_valid_after_utc)
    except (OSError, ValueError):
        yield wrong("certificate", about, f"It can't be used with the key {own.key}.",
                    "Put a certificate and its own key there, both PEM, the key without a passphrase.")
        return
    yield _until(about, first, now, "Renew it, and start the services that show it again.")


def _until(about: str, certificate: x509.Certificate, now: datetime,
           renew: str = "Renew it and start the server again.") -> Finding:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begins:
        return wrong("certificate", about, f"Its certificate is good from {begins:%Y-%m-%d %H:%M} UTC on.",
                     "Check the clocks, or wait.")
    if now >= ends:
        return wrong("certificate", about, f"Its certificate has expired on {ends:%Y-%m-%d %H:%M} UTC.", renew)
    if now >= ends - SOON:
        return attend("certificate", about, f"Its certificate expires on {ends:%Y-%m-%d}.", f"Before that: {renew}")
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
