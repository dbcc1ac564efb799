"""Topics and accounts as Strimzi takes them, from the topic registry: the boundary on a cluster of one's own."""

from typing import Any

from contracts.topics import SYSTEMS, TOPICS
from yhdyspinta.documents import several
from yhdyspinta.provision.boundary import Grant, expected, principals

API = "kafka.strimzi.io/v1"
CLUSTER = "yhdyspinta"
NAMESPACE = "yhdyspinta-kafka"
REPLICAS = 3
FOLDER = "deploy/kubernetes/kafka"


def files() -> dict[str, str]:
    return {f"{FOLDER}/topics.yaml": several(topics()), f"{FOLDER}/users.yaml": several(users())}


def topics() -> list[dict[str, Any]]:
    return [_resource("KafkaTopic", topic.name, {
        "partitions": topic.partitions, "replicas": REPLICAS,
        "config": {**dict(sorted(topic.config().items())), "min.insync.replicas": "2"},
    }) for topic in TOPICS.values()]


def users() -> list[dict[str, Any]]:
    """Everyone of the registry, and the administrator, who is the cluster's super user."""
    grants = expected()
    return [_resource("KafkaUser", "admin", _password("admin")), *(_resource("KafkaUser", principal, {
        **_password(principal),
        "authorization": {"type": "simple", "acls": [
            _acl(grant) for grant in sorted(grants) if grant.principal == principal]},
        **_quotas(principal),
    }) for principal in principals())]


def _password(principal: str) -> dict[str, Any]:
    return {"authentication": {"type": "scram-sha-512", "password": {"valueFrom": {"secretKeyRef": {
        "name": f"{principal}-kafka", "key": "password"}}}}}


def _quotas(principal: str) -> dict[str, Any]:
    if principal not in SYSTEMS:
        return {}
    quota = SYSTEMS[principal].quota
    return {"quotas": {"producerByteRate": quota.written, "consumerByteRate": quota.read,
                       "requestPercentage": quota.time}}


def _acl(grant: Grant) -> dict[str, Any]:
    return {"type": "allow", "resource": {"type": grant.kind.lower(), "name": grant.name,
                                          "patternType": "prefix" if grant.prefixed else "literal"},
            "operations": [grant.operation.capitalize()], "host": grant.host}


def _resource(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API, "kind": kind,
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"strimzi.io/cluster": CLUSTER}},
            "spec": spec}
