"""`yhdyspinta demo` as a person starts it: what it says, what it shows, how it ends and begins again."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from contracts.topics import SERVICES
from tests.stack import SHARED, prepared
from tests.waiting import until
from yhdyspinta.demo.run import run
from yhdyspinta.embedded import EmbeddedError
from yhdyspinta.embedded.processes import free_port

pytestmark = pytest.mark.timeout(240)
PORTS = ("YHDYSPINTA_KAFKA_PORT", "YHDYSPINTA_KAFKA_CONTROLLER_PORT", "YHDYSPINTA_DATABASE_PORT",
         "YHDYSPINTA_SMTP_PORT")


class Demo:
    """One demo's folder and ports, and the process that runs it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.environment = os.environ | {name: str(free_port()) for name in PORTS} | {"YHDYSPINTA_VAR": str(folder)}
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", follow_redirects=True)
        self.process: subprocess.Popen[str] | None = None

    def command(self, *more: str, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "yhdyspinta", "demo", "--port", str(self.port), *more], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment | environment)

    async def start(self) -> None:
        self.process = self.command()
        await until(self._answers, 90, what="the front page")

    async def _answers(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()[0]
        try:
            return (await self.http.get("/")).status_code == 200
        except httpx.HTTPError:
            return False

    def said(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """What another run says that does not start."""
        process = self.command(*arguments, **environment)
        text, _ = process.communicate(timeout=60)
        return process.returncode, " ".join(text.split())

    def done_until(self) -> str | None:
        file = self.folder / "demo" / "progress.json"
        return json.loads(file.read_text())["done_until"] if file.exists() else None

    def servers(self) -> list[int]:
        postgres = int((self.folder / "postgres/data/postmaster.pid").read_text().split()[0])
        return [json.loads((self.folder / "kafka/kafka.pid").read_text())["pid"], postgres]


@pytest.fixture(scope="module")
async def demo(tmp_path_factory):
    """A demo that has just opened its pages; its year is being played."""
    prepared()  # the jars are there, and the cache that makes starts quick
    folder = tmp_path_factory.mktemp("demo")
    for parent in (folder, *folder.parents):
        parent.chmod(parent.stat().st_mode | 0o001)
    (folder / "embedded").mkdir()
    (folder / "embedded" / "jars").symlink_to(SHARED / "jars")
    made = Demo(folder)
    await made.start()
    try:
        yield made
    finally:
        await made.http.aclose()
        if made.process.poll() is None:
            made.process.terminate()
            made.process.wait(60)


async def test_the_front_page_says_whom_to_be_and_how_far_the_year_is(demo):
    page = (await demo.http.get("/")).text
    for text in ("Mikko Mallila", "Sanni Esimerkki", 'href="/coaching/"', 'href="/mail/"', "lempaala-party.properties",
                 "latautuu"):
        assert text in page, text
    assert "Whom do you want to be?" in (await demo.http.get("/?lang=en")).text
    assert (await demo.http.get("/mail/")).status_code == 200


async def test_all_six_services_are_ready_under_one_address(demo):
    for service in SERVICES:
        assert (await demo.http.get(f"/{service}/health/ready")).json()["ready"], service


async def test_a_person_signs_in_by_choosing_who_they_are_while_the_year_is_played(demo):
    choose = await demo.http.get("/referral/")
    assert choose.url.path == "/issuer/authorize"
    home = await demo.http.post(str(choose.url), data={"person": "mikko-mallila"})
    assert (home.url.path, home.status_code) == ("/referral/", 200)
    assert "Mikko Mallila" in home.text
    before = demo.done_until()
    await until(lambda: demo.done_until() not in (None, before), 60, what="the next day of the year")
    assert "Mikko Mallila" in (await demo.http.get("/referral/")).text


async def test_another_name_of_this_machine_leads_to_the_address_that_the_sign_in_knows(demo):
    answer = await demo.http.get(f"http://localhost:{demo.port}/coaching/?a=1", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, f"http://127.0.0.1:{demo.port}/coaching/?a=1")


async def test_the_log_is_lines_of_json_that_their_owner_alone_may_read(demo):
    file = demo.folder / "demo.log"
    assert file.stat().st_mode & 0o077 == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert all(line.keys() >= {"at", "level", "logger", "message"} for line in lines)


async def test_what_keeps_it_from_starting_is_a_sentence(demo):
    assert demo.said() == (1, f"The demo runs in {demo.folder} already. Use that one, end it with Ctrl-C where it was "
                              "started, or give another folder with YHDYSPINTA_VAR.")


@pytest.mark.parametrize(("host", "smtp", "sentence"), [
    ("127.0.0.1", "{free}", "Port {port} of 127.0.0.1 is taken by another program.*make demo PORT=8001"),
    ("127.0.0.1", "{port}", "Port {port} of 127.0.0.1 is taken by another program.*YHDYSPINTA_SMTP_PORT"),
    ("127.0.0.1", "mail", "YHDYSPINTA_SMTP_PORT is 'mail': give it a port number, 1 to 65535"),
    ("0.0.0.0", "{free}", "listens on this machine alone, not on 0.0.0.0"),  # noqa: S104 - it is refused
])
def test_a_port_or_address_that_can_not_be_is_a_sentence(tmp_path, monkeypatch, host, smtp, sentence):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port, free = taken.getsockname()[1], free_port()
        monkeypatch.setenv("YHDYSPINTA_SMTP_PORT", smtp.format(port=port, free=free))
        with pytest.raises(EmbeddedError, match=sentence.format(port=port)):
            run(tmp_path, host, free if smtp == "{port}" else port)


async def test_after_a_sudden_death_it_goes_on_where_it_was_and_ends_in_order(demo):
    servers, before = demo.servers(), demo.done_until()
    demo.process.send_signal(signal.SIGKILL)
    demo.process.wait()
    assert all(map(psutil.pid_exists, servers))
    await demo.start()
    assert demo.servers() == servers
    await until(lambda: demo.done_until() > before, 60, what="a day after the last one played")
    demo.process.terminate()
    said, _ = demo.process.communicate(timeout=60)
    assert demo.process.returncode == 0, said
    assert "They had gone on after the last run and were taken over." in said
    assert "All has ended in order." in said
    assert "Traceback" not in said
    assert not any(map(psutil.pid_exists, servers))
