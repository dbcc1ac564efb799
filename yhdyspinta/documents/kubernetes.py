"""The services on Kubernetes: a namespace a side, in it the side's services and its database cluster.

Each side is a kustomization of its own (`kubectl apply -k deploy/kubernetes/area`), for each may be run by another
party. What a set-up must give itself are secrets, addresses and certificates (docs/operating.md, Kubernetes).
"""

from typing import Any

from contracts.topics import SERVICES, dead_letter_topic
from yhdyspinta.documents import several, strimzi
from yhdyspinta.provision import KEY_STORES

SIDES = ("area", "municipal", "shared")
IMAGE = "yhdyspinta"
PORT, KAFKA, POSTGRES, SMTP, HTTPS = 8443, 9093, 5432, 587, 443
USER = 10001
EVERYWHERE = "0.0.0.0"  # noqa: S104 - of a pod, with TLS; policies say who reaches it
SECRETS, TRUST, KEYS, CERTIFICATES = "/run/secrets", "/run/trust", "/var/lib/yhdyspinta/keys", "/run/certificates"
FOLDER = "deploy/kubernetes"
Resource = dict[str, Any]


def side_of(service: str) -> str:
    return dead_letter_topic(service).split(".", 1)[0]


def services_of(side: str) -> list[str]:
    return [service for service in SERVICES if side_of(service) == side]


def namespace(side: str) -> str:
    return f"yhdyspinta-{side}"


def files() -> dict[str, str]:
    made = {}
    for side in SIDES:
        folder = f"{FOLDER}/{side}"
        made[f"{folder}/side.yaml"] = several([_namespace(side), _settings(side), *_policies(side)])
        made[f"{folder}/database.yaml"] = several(_database(side))
        for service in services_of(side):
            made[f"{folder}/{service}.yaml"] = several(_service(side, service))
        made[f"{folder}/kustomization.yaml"] = several([_kustomization(
            ["side.yaml", "database.yaml", *(f"{service}.yaml" for service in services_of(side))])])
    made[f"{strimzi.FOLDER}/cluster.yaml"] = several([_plain_namespace(strimzi.NAMESPACE, "baseline"), *_kafka()])
    made[f"{strimzi.FOLDER}/kustomization.yaml"] = several([_kustomization(
        ["cluster.yaml", "topics.yaml", "users.yaml"])])
    return made


def _kustomization(resources: list[str]) -> Resource:
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources}


def _of(side: str, api: str, kind: str, name: str, spec: Any = None, **more: Any) -> Resource:
    labels = {"app.kubernetes.io/part-of": "yhdyspinta", "yhdyspinta/side": side}
    body = {} if spec is None else {"spec": spec}
    return {"apiVersion": api, "kind": kind,
            "metadata": {"name": name, "namespace": namespace(side), "labels": labels}, **body, **more}


def _plain_namespace(name: str, level: str = "restricted", **labels: str) -> Resource:
    enforced = {"pod-security.kubernetes.io/enforce": level} | labels
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": enforced}}


def _namespace(side: str) -> Resource:
    return _plain_namespace(namespace(side), **{"yhdyspinta/side": side})


def _settings(side: str) -> Resource:
    """What every service of the side is told; addresses are examples, an overlay has one's own."""
    return _of(side, "v1", "ConfigMap", "settings", data={
        "KAFKA_BOOTSTRAP": f"{strimzi.CLUSTER}-kafka-bootstrap.{strimzi.NAMESPACE}.svc:{KAFKA}",
        "KAFKA_CA": f"{CERTIFICATES}/kafka-ca.crt",
        "DATABASE_CA": f"{CERTIFICATES}/database-ca.crt",
        "PUBLIC_URL": f"https://{side}.yhdyspinta.example",
        "OIDC_ISSUER": "https://sign-in.example",
        "SMTP_HOST": "smtp.example",
        "SMTP_PORT": str(SMTP),
        "MAIL_FROM": "yhdyspinta@yhdyspinta.example",
        "SECRETS_DIR": SECRETS,
        "TRUST_DIR": TRUST,
        "HTTP_CERTIFICATE": f"{CERTIFICATES}/tls.crt",
        "HTTP_KEY": f"{CERTIFICATES}/tls.key",
    })


# --- network: nothing but what is named


