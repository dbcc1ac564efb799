"""Who may do what on the broker, from the registry; and whether the broker says the same.

Least privilege: a writer has WRITE on its topic, a reader READ on its topics and READ on groups that begin with its
name and a dot (both let it see lag). Nobody of the registry has anything else.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
)

from contracts.topics import SERVICES, SYSTEMS, TOPICS
from yhdyspinta.provision.settled import settled

READER = "reader-"
"""Names of reader accounts begin with it: they read open topics (`Topic.open_to_accounts`), nothing else."""
TIMEOUT = 30.0


@dataclass(frozen=True, order=True)
class Grant:
    """One entry of the broker's access list."""

    principal: str
    operation: str
    kind: str
    name: str
    prefixed: bool = False
    host: str = "*"
    permission: str = "ALLOW"

    def __str__(self) -> str:
        what = f"{self.kind.lower()} {self.name}{'*' if self.prefixed else ''}"
        host = "" if self.host == "*" else f" from {self.host}"
        return f"{self.principal} {'may' if self.permission == 'ALLOW' else 'may not'} {self.operation} {what}{host}"


@dataclass(frozen=True)
class Difference:
    """Something that registry and broker do not say alike. `kind`: `missing`, `extra` or `setting`."""

    kind: str
    sentence: str
    grant: Grant | None = field(default=None, compare=False)


def principals() -> tuple[str, ...]:
    """Everyone in the registry: our services, then the other systems."""
    return (*SERVICES, *SYSTEMS)


def expected(prefix: str = "", accounts: Iterable[str] = ()) -> frozenset[Grant]:
    """What the registry grants; `accounts` are reader accounts to be let in too."""
    grants = set()
    for topic in TOPICS.values():
        name = prefix + topic.name
        grants |= {Grant(writer, "WRITE", "TOPIC", name) for writer in topic.writers}
        readers = (*topic.readers, *accounts) if topic.open_to_accounts else topic.readers
        for reader in readers:
            grants |= {Grant(reader, "READ", "TOPIC", name), Grant(reader, "READ", "GROUP", f"{reader}.", True)}
    return frozenset(grants)


def found(admin: AdminClient, prefix: str = "") -> frozenset[Grant]:
    """What the broker grants on anything that this prefix has to do with: wider entries count too."""
    anyone: Any = None  # the library's stubs know no wildcard
    any_of = AclBindingFilter(ResourceType.ANY, anyone, ResourcePatternType.ANY, anyone, anyone, AclOperation.ANY,
                              AclPermissionType.ANY)
    bindings = admin.describe_acls(any_of, request_timeout=TIMEOUT).result()
    return frozenset(grant for grant in map(_grant, bindings) if _touches(grant, prefix))


def _grant(binding: AclBinding) -> Grant:
    return Grant(binding.principal.removeprefix("User:"), binding.operation.name, binding.restype.name, binding.name,
                 binding.resource_pattern_type == ResourcePatternType.PREFIXED, binding.host,
                 binding.permission_type.name)


def _touches(grant: Grant, prefix: str) -> bool:
    if grant.kind != "TOPIC" or grant.name == "*" or grant.name.startswith(prefix):
        return True
    return grant.prefixed and prefix.startswith(grant.name)


def binding(grant: Grant) -> AclBinding:
    """The grant as the broker takes it."""
    pattern = ResourcePatternType.PREFIXED if grant.prefixed else ResourcePatternType.LITERAL
    return AclBinding(ResourceType[grant.kind], grant.name, pattern, f"User:{grant.principal}", grant.host,
                      AclOperation[grant.operation], AclPermissionType[grant.permission])


def _is_ours(grant: Grant, prefix: str) -> bool:
    """Whether an entry is for somebody of the registry or reaches one of its topics."""
    if grant.principal in principals() or grant.principal.startswith(READER):
        return True
    reached = (prefix + name for name in TOPICS)
    return grant.kind == "TOPIC" and any(
        grant.name in ("*", name) or (grant.prefixed and name.startswith(grant.name)) for name in reached)


