"""The resources for Kubernetes: what the API server, Strimzi and CloudNativePG take, hardened, each side apart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from contracts.topics import SERVICES, SYSTEMS, TOPICS
from yhdyspinta.documents import ROOT, documents
from yhdyspinta.documents.kubernetes import SIDES, namespace, services_of, side_of
from yhdyspinta.provision import boundary

KUBERNETES = "1.34"
FOLDER = ROOT / "deploy" / "kubernetes"
OWN_KINDS = ("kafka.strimzi.io/v1", "postgresql.cnpg.io/v1", "kustomize.config.k8s.io/v1beta1")


def record(required: str = "", **fields: Any) -> dict[str, Any]:
    """A schema of an object that has these fields and no others."""
    return {"type": "object", "properties": fields, "additionalProperties": False, "required": required.split()}


TEXT, NUMBER, FLAG, ANY = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}, {"type": "object"}
PARAMETERS = {"type": "object", "additionalProperties": {"type": "string"}}


def many(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1}


def one_of(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


_SECRET_KEY = record("valueFrom", valueFrom=record(
    "secretKeyRef", secretKeyRef=record("name key", name=TEXT, key=TEXT)))
_RESOURCES = record(requests=PARAMETERS, limits=PARAMETERS)
SPECS = {
    # condensed from Strimzi 1.0's KafkaTopic, KafkaUser, KafkaNodePool and Kafka, version v1
    "KafkaTopic": record("partitions replicas config", partitions=NUMBER, replicas=NUMBER, config=ANY),
    "KafkaUser": record(
        "authentication",
        authentication=record("type password", type=one_of("scram-sha-512"), password=_SECRET_KEY),
        authorization=record("type acls", type=one_of("simple"), acls=many(record(
            "resource operations", type=one_of("allow"), host=TEXT,
            resource=record("type", type=one_of("topic", "group"), name=TEXT,
                            patternType=one_of("literal", "prefix")),
            operations=many(one_of("Read", "Write", "Describe"))))),
        quotas=record(producerByteRate=NUMBER, consumerByteRate=NUMBER, requestPercentage=NUMBER)),
    "KafkaNodePool": record(
        "replicas roles storage", replicas=NUMBER, roles=many(one_of("controller", "broker")), resources=_RESOURCES,
        storage=record("type volumes", type=one_of("jbod"), volumes=many(record(
            "id type size", id=NUMBER, type=one_of("persistent-claim"), size=TEXT, kraftMetadata=one_of("shared"))))),
    "Kafka": record(
        "kafka", entityOperator=record(topicOperator=ANY, userOperator=ANY),
        kafka=record("listeners", version=TEXT, config=ANY,
                     authorization=record("type", type=one_of("simple"), superUsers=many(TEXT)),
                     listeners=many(record("name port type tls", name=TEXT, port=NUMBER, type=one_of("internal"),
                                           tls=FLAG, authentication=record("type", type=TEXT))))),
    # condensed from CloudNativePG 1.27's Cluster and Database
    "Cluster": record(
        "instances", instances=NUMBER, storage=record("size", size=TEXT), walStorage=record("size", size=TEXT),
        enableSuperuserAccess=FLAG, resources=_RESOURCES,
        postgresql=record(pg_hba=many(TEXT), parameters=PARAMETERS),
        managed=record(roles=many(record(
            "name", name=TEXT, ensure=one_of("present"), login=FLAG, superuser=FLAG, createdb=FLAG, createrole=FLAG,
            passwordSecret=record("name", name=TEXT))))),
    "Database": record(
        "name owner cluster", name=TEXT, owner=TEXT, cluster=record("name", name=TEXT), ensure=one_of("present"),
        encoding=TEXT, localeProvider=one_of("builtin"), builtinLocale=TEXT, template=TEXT,
        databaseReclaimPolicy=one_of("retain")),
    "Kustomization": ANY,
}


def resources(folder: Path = FOLDER) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(folder.rglob("*.yaml")):
        for resource in yaml.safe_load_all(path.read_text()):
            yield path, resource


ALL = list(resources())


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [resource for _, resource in ALL if resource["kind"] == kind]


def pods() -> list[tuple[str, dict[str, Any]]]:
    found = [(each["metadata"]["name"], each["spec"]["template"]["spec"]) for each in of_kind("Deployment")]
    return found + [(each["metadata"]["name"], each["spec"]["jobTemplate"]["spec"]["template"]["spec"])
                    for each in of_kind("CronJob")]


def test_files_are_what_the_code_says() -> None:
    made = documents()
    assert [str(path) for path, content in made.items() if path.read_bytes() != content] == []


@pytest.mark.parametrize(("path", "resource"), ALL, ids=lambda part: getattr(part, "stem", None) or
                         (part["kind"] + "-" + part.get("metadata", {}).get("name", "")))
def test_a_resource_is_what_its_schema_takes(path: Path, resource: dict[str, Any]) -> None:
    if resource["apiVersion"] in OWN_KINDS:
        schema = SPECS[resource["kind"]]
        jsonschema.Draft202012Validator(schema).validate(resource.get("spec", {}))
    else:
        kubernetes_validate.validate(resource, KUBERNETES, strict=True)


@pytest.mark.parametrize("folder", [*SIDES, "kafka"])
def test_each_file_is_named_by_its_kustomization(folder: str) -> None:
    named = yaml.safe_load((FOLDER / folder / "kustomization.yaml").read_text())["resources"]
    assert sorted(named) == sorted(p.name for p in (FOLDER / folder).iterdir() if p.name != "kustomization.yaml")


def test_topics_and_rights_are_the_registrys() -> None:
    topics = {each["metadata"]["name"]: each["spec"] for each in of_kind("KafkaTopic")}
    assert topics.keys() == TOPICS.keys()
    for name, spec in topics.items():
        assert spec["partitions"] == TOPICS[name].partitions
        assert spec["config"].items() >= TOPICS[name].config().items()
    granted = {
        boundary.Grant(user["metadata"]["name"], operation.upper(), acl["resource"]["type"].upper(),
                       acl["resource"]["name"], acl["resource"]["patternType"] == "prefix", acl["host"])
        for user in of_kind("KafkaUser") for acl in user["spec"].get("authorization", {}).get("acls", ())
        for operation in acl["operations"]
    }
    assert granted == boundary.expected()
    limited = {user["metadata"]["name"] for user in of_kind("KafkaUser") if "quotas" in user["spec"]}
    assert limited == set(SYSTEMS)


@pytest.mark.parametrize(("name", "pod"), pods(), ids=lambda part: part if isinstance(part, str) else "")
def test_a_pod_may_do_nothing_that_it_need_not(name: str, pod: dict[str, Any]) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in [*pod.get("initContainers", ()), *pod["containers"]]:
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert not any("PASSWORD" in each["name"] for each in container["env"])
    mounts = {c["name"]: {m["name"] for m in c["volumeMounts"]} for c in pod["containers"]}
    if name in SERVICES:
        assert "owner-secrets" not in mounts[name]
        assert all(probe in pod["containers"][0] for probe in ("startupProbe", "livenessProbe", "readinessProbe"))


@pytest.mark.parametrize("side", SIDES)
def test_a_side_is_apart(side: str) -> None:
    mine = [resource for path, resource in resources(FOLDER / side) if resource["kind"] != "Kustomization"]
    text = yaml.safe_dump_all(mine)
    for other in set(SIDES) - {side}:
        assert namespace(other) not in text
    assert {each["metadata"]["name"] for each in mine if each["kind"] == "Deployment"} == set(services_of(side))
    assert {each["metadata"].get("namespace", namespace(side)) for each in mine} == {namespace(side)}
    rules = [each["spec"] for each in mine if each["kind"] == "NetworkPolicy"]
    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} in rules


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_a_disruption_budget_and_a_database_of_its_own(service: str) -> None:
    budgets = {each["metadata"]["name"] for each in of_kind("PodDisruptionBudget")}
    databases = {each["spec"]["name"]: each["spec"] for each in of_kind("Database")}
    assert service in budgets
    assert databases[service]["owner"] == f"{service}_owner"
    assert databases[service]["cluster"]["name"] == f"{side_of(service)}-database"
