"""The embedded Kafka and Postgres: how they are fetched, started, found again and ended."""

import asyncio
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import asyncpg
import psutil
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import NewTopic

from tests.stack import SHARED, prepared
from tests.waiting import until
from yhdyspinta.embedded import EmbeddedError, Kafka, processes, running, servers
from yhdyspinta.embedded.fetch import Jar, fetch, pinned, repository
from yhdyspinta.embedded.processes import LOOPBACK, Child, free_port, locked, require_port, require_room

CONTENT = os.urandom(300_000)
GOOD = Jar("fi.example:thing:1.0", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


class Repository:
    """A Maven repository of one file, whose first `cuts` answers break off in the middle."""

    def __init__(self, content: bytes, cuts: int = 0, ranges: bool = True, status: int = 200) -> None:
        self.asked: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = self.headers.get("range")
                outer.asked.append(wanted)
                begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and ranges else 0
                body = content[begin:]
                self.send_response(status if status != 200 else 206 if begin else 200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if len(outer.asked) <= cuts else body)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.address = f"http://{LOOPBACK}:{self.server.server_port}"


@contextmanager
def serving(content: bytes = CONTENT, cuts: int = 0, ranges: bool = True, status: int = 200) -> Iterator[Repository]:
    made = Repository(content, cuts, ranges, status)
    thread = Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join()
        made.server.server_close()


def test_a_download_that_breaks_off_goes_on_where_it_stopped(tmp_path):
    with serving(cuts=2) as repository_:
        (path,) = fetch(tmp_path, [GOOD], repository_.address)
    assert path.read_bytes() == CONTENT
    assert repository_.asked == [None, f"bytes={len(CONTENT) // 2}-", f"bytes={len(CONTENT) * 3 // 4}-"]


def test_a_download_goes_on_in_the_next_run(tmp_path):
    (tmp_path / f"{GOOD.file}.part").write_bytes(CONTENT[:1000])
    with serving() as repository_:
        (path,) = fetch(tmp_path, [GOOD], repository_.address)
    assert path.read_bytes() == CONTENT
    assert repository_.asked == ["bytes=1000-"]


def test_a_repository_that_knows_no_ranges_sends_all_again(tmp_path):
    (tmp_path / f"{GOOD.file}.part").write_bytes(b"x" * 1000)
    with serving(ranges=False) as repository_:
        (path,) = fetch(tmp_path, [GOOD], repository_.address)
    assert path.read_bytes() == CONTENT


def test_what_is_there_is_not_fetched_again(tmp_path):
    with serving() as repository_:
        fetch(tmp_path, [GOOD], repository_.address)
        fetch(tmp_path, [GOOD], repository_.address)
    assert repository_.asked == [None]


def test_a_wrong_checksum_is_refused_and_nothing_is_kept(tmp_path):
    with serving(CONTENT[:-1] + b"x") as repository_, pytest.raises(EmbeddedError, match=r"does not have the SHA-256"):
        fetch(tmp_path, [GOOD], repository_.address)
    assert not list(tmp_path.glob("*.jar*"))


def test_a_file_that_was_changed_on_the_disk_is_fetched_again(tmp_path):
    (tmp_path / GOOD.file).write_bytes(b"tampered")
    with serving() as repository_:
        (path,) = fetch(tmp_path, [GOOD], repository_.address)
    assert path.read_bytes() == CONTENT


def test_a_repository_that_lacks_the_file_is_named_in_a_sentence(tmp_path):
    with serving(status=404) as repository_, pytest.raises(EmbeddedError, match=r"answered 404 for fi.example:thing"):
        fetch(tmp_path, [GOOD], repository_.address)


def test_a_silent_repository_is_told_in_a_sentence(tmp_path):
    with pytest.raises(EmbeddedError, match="could not be fetched"):
        fetch(tmp_path, [GOOD], f"http://{LOOPBACK}:{free_port()}")


def test_the_repository_is_a_setting(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MAVEN_MIRROR", raising=False)
    central = repository()
    assert central.startswith("https://")
    (tmp_path / ".m2").mkdir()
    (tmp_path / ".m2" / "settings.xml").write_text(
        '<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0"><mirrors><mirror><id>own</id>'
        "<mirrorOf>central</mirrorOf><url>https://maven.example/repository/</url></mirror></mirrors></settings>")
    assert repository() == "https://maven.example/repository"
    monkeypatch.setenv("MAVEN_MIRROR", "https://other.example/maven")
    assert repository() == "https://other.example/maven"


def test_the_pinned_jars_name_no_host():
    jars = pinned()
    assert len(jars) == 46
    assert all(len(jar.sha256) == 64 and jar.coordinates.count(":") == 2 for jar in jars)
    assert "://" not in (Path(processes.__file__).parent / "jars.lock").read_text()


def test_a_port_in_use_is_told_with_its_holder_and_the_setting():
    with closing(socket.socket()) as holder:
        holder.bind((LOOPBACK, 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(EmbeddedError, match=rf"Port {port} .*process {os.getpid()}.* set YHDYSPINTA_KAFKA_PORT"):
            require_port(port, "YHDYSPINTA_KAFKA_PORT")


def test_a_full_disk_is_told_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "NEEDED_BYTES", 1 << 60)
    with pytest.raises(EmbeddedError, match="Make room and start again"):
        require_room(tmp_path)


def test_a_port_that_is_none_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("YHDYSPINTA_DATABASE_PORT", "postgres")
    with pytest.raises(EmbeddedError, match="YHDYSPINTA_DATABASE_PORT is 'postgres'"):
        servers(tmp_path)


def test_a_folder_that_another_process_runs_is_refused(tmp_path):
    with (
        locked(tmp_path / "running.lock"),
        pytest.raises(EmbeddedError, match="Another process runs Kafka and Postgres"),
        running(tmp_path),
    ):
        pass


def test_a_kafka_port_in_use_stops_the_start_with_a_sentence(own_stack):
    with closing(socket.socket()) as holder:
        holder.bind((LOOPBACK, 0))
        holder.listen()
        place = prepared()
        kafka = Kafka(place / "kafka", SHARED / "jars", place / "secrets" / "admin",
                      port=holder.getsockname()[1], controller_port=free_port())
        with pytest.raises(EmbeddedError, match=r"taken by another program"):
            kafka.start()


def test_everything_listens_on_the_loopback_address_alone(own_stack):
    for pid in (own_stack.kafka.pid, own_stack.postgres.pid):
        listening = [c.laddr.ip for c in psutil.Process(pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
        assert listening
        assert {ip.removeprefix("::ffff:") for ip in listening} == {LOOPBACK}


def record(stack, value: bytes) -> None:
    producer = Producer({**stack.kafka.admin_settings(), "acks": "all"})
    producer.produce("kept", value, partition=0)
    assert producer.flush(20) == 0


def records(stack) -> list[bytes]:
    consumer = Consumer({**stack.kafka.admin_settings(), "group.id": "admin.kept", "enable.auto.commit": False})
    try:
        part = TopicPartition("kept", 0, 0)
        consumer.assign([part])
        _, end = consumer.get_watermark_offsets(part, timeout=20)
        return [message.value() for message in consumer.consume(end, timeout=20)]
    finally:
        consumer.close()


def test_kafka_starts_again_after_kill_9_with_what_it_acknowledged(own_stack):
    admin = own_stack.place().admin()
    for done in admin.create_topics([NewTopic("kept", 1, 1)]).values():
        done.result()
    record(own_stack, b"before")
    os.kill(own_stack.kafka.pid, signal.SIGKILL)
    own_stack.kafka._process.wait(10)
    assert (own_stack.kafka.data / ".lock").exists()
    assert own_stack.kafka.start() is False
    record(own_stack, b"after")
    assert records(own_stack) == [b"before", b"after"]


async def rows(stack, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(**stack.postgres.admin())
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


def test_postgres_starts_again_after_kill_9_with_what_it_committed(own_stack):
    asyncio.run(rows(own_stack, "create table if not exists kept as select 1 as n"))
    killed = psutil.Process(own_stack.postgres.pid)
    killed.kill()
    psutil.wait_procs([killed], timeout=10)
    assert (own_stack.postgres.data / "postmaster.pid").exists()
    assert own_stack.postgres.start() is False
    assert [row["n"] for row in asyncio.run(rows(own_stack, "select n from kept"))] == [1]


async def test_postgres_starts_again_though_a_killed_one_left_a_query_at_work(own_stack):
    query = "select count(*) from (select generate_series(1, 100000000000)) as s"
    working = asyncio.create_task(rows(own_stack, query))
    killed = psutil.Process(own_stack.postgres.pid)
    await until(lambda: any("SELECT" in "".join(child.cmdline()) for child in killed.children()), what="the query")
    killed.kill()
    psutil.wait_procs([killed], timeout=10)

    assert await asyncio.to_thread(own_stack.postgres.start) is False

    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await working
    assert [row["one"] for row in await rows(own_stack, "select 1 as one")] == [1]


def test_a_number_that_another_program_has_by_now_is_not_taken_for_ours(own_stack):
    own_stack.stop()
    Child(os.getpid(), psutil.Process().create_time() - 100, own_stack.kafka.port).write(
        own_stack.kafka.folder / "kafka.pid")
    (own_stack.postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n{own_stack.postgres.data}\n")
    assert own_stack.kafka.pid is None
    assert own_stack.postgres.pid is None
    assert own_stack.kafka.start() is False
    assert own_stack.postgres.start() is False
    assert own_stack.kafka.healthy()
    assert own_stack.postgres.healthy()


def test_a_running_pair_is_adopted(own_stack):
    pids = own_stack.kafka.pid, own_stack.postgres.pid
    other = type(own_stack)(own_stack.folder)
    other.kafka.port, other.kafka.controller_port = own_stack.kafka.port, own_stack.kafka.controller_port
    other.postgres.port = own_stack.postgres.port
    assert other.kafka.start() is True
    assert other.postgres.start() is True
    assert (other.kafka.pid, other.postgres.pid) == pids


RUN = """
import pathlib, sys
from yhdyspinta.embedded import running
with running(pathlib.Path(sys.argv[1])) as found:
    print(found.kafka.pid, found.postgres.pid, found.adopted, flush=True)
    sys.stdin.read()
"""


def started(folder: Path, environment: dict[str, str]) -> tuple["subprocess.Popen[str]", list[str]]:
    process = subprocess.Popen([sys.executable, "-c", RUN, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True, env=os.environ | environment)
    return process, process.stdout.readline().split()


async def test_what_outlives_its_parent_is_adopted_by_the_next_and_ended_with_it(tmp_path_factory):
    folder = tmp_path_factory.mktemp("var")
    for parent in (folder, *folder.parents):
        parent.chmod(parent.stat().st_mode | 0o001)
    (folder / "embedded").mkdir()
    (folder / "embedded" / "jars").symlink_to(SHARED / "jars")
    ports = {name: str(free_port()) for name in
             ("YHDYSPINTA_KAFKA_PORT", "YHDYSPINTA_KAFKA_CONTROLLER_PORT", "YHDYSPINTA_DATABASE_PORT")}
    parent, (kafka, postgres, adopted) = started(folder, ports)
    assert adopted == "False"
    parent.kill()
    parent.wait()
    following, again = started(folder, ports)
    assert again == [kafka, postgres, "True"]
    following.stdin.close()
    following.wait(30)
    await until(lambda: not psutil.pid_exists(int(kafka)) and not psutil.pid_exists(int(postgres)), 20,
                what="the end of both servers")


TESTS = """
import json, sys
from tests.stack import stack
with stack() as made:
    print(json.dumps([str(made.folder), made.kafka.pid, made.postgres.pid]), flush=True)
    sys.stdin.read()
"""


def killed_run() -> tuple[Path, int, int]:
    """A test run that got its stack and was killed: its folder, and its servers' process numbers."""
    run = subprocess.Popen([sys.executable, "-c", TESTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                           cwd=Path(__file__).parents[2])
    folder, kafka, postgres = json.loads(run.stdout.readline())
    assert Path(folder).exists()
    run.kill()
    run.wait()
    return Path(folder), kafka, postgres


async def test_a_test_run_that_is_killed_leaves_nothing_behind():
    folder, kafka, postgres = killed_run()
    await until(lambda: not folder.exists(), 20, what="the end of the folder")
    await until(lambda: not psutil.pid_exists(kafka) and not psutil.pid_exists(postgres), 20, what="the end of both")
