"""A certificate authority of the set-up's own, for TLS between its parts.

Promise: a part's certificate names its host names alone and serves as a server's; `certify` may be repeated: a
certificate that is good for another month stays, another is made anew. The authority's key stays in its own folder.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chassis.secret_files import read_secret
from yhdyspinta.embedded.processes import private_folder, write_private

AUTHORITY_LIVES = timedelta(days=3650)
LIVES = timedelta(days=397)
RENEWED_BEFORE = timedelta(days=30)
_EARLIER = timedelta(minutes=5)
"""Certificates hold from a little before: clocks differ."""


class Authority:
    """The authority whose key and certificate are in `folder`, made where there is none. `now` is aware."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self.now = now
        private_folder(folder)
        key, certificate = folder / "ca.key", folder / "ca.pem"
        if not certificate.exists():
            made = ec.generate_private_key(ec.SECP256R1())
            write_private(key, _private(made))
            write_private(certificate, _pem(_authority(made, now)))
        self._key = _load(key)
        self._certificate = x509.load_pem_x509_certificate(certificate.read_bytes())

    @property
    def pem(self) -> str:
        """The authority's certificate, which its parts trust."""
        return _pem(self._certificate)

    def certify(self, folder: Path, names: Sequence[str]) -> None:
        """Gives a part `cert.pem` and `key.pem` in its folder of secrets."""
        certificate, key = folder / "cert.pem", folder / "key.pem"
        if certificate.exists() and key.exists() and self._holds(certificate, names):
            return
        private_folder(folder)
        made = ec.generate_private_key(ec.SECP256R1())
        write_private(key, _private(made))
        write_private(certificate, _pem(self._signed(made, names)))

    def _holds(self, file: Path, names: Sequence[str]) -> bool:
        found = x509.load_pem_x509_certificate(file.read_bytes())
        named = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return (found.issuer == self._certificate.subject
                and found.not_valid_after_utc > self.now + RENEWED_BEFORE
                and named.get_values_for_type(x509.DNSName) == list(names))

    def _signed(self, key: ec.EllipticCurvePrivateKey, names: Sequence[str]) -> x509.Certificate:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            _begun(_name(names[0]), self._certificate.subject, key, self.now, LIVES)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(authority, critical=False)
            .sign(self._key, hashes.SHA256()))


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = _name(f"Yhdyspinta {x509.random_serial_number():x}"[:40])
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False)
    return (
        _begun(name, name, key, now, AUTHORITY_LIVES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256()))


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime,
           lives: timedelta) -> x509.CertificateBuilder:
    return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - _EARLIER).not_valid_after(now + lives))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _private(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption()).decode()


def _load(file: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(read_secret(file), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{file.name} holds no key of the authority")
    return key
