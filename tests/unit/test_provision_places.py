"""Where broker and databases are, as the environment says it: a server a side, and Kafka's address for others."""

import pytest

from contracts.topics import SERVICES
from yhdyspinta import provision
from yhdyspinta.provision import clients

SIDES = {"referral": "area", "coaching": "municipal", "feedback": "municipal"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("YHDYSPINTA_VAR", str(tmp_path))
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "kafka:9092")
    monkeypatch.setenv("KAFKA_CA", str(tmp_path / "trust.pem"))
    monkeypatch.setenv("KAFKA_OUTSIDE", "localhost:9094")
    for service in SERVICES:
        side = SIDES.get(service, "shared")
        monkeypatch.setenv(f"DATABASE_ADMIN_URL_{service.upper()}", f"postgresql://postgres@postgres-{side}/postgres")
    for holder, name in (("admin", "kafka"), *((f"postgres-{s}", "database") for s in ("area", "municipal", "shared"))):
        (tmp_path / "secrets" / holder).mkdir(parents=True)
        (tmp_path / "secrets" / holder / f"{name}-password").write_text(f"of {holder}")
    (tmp_path / "trust.pem").write_text("an authority")
    return provision.from_environment()


def test_each_service_s_database_is_on_the_server_of_its_side_with_that_server_s_password(place):
    for service in SERVICES:
        host = f"postgres-{SIDES.get(service, 'shared')}"
        server = place.database_server(service)
        assert (server["host"], server["user"], server["password"]) == (host, "postgres", f"of {host}")
        assert place.settings(service).database_url == f"postgresql://{host}:5432/{service}"
    assert not (place.folder / "secrets" / "admin" / "database-password").exists()


def test_client_files_name_the_address_for_others_and_the_authority_beside_them(place):
    provision.passwords(place)
    told = clients.read(place.clients, "lempaala-party")
    assert (told["bootstrap.servers"], told["security.protocol"]) == ("localhost:9094", "SASL_SSL")
    assert told["ssl.ca.location"] == "ca.pem"
    assert (place.clients / "ca.pem").read_text() == "an authority"


def test_an_owner_s_password_is_apart_where_there_is_a_folder_for_it(place):
    assert place.owner_secrets("referral") == place.secrets("referral")
    place.secrets("migrate-referral").mkdir()
    assert place.owner_secrets("referral") == place.secrets("migrate-referral")