def _policies(side: str) -> list[Resource]:
    own = {"podSelector": {"matchLabels": {"app.kubernetes.io/part-of": "yhdyspinta"}}}
    names = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    kafka = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": strimzi.NAMESPACE}}}
    database = {"podSelector": {"matchLabels": {"cnpg.io/cluster": f"{side}-database"}}}
    gateway = {"namespaceSelector": {"matchLabels": {"yhdyspinta/gateway": "true"}}}
    anywhere = [_port(HTTPS), *([_port(SMTP)] if side == "shared" else [])]
    return [
        _policy(side, "nothing-by-default", {}, {"policyTypes": ["Ingress", "Egress"]}),
        _policy(side, "services", own["podSelector"], {
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [gateway], "ports": [_port(PORT)]}],
            "egress": [
                {"to": [names], "ports": [_port(53, "UDP"), _port(53)]},
                {"to": [kafka], "ports": [_port(KAFKA)]},
                {"to": [database], "ports": [_port(POSTGRES)]},
                # the issuer of sign-ins, and of the shared side mail: an overlay may narrow it to their addresses
                {"ports": anywhere},
            ]}),
        _policy(side, "database", database["podSelector"], {
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [own], "ports": [_port(POSTGRES)]},
                        {"from": [database, {"namespaceSelector": {"matchLabels": {
                            "kubernetes.io/metadata.name": "cnpg-system"}}}]}]}),
        _policy(side, "database-out", database["podSelector"], {"policyTypes": ["Egress"], "egress": [{}]}),
    ]


def _policy(side: str, name: str, selector: Any, rules: Resource) -> Resource:
    return _of(side, "networking.k8s.io/v1", "NetworkPolicy", name, {"podSelector": selector, **rules})


def _port(number: int, protocol: str = "TCP") -> Resource:
    return {"port": number, "protocol": protocol}


# --- a service


