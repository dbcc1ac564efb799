"""The containers of docker-compose.yml for real: the flow of a referral, the boundary, and each part killed in turn.

Needs Docker, as root on its host (`make test-compose`).
"""

import re
import ssl
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError

from chassis.calendar import helsinki_day
from contracts.topics import SERVICES
from tests.component.coaching_side import SCOPES as CASES
from tests.component.coaching_side import Provider
from tests.component.referral_side import NAME, PHONE, Area
from tests.component.referral_side import SCOPES as REFERRALS
from tests.system.composed import LASTING, Composed, composed
from tests.waiting import until

pytestmark = pytest.mark.timeout(1500)
AREA, MUNICIPAL, SHARED = "tyollisyysalue.localhost", "kunnat.localhost", "yhteiset.localhost"
HOSTS = {"referral": AREA, "coaching": MUNICIPAL, "feedback": MUNICIPAL, "leads": SHARED, "notify": SHARED,
         "reporting": SHARED}
UNREACHED = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
except OSError:
    sys.exit(0)
sys.exit(1)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with composed(tmp_path_factory.mktemp("compose")) as running:
        yield running


@pytest.fixture(scope="module")
async def sides(made: Composed):
    """A program of the area and one of the provider, each at the host of its side."""
    async with made.http(AREA) as area, made.http(MUNICIPAL) as municipal:
        yield (Area(area, made.token("referral", "tampere-region", REFERRALS), datetime.now(UTC)),
               Provider(municipal, made.token("coaching", "lempaala", CASES)))


async def one_referral(area: Area, provider: Provider) -> None:
    """From consent to ended coaching."""
    today = helsinki_day(datetime.now(UTC)).isoformat()
    referral = await area.refer()
    case = await provider.case_of(referral["number"], contact_details="here")
    shown = await provider.post(f"/cases/{case['case_id']}/contact-details", {"reason": "contact-attempt"})
    assert shown.json() == {"name": NAME, "phone": PHONE}
    await provider.act(case, "start", on=today)
    await area.until(referral["referral_id"], status="started")
    await provider.act(case, "end", on=today, outcome="education")
    await area.until(referral["referral_id"], status="ended")


async def test_a_referral_goes_through_the_gateway_from_consent_to_ended_coaching(made, sides):
    await one_referral(*sides)


async def test_the_provider_is_told_by_a_mail_that_the_catcher_took_over_tls(made, sides):
    area, _ = sides
    referral = await area.refer()
    async with made.http("localhost") as http:

        async def told():
            return [m for m in (await http.get("/mail/api/mails")).json() if referral["number"] in m["text"]]

        (mail,) = await until(told, what="the mail")
    assert f":{made.port}/coaching/" in mail["text"]
    assert NAME not in mail["text"]


async def test_the_front_page_leads_to_a_sign_in_and_back_to_the_host_of_the_side(made):
    async with made.http("localhost") as front, made.http(AREA) as area:
        assert "/referral/" in (await front.get("/")).text
        begun = await area.get("/referral/", follow_redirects=False)
        sign_in = await area.get(begun.headers["location"].removeprefix(f"http://{AREA}:{made.port}"))
        issuer = sign_in.headers["location"].removeprefix(f"http://localhost:{made.port}")
        assert issuer.startswith("/issuer/authorize?")
        page = await front.get(issuer)
        assert "Mikko Mallila" in page.text
        assert f"form-action 'self' http://{AREA}:{made.port};" in page.headers["content-security-policy"]
        chosen = await front.post(issuer, data={"person": "mikko-mallila"})
        back = chosen.headers["location"]
        assert back.startswith(f"http://{AREA}:{made.port}/referral/signed-in?")
        signed_in = await area.get(back.removeprefix(f"http://{AREA}:{made.port}"))
        assert signed_in.status_code in (302, 303)
        home = await area.get("/referral/")
        assert "Mikko Mallila" in home.text


async def test_a_service_answers_at_the_host_of_its_side_alone(made):
    for service, home in HOSTS.items():
        for host in {AREA, MUNICIPAL, SHARED, "localhost"}:
            async with made.http(host) as http:
                answer = await http.get(f"/{service}/sign-in?to=/")
            assert answer.status_code in (302, 303, 307)
            if host == home:
                assert "/issuer/authorize" in answer.headers["location"]
            else:
                assert answer.headers["location"] == f"http://{home}:{made.port}/{service}/sign-in?to=/"


async def test_the_gateway_passes_no_health_and_no_metrics_on(made):
    for service, home in HOSTS.items():
        async with made.http(home) as http:
            for path in ("health/ready", "health/live", "metrics"):
                answer = await http.get(f"/{service}/{path}")
                assert (answer.status_code, answer.text) == (404, "Not here.\n")
            assert (await http.get(f"/{service}//metrics")).status_code == 404
            assert (await http.get(f"/{service}/%6Detrics")).text == "Not here.\n"