def _accounts(grants: Iterable[Grant]) -> frozenset[str]:
    return frozenset(grant.principal for grant in grants if grant.principal.startswith(READER))


def apply(admin: AdminClient, prefix: str = "", *, shared: bool = False) -> None:
    """Makes the broker's access list what the registry says: adds what is missing, takes away what is more; on a
    `shared` broker only from those of the registry: what others have on our topics is told by `boundary`."""
    there = found(admin, prefix)
    wanted = expected(prefix, _accounts(there))
    more = {grant for grant in there - wanted if not shared or grant.principal in principals()}
    change(admin, wanted - there, more, prefix)


def withdraw(admin: AdminClient, prefix: str) -> None:
    """Takes away all that is granted on the topics of a prefix (a test's world that ends)."""
    gone = {g for g in found(admin, prefix) if g.kind == "TOPIC" and g.name.startswith(prefix)}
    change(admin, (), gone, prefix)


def admit_reader(admin: AdminClient, account: str, prefix: str = "") -> None:
    """Lets a reader account read the topics that are open to such accounts."""
    change(admin, expected(prefix, [account]) - expected(prefix), (), prefix)


def expel_reader(admin: AdminClient, account: str) -> None:
    """Takes away all that a reader account was granted."""
    change(admin, (), {grant for grant in found(admin) if grant.principal == account})


def change(admin: AdminClient, added: Collection[Grant], removed: Collection[Grant], prefix: str = "") -> None:
    """Adds and takes away entries; returns when the broker goes by it. All are of the prefix."""
    if added:
        for made in admin.create_acls([binding(grant) for grant in added], request_timeout=TIMEOUT).values():
            made.result()
    if removed:
        filters = [
            AclBindingFilter(b.restype, b.name, b.resource_pattern_type, b.principal, b.host, b.operation,
                             b.permission_type)
            for b in map(binding, removed)
        ]
        for gone in admin.delete_acls(filters, request_timeout=TIMEOUT).values():
            gone.result()

    def done() -> bool:
        there = found(admin, prefix)
        return there >= set(added) and there.isdisjoint(removed)

    if added or removed:
        settled(done, "its access list")


def boundary(admin: AdminClient, prefix: str = "", *, shared: bool = False) -> list[Difference]:
    """What broker and registry do not say alike; empty when the boundary stands. What others have on a `shared`
    broker counts where it reaches our topics."""
    there = {grant for grant in found(admin, prefix) if not shared or _is_ours(grant, prefix)}
    wanted = expected(prefix, _accounts(there))
    differences = [Difference("extra", f"The broker says: {g}. The registry does not.", g)
                   for g in sorted(there - wanted)]
    differences += [Difference("missing", f"The registry says: {g}. The broker does not.", g)
                    for g in sorted(wanted - there)]
    return differences + _settings(admin)


def _settings(admin: AdminClient) -> list[Difference]:
    """Settings that would make the access list say nothing."""
    broker = next(iter(admin.list_topics(timeout=TIMEOUT).brokers))
    resource = ConfigResource(ConfigResource.Type.BROKER, str(broker))
    configs = admin.describe_configs([resource], request_timeout=TIMEOUT)[resource].result()

    def value(name: str) -> str:
        return (configs[name].value or "") if name in configs else ""

    differences = []
    if not value("authorizer.class.name"):
        differences.append(Difference("setting", "The broker checks no access list (authorizer.class.name is empty)."))
    if value("allow.everyone.if.no.acl.found") == "true":
        differences.append(Difference("setting", "The broker lets everyone in where no entry is found "
                                                 "(allow.everyone.if.no.acl.found is true)."))
    supers = {name.strip().removeprefix("User:") for name in value("super.users").split(";")}
    differences += [Difference("setting", f"{name} is a super user of the broker: no entry binds it.")
                    for name in principals() if name in supers]
    return differences