def _service(side: str, service: str) -> list[Resource]:
    chosen = {"app.kubernetes.io/name": service}
    made = [
        _of(side, "v1", "ServiceAccount", service, automountServiceAccountToken=False),
        _of(side, "apps/v1", "Deployment", service, {
            "replicas": 2, "selector": {"matchLabels": chosen},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {"labels": {**chosen, "app.kubernetes.io/part-of": "yhdyspinta", "yhdyspinta/side": side},
                             "annotations": {"prometheus.io/scrape": "true", "prometheus.io/scheme": "https",
                                             "prometheus.io/port": str(PORT),
                                             "prometheus.io/path": f"/{service}/metrics"}},
                "spec": _pod(service)}}),
        _of(side, "v1", "Service", service, {
            "selector": chosen, "ports": [{"name": "https", "port": HTTPS, "targetPort": "https"}]}),
        _of(side, "policy/v1", "PodDisruptionBudget", service, {
            "minAvailable": 1, "selector": {"matchLabels": chosen}}),
        _forget(side, service),
    ]
    if service in KEY_STORES:
        made.insert(1, _of(side, "v1", "PersistentVolumeClaim", f"{service}-keys", {
            # shared by the replicas; of a class that takes no snapshots: what is erased must be nowhere
            "accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}))
    return made


def _pod(service: str) -> Resource:
    side = side_of(service)
    keys = service in KEY_STORES
    return {
        **_common(service),
        "terminationGracePeriodSeconds": 45,
        "topologySpreadConstraints": [{
            "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"app.kubernetes.io/name": service}}}],
        "initContainers": [_container(service, "migrate", ["migrate", "--grant", service], owner=True)],
        "containers": [{
            **_container(service, service, ["serve", "--host", EVERYWHERE, "--port", str(PORT), service],
                         keys=keys),
            "ports": [{"name": "https", "containerPort": PORT}],
            "startupProbe": _probe(service, "live", 5, 36),
            "livenessProbe": _probe(service, "live", 10, 6),
            "readinessProbe": _probe(service, "ready", 5, 3),
        }],
        "volumes": [
            *_volumes(service, side),
            *([{"name": "keys", "persistentVolumeClaim": {"claimName": f"{service}-keys"}}] if keys else []),
        ],
    }


def _common(service: str) -> Resource:
    return {
        "serviceAccountName": service, "automountServiceAccountToken": False, "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER,
                            "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": {"type": "RuntimeDefault"}},
    }


def _container(service: str, name: str, arguments: list[str], *, owner: bool = False, keys: bool = False) -> Resource:
    """`owner`: with the secrets of the tables' owner instead of the service's."""
    database = f"{side_of(service)}-database-rw.{namespace(side_of(service))}.svc:{POSTGRES}"
    address = {"name": f"DATABASE_URL_{service.upper()}", "value": f"postgresql://{database}/{service}"}
    return {
        "name": name, "image": IMAGE, "args": arguments,
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "env": [address, *([{"name": "KEYS_DIR", "value": KEYS}] if keys else [])],
        "resources": {"requests": {"cpu": "100m", "memory": "192Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                            "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [
            {"name": "owner-secrets" if owner else "secrets", "mountPath": SECRETS, "readOnly": True},
            {"name": "certificates", "mountPath": CERTIFICATES, "readOnly": True},
            {"name": "trust", "mountPath": TRUST, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - in the container, in memory
            *([{"name": "keys", "mountPath": KEYS}] if keys else []),
        ],
    }


def _volumes(service: str, side: str) -> list[Resource]:
    def item(name: str, key: str, path: str) -> Resource:
        return {"secret": {"name": name, "items": [{"key": key, "path": path}]}}

    own = [
        item(f"{service}-kafka", "password", "kafka-password"),
        item(f"{service}-database", "password", "database-password"),
    ]
    more = [{"secret": {"name": f"{service}-keys"}}] if service in (*KEY_STORES, "reporting") else []
    sign_in = [{"secret": {"name": f"{service}-sign-in", "optional": True}}]
    return [
        _projected("secrets", [*own, *more, *sign_in]),
        _projected("owner-secrets", [item(f"{service}-owner-database", "password", "database-owner-password")]),
        _projected("certificates", [
            {"secret": {"name": f"{service}-certificate"}},
            {"configMap": {"name": "kafka-ca", "items": [{"key": "ca.crt", "path": "kafka-ca.crt"}]}},
            item(f"{side}-database-ca", "ca.crt", "database-ca.crt"),
        ]),
        {"name": "trust", "configMap": {"name": "trust"}},
        {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
    ]


def _projected(name: str, sources: list[Resource]) -> Resource:
    return {"name": name, "projected": {"defaultMode": 0o440, "sources": sources}}


def _probe(service: str, what: str, period: int, failures: int) -> Resource:
    return {"httpGet": {"path": f"/{service}/health/{what}", "port": "https", "scheme": "HTTPS"},
            "periodSeconds": period, "failureThreshold": failures, "timeoutSeconds": 4}


def _forget(side: str, service: str) -> Resource:
    """Monthly, as the owner: the months of the audit log whose retention is over."""
    return _of(side, "batch/v1", "CronJob", f"{service}-audit-forget", {
        "schedule": "17 3 2 * *", "timeZone": "Europe/Helsinki", "concurrencyPolicy": "Forbid",
        "jobTemplate": {"spec": {"backoffLimit": 3, "template": {
            "metadata": {"labels": {"app.kubernetes.io/part-of": "yhdyspinta", "yhdyspinta/side": side}},
            "spec": {**_common(service), "restartPolicy": "OnFailure",
                     "containers": [_container(service, "forget", ["audit", "forget", service], owner=True)],
                     "volumes": _volumes(service, side)}}}},
    })


# --- databases and broker


def _database(side: str) -> list[Resource]:
    cluster = f"{side}-database"
    roles = [
        {"name": role, "ensure": "present", "login": True, "superuser": False, "createdb": False, "createrole": False,
         "passwordSecret": {"name": secret}}
        for service in services_of(side)
        for role, secret in ((f"{service}_owner", f"{service}-owner-database"), (service, f"{service}-database"))
    ]
    made = [_of(side, "postgresql.cnpg.io/v1", "Cluster", cluster, {
        "instances": 3,
        "storage": {"size": "20Gi"},
        "walStorage": {"size": "10Gi"},
        "enableSuperuserAccess": False,
        "postgresql": {
            "pg_hba": ["hostssl all all all scram-sha-256"],
            "parameters": {
                "max_connections": "200", "timezone": "UTC",
                # no value of a statement may reach the log
                "log_min_error_statement": "panic", "log_error_verbosity": "terse",
                "log_parameter_max_length_on_error": "0",
            }},
        "managed": {"roles": roles},
        "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}},
    })]
    made += [_of(side, "postgresql.cnpg.io/v1", "Database", f"{cluster}-{service}", {
        "name": service, "owner": f"{service}_owner", "cluster": {"name": cluster}, "ensure": "present",
        "encoding": "UTF8", "localeProvider": "builtin", "builtinLocale": "C.UTF-8", "template": "template0",
        "databaseReclaimPolicy": "retain",
    }) for service in services_of(side)]
    return made


def _kafka() -> list[Resource]:
    """Three brokers, TLS and SCRAM on the one listener, access lists; the registry's names are those of the topics."""
    metadata: Resource = {"name": strimzi.CLUSTER, "namespace": strimzi.NAMESPACE}
    return [
        {"apiVersion": strimzi.API, "kind": "KafkaNodePool",
         "metadata": {**metadata, "name": "node", "labels": {"strimzi.io/cluster": strimzi.CLUSTER}},
         "spec": {"replicas": 3, "roles": ["controller", "broker"],
                  "storage": {"type": "jbod", "volumes": [
                      {"id": 0, "type": "persistent-claim", "size": "50Gi", "kraftMetadata": "shared"}]},
                  "resources": {"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"memory": "2Gi"}}}},
        {"apiVersion": strimzi.API, "kind": "Kafka", "metadata": metadata, "spec": {
            "kafka": {
                "version": "4.3.1",
                "listeners": [{"name": "client", "port": KAFKA, "type": "internal", "tls": True,
                               "authentication": {"type": "scram-sha-512"}}],
                "authorization": {"type": "simple", "superUsers": ["admin"]},
                "config": {
                    "auto.create.topics.enable": "false", "allow.everyone.if.no.acl.found": "false",
                    "default.replication.factor": 3, "min.insync.replicas": 2, "offsets.topic.replication.factor": 3,
                    "transaction.state.log.replication.factor": 3, "transaction.state.log.min.isr": 2,
                    "unclean.leader.election.enable": "false",
                }},
            "entityOperator": {"topicOperator": {}, "userOperator": {}},
        }},
    ]