async def test_the_broker_says_what_the_registry_says(made):
    said = made.compose("run", "--rm", "--no-deps", "-T", "provision", "boundary")
    assert "The broker says the same" in said.stdout


async def test_neither_side_reads_or_writes_what_is_the_other_s(made):
    consumer = AIOKafkaConsumer("municipal.casework.v1", **made.kafka("referral"), group_id="referral.test")
    with pytest.raises(TopicAuthorizationFailedError):
        await consumer.start()
    await consumer.stop()
    producer = AIOKafkaProducer(**made.kafka("coaching"), enable_idempotence=False)
    await producer.start()
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait("area.referrals.v1", b"{}", key=b"key")
    finally:
        await producer.stop()


async def test_kafka_speaks_with_nobody_in_plain_text_or_under_another_authority(made):
    right = made.kafka("referral")
    for wrong in ({"security_protocol": "SASL_PLAINTEXT", "ssl_context": None},
                  {"ssl_context": ssl.create_default_context()}):
        consumer = AIOKafkaConsumer(**right | wrong, request_timeout_ms=3000)
        with pytest.raises(KafkaConnectionError):
            await consumer.start()
        await consumer.stop()


@pytest.mark.parametrize(("part", "host", "port"), [
    ("referral", "postgres-municipal", 5432), ("coaching", "postgres-area", 5432), ("coaching", "referral", 8443),
    ("reporting", "postgres-municipal", 5432), ("coaching", "192.0.2.1", 443),
])
async def test_a_part_reaches_nothing_of_another_side_and_nothing_outside(made, part, host, port):
    made.inside(part, "python", "-c", UNREACHED, host, str(port))


async def test_a_database_lets_nobody_in_without_tls(made):
    said = made.compose(
        "exec", "-T", "postgres-area", "psql", "host=postgres-area user=referral dbname=referral sslmode=disable",
        "-c", "select 1", check=False)
    assert said.returncode
    assert "no encryption" in said.stderr


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_holds_its_own_secrets_and_not_its_owner_s(made, service):
    names = made.inside(service, "ls", "-1", "/run/secrets").split()
    assert {"kafka-password", "database-password", "cert.pem", "key.pem"} <= set(names)
    assert "database-owner-password" not in names
    assert made.compose("exec", "-T", service, "ls", "/var/lib/yhdyspinta/authority", check=False).stdout == ""


@pytest.mark.parametrize("part", LASTING)
async def test_a_container_runs_with_no_rights_and_a_root_that_can_t_be_written(made, part):
    status = made.inside(part, "cat", "/proc/1/status")
    assert re.search(r"^CapEff:\s+0+$", status, re.M)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)
    assert not re.search(r"^Uid:\s+0\b", status, re.M)
    assert made.compose("exec", "-T", part, "sh", "-c", "touch /etc/here || touch /here", check=False).returncode


async def test_the_doctor_finds_nothing_wrong(made):
    said = made.compose("run", "--rm", "--no-deps", "-T", "doctor", "--quiet")
    assert " 0 wrong, 0 not known" in said.stdout


async def test_keys_are_rotated_where_their_secrets_may_be_written_and_open_on(made, sides):
    area, provider = sides
    referral = await area.refer()
    case = await provider.case_of(referral["number"], contact_details="here")
    refused = made.compose("exec", "-T", "coaching", "yhdyspinta", "keys", "rotate", "coaching", check=False)
    assert refused.returncode
    assert "can't be written into /run/secrets (Read-only file system)" in refused.stderr
    said = made.compose("run", "--rm", "--no-deps", "-T", "keys-coaching", "rotate", "coaching")
    assert "the old key encryption key is erased" in said.stdout
    shown = await provider.post(f"/cases/{case['case_id']}/contact-details", {"reason": "contact-attempt"})
    assert shown.json() == {"name": NAME, "phone": PHONE}


async def test_whichever_container_is_killed_comes_back_and_the_flow_goes_on(made, sides):
    for part in LASTING:
        await made.kill(part)
    for service in HOSTS:
        await until(lambda service=service: made.healthy(service), 90, what=f"{service} to be ready")
    await one_referral(*sides)


async def test_up_again_changes_nothing_and_keeps_all(made, sides):
    area, _ = sides
    referral = await area.refer()
    password = made.inside("referral", "cat", "/run/secrets/database-password")
    made.compose("up", "-d", "--wait", "--wait-timeout", "300")
    assert made.inside("referral", "cat", "/run/secrets/database-password") == password
    assert (await area.shown(referral["referral_id"]))["number"] == referral["number"]
