"""The demo's issuer with two addresses: one that services ask, one that browsers see."""

import httpx
import pytest

from chassis.clock import system_clock
from yhdyspinta.demo import issuer

ASKED = {"client_id": "yhdyspinta-referral", "response_type": "code", "code_challenge_method": "S256", "state": "s",
         "nonce": "n", "code_challenge": "c"}


@pytest.fixture
def app():
    return issuer.application("https://demo:8443/issuer", system_clock, demo=True, seen_at="http://localhost:8000/issuer",
                              services_at={"referral": "http://tyollisyysalue.localhost:8000"})


async def get(app, host, path, **query):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=f"http://{host}") as http:
        return await http.get(path, params=query)


async def test_services_ask_it_by_its_name_and_send_browsers_where_they_see_it(app):
    said = (await get(app, "demo:8443", "/.well-known/openid-configuration")).json()
    assert said["issuer"] == "https://demo:8443/issuer"
    assert said["token_endpoint"] == "https://demo:8443/issuer/token"
    assert said["authorization_endpoint"] == "http://localhost:8000/issuer/authorize"


async def test_it_answers_by_both_names_and_no_other(app):
    assert (await get(app, "localhost:8000", "/jwks")).status_code == 200
    assert (await get(app, "rebound.example:8000", "/jwks")).status_code == 421


async def test_a_service_gets_people_back_at_its_own_host_alone(app):
    there = "http://tyollisyysalue.localhost:8000"
    page = await get(app, "localhost:8000", "/authorize", redirect_uri=f"{there}/referral/signed-in", **ASKED)
    assert page.status_code == 200
    assert f"form-action 'self' {there};" in page.headers["content-security-policy"]
    for other in ("http://localhost:8000", "http://kunnat.localhost:8000"):
        refused = await get(app, "localhost:8000", "/authorize", redirect_uri=f"{other}/referral/signed-in", **ASKED)
        assert refused.status_code == 400
