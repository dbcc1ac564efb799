"""docker-compose.yml, read without Docker: every part hardened, each side apart, the registry's services all there."""

from pathlib import Path

import pytest
import yaml

from contracts.topics import SERVICES
from yhdyspinta.containers.secrets import FOLDERS, HOSTS, OF_OTHER_USERS, SIDES, VAR

ROOT = Path(__file__).parents[2]
FILE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
PARTS = FILE["services"]
SIDE_OF = {"referral": "area", "coaching": "municipal", "feedback": "municipal", "leads": "shared", "notify": "shared",
           "reporting": "shared"}
OF_KEYS = {"keys-referral": "referral", "keys-coaching": "coaching"}
ONCE = {"secrets", "provision", "year", "doctor", *OF_KEYS, *(f"migrate-{service}" for service in SERVICES)}
ON_ALL_SIDES = {"kafka", "provision", "year", "demo", "gateway", "doctor"}
HELD_BY_SET_UP = {"secrets", "provision"}


def mounts(part):
    """Volumes of a part: name, where, and whether it may only be read."""
    found = [volume.split(":") for volume in PARTS[part].get("volumes", ())]
    return {(name, where, bool(mode)) for name, where, *mode in found}


def held(part):
    return {name.removeprefix("secrets-") for name, _, _ in mounts(part) if name.startswith("secrets-")}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_has_no_more_rights_than_it_needs(name):
    part = PARTS[name]
    assert part["read_only"] is True
    assert part["cap_drop"] == ["ALL"]
    assert part["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "pid", "ipc", "devices"} & part.keys()
    assert int(part["user"].partition(":")[0]) > 0
    assert all(volume.split(":")[0] in FILE["volumes"] for volume in part.get("volumes", ()))
    assert all(port.startswith("127.0.0.1:") for port in part.get("ports", ()))


@pytest.mark.parametrize("name", sorted(PARTS.keys() - ONCE))
def test_a_part_that_stays_tells_its_health_and_comes_back(name):
    assert PARTS[name]["healthcheck"]["test"]
    assert PARTS[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(ONCE))
def test_a_part_that_ends_is_run_once(name):
    assert PARTS[name]["restart"] == "no"


def test_every_service_of_the_registry_has_a_container_and_a_migration_before_it():
    assert SIDE_OF.keys() == SERVICES.keys()
    for service in SERVICES:
        assert PARTS[service]["command"][:2] == ["serve", service]
        assert PARTS[service]["depends_on"][f"migrate-{service}"] == {"condition": "service_completed_successfully"}
        assert PARTS[f"migrate-{service}"]["command"] == ["migrate", service]
        assert f"migrate-{service}" in PARTS["year"]["depends_on"]
        for env in ("year", "provision", "demo"):
            assert any(name.endswith(f"_{service.upper()}") for name in PARTS[env]["environment"])


def test_a_service_is_on_the_network_of_its_side_alone():
    for service, side in SIDE_OF.items():
        for part in (service, f"migrate-{service}", f"postgres-{side}"):
            assert PARTS[part]["networks"] == [side]
        database = f"postgresql://postgres-{side}/{service}"
        assert PARTS[service]["environment"]["DATABASE_URL"] == database
        assert PARTS["year"]["environment"][f"DATABASE_URL_{service.upper()}"] == database
        admin = PARTS["provision"]["environment"][f"DATABASE_ADMIN_URL_{service.upper()}"]
        assert f"@postgres-{side}/" in admin
    assert all(FILE["networks"][side] == {"internal": True} for side in SIDES)
    assert {name for name, part in PARTS.items() if len(part.get("networks", ())) > 1} == ON_ALL_SIDES


def test_each_side_has_a_host_name_of_its_own():
    urls = {side: {PARTS[s]["environment"]["PUBLIC_URL"] for s in SIDE_OF if SIDE_OF[s] == side} for side in SIDES}
    assert all(len(found) == 1 for found in urls.values())
    assert len(set.union(*urls.values())) == len(SIDES)
    gateway = (ROOT / "deploy/gateway.conf").read_text().split()
    for service, side in SIDE_OF.items():
        (url,) = urls[side]
        host = url.removeprefix("http://").partition(":")[0]
        assert gateway[gateway.index(service) + 1] == f"{host};"
        assert PARTS["demo"]["environment"][f"PUBLIC_URL_{service.upper()}"] == url


def test_nobody_holds_another_part_s_secrets():
    for name in PARTS.keys() - HELD_BY_SET_UP - {"year", "doctor"}:
        assert held(name) <= {OF_KEYS.get(name, name)}, name
    for name in (*HOSTS, *(f"migrate-{service}" for service in SERVICES)):
        assert (f"secrets-{name}", "/run/secrets", True) in mounts(name)
    assert held("year") == {"admin", *SERVICES}
    assert {name for name in PARTS if "authority" in {volume for volume, _, _ in mounts(name)}} == {"secrets"}


def test_what_an_operator_runs_is_not_started_and_has_no_more_than_it_needs():
    assert {name for name, part in PARTS.items() if "profiles" in part} == {"doctor", *OF_KEYS}
    assert all(read_only for _, _, read_only in mounts("doctor"))
    for name, service in OF_KEYS.items():
        assert PARTS[name]["networks"] == [SIDE_OF[service]]
        assert PARTS[name]["environment"]["DATABASE_URL"] == PARTS[service]["environment"]["DATABASE_URL"]
        assert {volume for volume, _, _ in mounts(name)} == {f"secrets-{service}", "trust", f"keys-{service}"}


def test_whoever_trusts_the_authority_finds_its_certificate():
    for name, part in PARTS.items():
        if any("/run/trust" in str(value) for value in part.get("environment", {}).values()):
            assert ("trust", "/run/trust", True) in mounts(name), name


def test_what_is_written_at_the_start_has_a_folder_in_the_image_that_gives_it_its_owner():
    ours = {where for part in PARTS for _, where, read_only in mounts(part) if where.startswith(VAR)}
    assert ours <= set(FOLDERS)
    assert {where for _, where, _ in mounts("secrets")} >= {f for f in FOLDERS if "/secrets/" in f}


def test_parts_of_other_images_read_their_secrets_as_our_group():
    for name in OF_OTHER_USERS:
        assert PARTS[name]["group_add"] == [PARTS["referral"]["user"].partition(":")[2]]


def test_no_secret_stands_in_an_environment():
    for part in PARTS.values():
        for name, value in part.get("environment", {}).items():
            assert name.endswith("_FILE") or not any(word in name for word in ("PASSWORD", "SECRET_", "TOKEN"))
            assert "@" not in str(value) or str(value).startswith("postgresql://postgres@")
