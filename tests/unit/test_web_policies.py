"""A route without a policy does not start, and the policy is one function for page, API and event."""

import pytest
from fastapi import FastAPI

from chassis.decisions import Refused
from chassis.policy import ANONYMOUS, Principal, allow, check, permits, public, signed_in, system, system_of
from chassis.web.limits import Rate, check_depth
from chassis.web.routes import GuardedRoute, PolicyMissing, Routes, check_policies, table

COACH = Principal("person", "sanni-esimerkki", "Sanni", "lempaala", frozenset({"coach"}))
PARTY = Principal("system", "abc", "party", "lempaala", scopes=frozenset({"cases"}))
OURS = system_of("/municipal/coaching")


async def nothing() -> None:
    """A handler."""


@pytest.mark.parametrize(("policy", "who", "scope", "may"), [
    (allow("coach"), COACH, None, True),
    (allow("case-manager"), COACH, None, False),
    (allow("coach"), PARTY, "cases", True),
    (allow("coach"), PARTY, "other", False),
    (allow("coach"), PARTY, None, False),
    (allow("coach"), ANONYMOUS, None, False),
    (allow(), COACH, "cases", False),
    (signed_in, COACH, None, True),
    (signed_in, PARTY, "cases", False),
    (public, ANONYMOUS, None, True),
    (system, OURS, None, True),
    (system, PARTY, "cases", False),
    (system, COACH, None, False),
])
def test_who_may(policy, who, scope, may):
    assert permits(policy, who, scope) is may
    if not may:
        with pytest.raises(Refused) as refused:
            check(policy, who, scope)
        assert refused.value.refusal.status == (401 if who is ANONYMOUS else 403)


@pytest.mark.parametrize(("kind", "method", "path", "more"), [
    ("page", "GET", "/cases", {"policy": None}),
    ("page", "GET", "/cases", {"policy": system}),
    ("page", "GET", "/cases", {"policy": allow()}),
    ("page", "GET", "/api/cases", {"policy": allow("coach")}),
    ("page", "DELETE", "/cases", {"policy": allow("coach")}),
    ("api", "GET", "/cases", {"policy": allow("coach"), "scope": "cases"}),
    ("api", "GET", "/api/cases", {"policy": allow("coach")}),
])
def test_a_route_with_a_policy_that_cannot_hold_is_refused_where_it_is_written(kind, method, path, more):
    with pytest.raises(PolicyMissing):
        getattr(Routes(), kind)(method, path, **more)(nothing)


def test_an_application_with_a_route_of_its_own_making_does_not_start():
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    check_policies(app)
    app.get("/behind-the-back")(nothing)
    with pytest.raises(PolicyMissing):
        check_policies(app)


def test_the_table_of_routes_names_roles_and_whose_rows():
    routes = Routes()
    routes.page("GET", "/cases", policy=allow("coach", own="organisation"))(nothing)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.router.routes.extend(GuardedRoute(definition) for definition in routes.defined)
    (row,) = table(app)
    assert (row.method, row.path, row.policy.roles, row.policy.own) == ("GET", "/cases", {"coach"}, "organisation")


def test_a_rate_lets_through_so_many_a_minute_and_says_when_to_go_on():
    rate = Rate(3)
    for _ in range(3):
        rate.take("one", 100.0)
    with pytest.raises(Refused) as refused:
        rate.take("one", 101.0)
    assert refused.value.refusal.retry_after == 19
    rate.take("another", 101.0)
    rate.take("one", 121.0)


@pytest.mark.parametrize(("body", "refused"), [
    (b'{"a":' * 9 + b"[1]" + b"}" * 9, False), (b"[" * 11 + b"]" * 11, True), (b"not json", False),
])
def test_json_may_be_nested_ten_deep(body, refused):
    if refused:
        with pytest.raises(Refused):
            check_depth(body)
    else:
        check_depth(body)
