"""What the doctor says of certificates: expired, soon to expire, not trusted, good; spoken to as each server is."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chassis.clock import system_clock
from chassis.settings import Settings
from yhdyspinta.doctor import Finding, State, certificates, kafka, service
from yhdyspinta.doctor.certificates import Endpoint

DAY = timedelta(days=1)


AWAY = "127.0.0.2"
"""This machine too, but none of the addresses that are spoken to without TLS."""
Signed = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def certificate(folder: Path, begins: datetime, ends: datetime, by: Signed | None = None) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 and 127.0.0.2 and its key: files; signed by itself where no authority is given."""
    folder.mkdir(exist_ok=True)
    made, key = signed(begins, ends, by)
    files = folder / "server.pem", folder / "server.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption()))
    return files


def signed(begins: datetime, ends: datetime, by: Signed | None = None, name: str = "broker") -> Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    addresses = [x509.IPAddress(ip_address(each)) for each in ("127.0.0.1", AWAY)]
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(by[0].subject if by else subject)
            .public_key(key.public_key()).serial_number(1).not_valid_before(begins).not_valid_after(ends)
            .add_extension(x509.SubjectAlternativeName(addresses), False)
            .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), True)
            .sign(by[1] if by else key, hashes.SHA256()))
    return made, key


@contextmanager
def answering(files: tuple[Path, Path], first: Callable[[socket.socket], None] = lambda _: None,
              host: str = "127.0.0.1") -> Iterator[int]:
    """A server that shows the certificate, after `first` has been said."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    with socket.create_server((host, 0)) as listening:
        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                    with connection:
                        first(connection)
                        context.wrap_socket(connection, server_side=True).close()
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)


@pytest.mark.parametrize(("begins", "ends", "trusted", "state", "words"), [
    (-DAY, 400 * DAY, True, "good", "is good until"),
    (-DAY, 400 * DAY, False, "wrong", "is not trusted"),
    (-DAY, 20 * DAY, True, "attend", "expires on"),
    (-9 * DAY, -DAY, True, "wrong", "has expired on"),
    (DAY, 9 * DAY, True, "wrong", "is good from"),
])
def test_a_certificate_is_good_until_and_trusted_or_what_to_do(tmp_path, begins, ends, trusted, state, words):
    now = system_clock()
    files = certificate(tmp_path, now + begins, now + ends)
    with answering(files) as port:
        found = certificates._look(Endpoint("kafka", "127.0.0.1", port, files[0] if trusted else None), now)
    assert (found.state, words in found.says, bool(found.do)) == (state, True, state != "good")


def test_postgres_is_asked_for_tls_first(tmp_path):
    now = system_clock()
    files = certificate(tmp_path, now - DAY, now + 400 * DAY)

    def postgres(connection: socket.socket) -> None:
        assert connection.recv(8) == certificates.POSTGRES_ASKS_FOR_TLS
        connection.sendall(b"S")

    with answering(files, postgres) as port:
        found = certificates._look(Endpoint("database", "127.0.0.1", port, files[0], "postgres"), now)
    assert found.state == "good"


def test_a_server_without_tls_and_one_that_is_not_there_are_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
    found = certificates._look(Endpoint("kafka", "127.0.0.1", port), datetime.now(UTC))
    assert (found.state, "shows no certificate" in found.says) == ("unknown", True)


def test_an_authority_whose_time_is_over_is_told(tmp_path):
    now = system_clock()
    file, _ = certificate(tmp_path, now - 9 * DAY, now - DAY)
    found = certificates._authority(file, "KAFKA_CA", now)
    assert (found.state, found.about, "has expired on" in found.says) == ("wrong", f"KAFKA_CA {file}", True)
    assert "Put the authority's new certificate there" in found.do
    assert certificates._authority(tmp_path / "nothing", "KAFKA_CA", now).state == "wrong"
    newer, _ = certificate(tmp_path / "newer", now - DAY, now + 400 * DAY)
    file.write_bytes(file.read_bytes() + newer.read_bytes())
    assert certificates._authority(file, "KAFKA_CA", now).state == "good"


def settings(tmp_path: Path, service: str, **more: Any) -> Settings:
    """A service's, whose broker and mail server are off this machine as it sees it."""
    (tmp_path / "kafka-password").write_text("secret")
    (tmp_path / "database-password").write_text("secret")
    return Settings(**{"service": service, "database_url": "postgresql://127.0.0.1:1/x", "secrets": tmp_path,
                       "kafka_bootstrap": "127.0.0.1:1", "trust": tmp_path, **more})


def ours(tmp_path: Path, begins: timedelta = -DAY, ends: timedelta = 400 * DAY,
         authority_ends: timedelta = 400 * DAY) -> tuple[tuple[Path, Path], Path]:
    """A server's files, and the file of the authority that signed its certificate."""
    now = system_clock()
    authority = signed(now - 9 * DAY, now + authority_ends, name="authority")
    file = tmp_path / "authority.pem"
    file.write_bytes(authority[0].public_bytes(serialization.Encoding.PEM))
    return certificate(tmp_path / "server", now + begins, now + ends, authority), file


def told(findings: Iterable[Finding]) -> list[tuple[str, str, str]]:
    """What is not good: state, what, and the words for it."""
    return [(f.state.value, f.about, f"{f.says} → {f.do}") for f in findings if f.state != State.GOOD]


