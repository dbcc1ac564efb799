"""What the first container makes: certificates that hold for one name, secrets for their holders alone."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from chassis.settings import SettingsError
from contracts.topics import SERVICES
from yhdyspinta.containers import secrets
from yhdyspinta.containers.authority import LIVES, Authority
from yhdyspinta.provision import Place
from yhdyspinta.serve import Certificate

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    made = Place(tmp_path_factory.mktemp("var"), {}, {})
    secrets.make(made, 9094, NOW)
    return made


def contents(place):
    return {f.relative_to(place.folder): f.read_bytes() for f in place.folder.rglob("*") if f.is_file()}


def verify(place, host, name, now=NOW):
    store = Store([x509.load_pem_x509_certificate((place.trust / "ca.pem").read_bytes())])
    found = x509.load_pem_x509_certificate((place.secrets(host) / "cert.pem").read_bytes())
    PolicyBuilder().store(store).time(now).build_server_verifier(x509.DNSName(name)).verify(found, [])


@pytest.mark.parametrize("host", secrets.HOSTS)
def test_a_certificate_holds_for_its_own_names_and_its_key_fits(place, host):
    for name in secrets.HOSTS[host]:
        verify(place, host, name)
    with pytest.raises(VerificationError):
        verify(place, host, "referral" if host != "referral" else "coaching")
    folder = place.secrets(host)
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(folder / "cert.pem", folder / "key.pem")


def test_a_certificate_that_has_ended_holds_no_more(place):
    with pytest.raises(VerificationError):
        verify(place, "kafka", "kafka", NOW + LIVES + timedelta(days=1))


def test_again_nothing_changes_until_a_certificate_ends_soon(place):
    before = contents(place)
    secrets.make(place, 9094, NOW + timedelta(days=300))
    assert contents(place) == before
    secrets.make(place, 9094, NOW + timedelta(days=380))
    changed = {str(name) for name, content in contents(place).items() if before[name] != content}
    assert changed == {"secrets/kafka/kafka.pem",
                       *(f"secrets/{host}/{file}.pem" for host in secrets.HOSTS for file in ("cert", "key"))}
    verify(place, "kafka", "kafka", NOW + timedelta(days=380))


def test_everyone_has_a_folder_and_nobody_more_than_its_own(place):
    assert {f.name for f in (place.folder / "secrets").iterdir()} == set(secrets.HOLDERS)
    for service in SERVICES:
        assert not (place.secrets(service) / "database-owner-password").exists()
        assert (place.owner_secrets(service) / "database-owner-password").exists()
    found = [f.read_text() for f in (place.folder / "secrets").rglob("*password")]
    assert len(found) == len(set(found))


def test_files_are_closed_to_others(place):
    for file in (f for f in place.folder.rglob("*") if f.is_file() and place.trust not in f.parents):
        of_others = any(place.secrets(name) in file.parents for name in secrets.OF_OTHER_USERS)
        assert file.stat().st_mode & 0o777 == (0o640 if of_others else 0o600)
        assert file.parent.stat().st_mode & 0o777 == (0o750 if of_others else 0o700)


def test_kafka_speaks_tls_with_all_but_itself(place):
    lines = (place.secrets("kafka") / "server.properties").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines)
    assert settings["listener.security.protocol.map"] == "CONTROLLER:SASL_PLAINTEXT,CLIENT:SASL_SSL,OUTSIDE:SASL_SSL"
    assert "CONTROLLER://127.0.0.1:" in settings["listeners"]
    assert settings["advertised.listeners"] == "CLIENT://kafka:9092,OUTSIDE://localhost:9094"


def test_another_authority_s_certificate_is_made_anew(place, tmp_path):
    other = Authority(tmp_path, NOW)
    folder = tmp_path / "kafka"
    other.certify(folder, ("kafka",))
    before = (folder / "cert.pem").read_bytes()
    Authority(place.folder / "authority", NOW).certify(folder, ("kafka",))
    assert (folder / "cert.pem").read_bytes() != before


def test_half_a_certificate_is_refused_with_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("HTTP_CERTIFICATE", str(tmp_path / "cert.pem"))
    with pytest.raises(SettingsError, match="go together"):
        Certificate.from_environment()
