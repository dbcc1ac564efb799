"""Who may do what: one policy function for page, API and event [privacy.md, Who may do what].

A route, command or subscriber names its policy; one that names none does not start. `own` says which rows are
the caller's; the rule itself is in the query that loads the row, so that somebody else's row is not found (404)
rather than forbidden (403).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chassis.decisions import Refusal, Refused

Own = Literal["organisation", "service", "case"]
Kind = Literal["person", "system", "anonymous"]


@dataclass(frozen=True)
class Principal:
    """Who acts: a person who signed in, a system with a token or an event, or nobody that we know.

    `id` is the staff id, the token's id or the source of the event. `services` are the services that a person
    works in, by name, with the address of each.
    """

    kind: Kind
    id: str
    name: str
    organisation: str | None
    roles: frozenset[str] = frozenset()
    language: str = "fi"
    scopes: frozenset[str] = frozenset()
    services: Mapping[str, str] = field(default_factory=dict)

    def has(self, *roles: str) -> bool:
        """Whether the person has one of the roles."""
        return not self.roles.isdisjoint(roles)


ANONYMOUS = Principal("anonymous", "anonymous", "", None)
"""Whoever asks for what is public."""


def system_of(source: str) -> Principal:
    """The principal of an event's source, `/<organisation>/<system>`: timers and subscribers act as it."""
    return Principal("system", source, source, source.strip("/").split("/")[0])


@dataclass(frozen=True)
class Policy:
    """Which roles may, and whose rows; made by `allow`, or one of `signed_in`, `public` and `system`."""

    kind: Literal["allow", "signed-in", "public", "system"]
    roles: frozenset[str] = frozenset()
    own: Own | None = None


def allow(*roles: str, own: Own | None = None) -> Policy:
    """People who have one of the roles; over the API a token that has the route's scope.

    Without roles no person may: the route is for systems alone.
    """
    return Policy("allow", frozenset(roles), own)


signed_in = Policy("signed-in")
"""Whoever works in this service: their own waiting list, their language."""

public = Policy("public")
"""Anyone, signed in or not: the page sees no session and no cookie."""

system = Policy("system")
"""No person and no token: a subscriber, a timer or a command of the operator's shell."""


@dataclass(frozen=True)
class SignInNeeded(Refusal):
    code = "sign-in-needed"
    sentence_en = "This needs a sign-in: a person's session on pages, a valid bearer token in the API."
    sentence_fi = "Tähän tarvitaan kirjautuminen: sivuilla henkilön istunto, rajapinnassa voimassa oleva tunniste."
    status = 401


@dataclass(frozen=True)
class SignInAgain(Refusal):
    """Raised where an act needs a fresh sign-in (many reveals in an hour): the page asks for one and comes back."""

    code = "sign-in-again"
    sentence_en = "This needs a fresh sign-in. Sign in again to go on."
    sentence_fi = "Tähän tarvitaan tuore kirjautuminen. Jatka kirjautumalla uudelleen."
    status = 401


@dataclass(frozen=True)
class NotAllowed(Refusal):
    """`belongs_to`: codes of the roles or the scope whose matter it is, in one text."""

    belongs_to: str

    code = "not-allowed"
    sentence_en = "This is not among your rights. It belongs to: {belongs_to}."
    sentence_fi = "Tämä ei kuulu oikeuksiisi. Se kuuluu tälle: {belongs_to}."
    status = 403


def permits(policy: Policy, who: Principal, scope: str | None = None) -> bool:
    """The rule itself. `scope` is what the route asks of a token."""
    if policy.kind == "public":
        return True
    if policy.kind == "system":
        return who.kind == "system" and not who.scopes
    if policy.kind == "signed-in":
        return who.kind == "person"
    if who.kind == "person":
        return not policy.roles.isdisjoint(who.roles)
    return who.kind == "system" and scope is not None and scope in who.scopes


def check(policy: Policy, who: Principal, scope: str | None = None) -> None:
    """Raises `Refused` with `SignInNeeded` (nobody is signed in) or `NotAllowed`."""
    if permits(policy, who, scope):
        return
    if who.kind == "anonymous":
        raise Refused(SignInNeeded())
    belongs_to = scope if who.kind == "system" else ", ".join(sorted(policy.roles))
    raise Refused(NotAllowed(belongs_to or "system"))