def test_a_broker_whose_authority_is_another_or_has_expired_or_is_not_there(tmp_path):
    files, authority = ours(tmp_path)
    other, _ = certificate(tmp_path / "other", system_clock() - DAY, system_clock() + 400 * DAY)

    def leads(port: int, ca: Path) -> Settings:
        return settings(tmp_path, "leads", kafka_bootstrap=f"{AWAY}:{port}", kafka_ca=ca)

    def shown(port: int, ca: Path) -> list[tuple[str, str, str]]:
        return told(certificates.examine([leads(port, ca)], system_clock()))

    def reached(port: int, ca: Path) -> str:
        [_, (_, _, words)] = told(kafka.examine(None, {"leads": leads(port, ca)}, everyone=False))
        return words

    with answering(files, host=AWAY) as port:
        assert shown(port, authority) == []
        [(state, about, words)] = shown(port, other)
        assert (state, about) == ("wrong", f"kafka {AWAY}:{port}")
        assert "Its certificate is not trusted" in words
        assert "set KAFKA_CA to its authority's file" in words
        assert "is not trusted: it has expired, is of another name, or of another authority" in reached(port, other)
        nothing = tmp_path / "nothing"
        assert [(s, a) for s, a, _ in shown(port, nothing)] == [("unknown", about), ("wrong", f"KAFKA_CA {nothing}")]
        assert f"authority {nothing} can't be read. → Put it there (PEM)" in reached(port, nothing)
    files, authority = ours(tmp_path, authority_ends=-DAY)
    with answering(files, host=AWAY) as port:
        found = shown(port, authority)
    assert [(s, a) for s, a, _ in found] == [("wrong", f"kafka {AWAY}:{port}"), ("wrong", f"KAFKA_CA {authority}")]
    assert "the certificate of its authority has expired. → Renew the authority's, and set KAFKA_CA" in found[0][2]
    assert "has expired on" in found[1][2]


def test_a_mail_server_whose_certificate_has_expired_or_is_a_strangers_or_that_has_none(tmp_path, monkeypatch):
    def asked(port: int) -> list[tuple[str, str, str]]:
        own = settings(tmp_path, "notify", smtp_host=AWAY, smtp_port=port)
        return told(certificates.examine([own], system_clock()))

    files, authority = ours(tmp_path)
    with answering(files, mail, AWAY) as port:
        [(state, about, words)] = asked(port)
        assert (state, about) == ("wrong", f"smtp {AWAY}:{port}")
        assert "Its certificate is not trusted" in words
        assert "set SSL_CERT_FILE to its authority's file" in words
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        assert asked(port) == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing"))
        assert [about for _, about, _ in asked(port)] == [f"smtp {AWAY}:{port}", "SSL_CERT_FILE"]
    with answering(ours(tmp_path, ends=-DAY / 2)[0], mail, AWAY) as port:
        assert "Its certificate has expired on" in asked(port)[0][2]
    monkeypatch.delenv("SSL_CERT_FILE")
    with answering(files, lambda connection: mail(connection, b"250 mail"), AWAY) as port:
        [(state, _, words)] = asked(port)
        assert (state, "It offers no TLS (STARTTLS)" in words, "SMTP_PORT" in words) == ("wrong", True, True)


def mail(connection: socket.socket, offers: bytes = b"250-mail\r\n250 STARTTLS") -> None:
    """The words of a mail server until TLS begins."""
    connection.sendall(b"220 mail\r\n")
    connection.recv(1_000)
    connection.sendall(offers + b"\r\n")
    if b"STARTTLS" in connection.recv(1_000):
        connection.sendall(b"220 go on\r\n")


@pytest.mark.parametrize(("ends", "state", "words"), [
    (400 * DAY, None, ""), (20 * DAY, "attend", "expires on"), (-DAY / 2, "wrong", "has expired on"),
])
def test_the_certificate_of_our_own_pages(tmp_path, monkeypatch, ends, state, words):
    files, authority = ours(tmp_path, ends=ends)
    files[0].write_bytes(files[0].read_bytes() + authority.read_bytes())
    monkeypatch.setenv("HTTP_CERTIFICATE", str(files[0]))
    monkeypatch.setenv("HTTP_KEY", str(files[1]))
    found = told(certificates.examine([], system_clock()))
    assert [(s, a) for s, a, _ in found] == ([(state, f"HTTP_CERTIFICATE {files[0]}")] if state else [])
    assert all(words in said and "Renew it, and start the services" in said for _, _, said in found)


def test_a_certificate_of_our_own_pages_that_cannot_be_used(tmp_path, monkeypatch):
    files, _ = ours(tmp_path)
    _, other = certificate(tmp_path / "other", system_clock() - DAY, system_clock() + 400 * DAY)
    monkeypatch.setenv("HTTP_CERTIFICATE", str(files[0]))
    [(state, _, words)] = told(certificates.examine([], system_clock()))
    assert (state, "HTTP_CERTIFICATE and HTTP_KEY go together" in words) == ("wrong", True)
    monkeypatch.setenv("HTTP_KEY", str(other))
    [(state, _, words)] = told(certificates.examine([], system_clock()))
    assert (state, f"can't be used with the key {other}" in words) == ("wrong", True)


async def test_a_database_whose_authority_is_not_there(tmp_path):
    own = settings(tmp_path, "leads", database_url=f"postgresql://{AWAY}:1/x", database_ca=tmp_path / "nothing")
    found = told(await service.examine(own))
    [words] = [words for _, about, words in found if "authority" in words]
    assert f"{tmp_path / 'nothing'} can't be read" in words
    assert "DATABASE_CA" in words
