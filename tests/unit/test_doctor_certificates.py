"""What the doctor says of certificates: expired, soon to expire, not trusted, good; spoken to as each server is."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chassis.clock import system_clock
from yhdyspinta.doctor import certificates
from yhdyspinta.doctor.certificates import Endpoint

DAY = timedelta(days=1)


def certificate(folder: Path, begins: datetime, ends: datetime) -> tuple[Path, Path]:
    """A self-signed certificate of 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "broker")])
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(1).not_valid_before(begins).not_valid_after(ends)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, hashes.SHA256()))
    files = folder / "server.pem", folder / "server.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption()))
    return files


@contextmanager
def answering(files: tuple[Path, Path], first: Callable[[socket.socket], None] = lambda _: None) -> Iterator[int]:
    """A server that shows the certificate, after `first` has been said."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    with socket.create_server(("127.0.0.1", 0)) as listening:
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
    assert certificates._authority(file, now).state == "wrong"
    assert certificates._authority(tmp_path / "nothing", now).state == "wrong"
