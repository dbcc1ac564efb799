"""Fill a topic or a table, start a contestant as a process, stop the clock at the verified effect."""
import json
import os
import shlex
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import psycopg
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

HERE = Path(__file__).resolve().parent
BROKER, DSN = os.environ["BENCH_BROKER"], os.environ["BENCH_DSN"]


class Void(Exception):
    """The cell has no valid result."""


class Kafka:
    def __init__(self):
        self.admin = AdminClient({"bootstrap.servers": BROKER})
        self.reader = Consumer({"bootstrap.servers": BROKER, "group.id": "harness", "enable.auto.commit": False,
                                "auto.offset.reset": "earliest"})
        self.made = []

    def topic(self, partitions, records=()):
        name = f"bench-{uuid.uuid4().hex[:8]}"
        self.admin.create_topics([NewTopic(name, partitions, 1)])[name].result()
        self.made.append(name)
        p = Producer({"bootstrap.servers": BROKER, "enable.idempotence": True, "linger.ms": 20,
                      "queue.buffering.max.messages": 2_000_000, "queue.buffering.max.kbytes": 2_000_000})
        for key, value in records:
            p.produce(name, value, key, headers=[("content-type", b"application/cloudevents+json")])
        p.flush()
        return name

    def size(self, topic, partitions):
        return sum(self.reader.get_watermark_offsets(TopicPartition(topic, p), 10)[1] for p in range(partitions))

    def read(self, topic, partitions):
        left = self.size(topic, partitions)
        self.reader.assign([TopicPartition(topic, p, 0) for p in range(partitions)])
        while left:
            got = self.reader.consume(10_000, 5.0)
            if not got:
                raise Void(f"{left} records of {topic} cannot be read")
            left -= len(got)
            yield from got
        self.reader.unassign()

    def drop(self, *names):
        if self.made:
            for f in self.admin.delete_topics(list(names or self.made)).values():
                f.result()
        self.made = [m for m in self.made if names and m not in names]


class Contestant:
    """A running contestant. The clock starts at its line READY, or at its start if it prints none."""

    def __init__(self, command, **env):
        self.t0 = time.perf_counter()
        self.result = self.done_at = self.cpu0 = self.cpu_s = None
        self.is_ready, self.extra = threading.Event(), {}
        self.log = open("/dev/null" if not os.environ.get("BENCH_VERBOSE") else "/dev/stderr", "w")
        self.proc = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True,
                                     env={**os.environ, "PYTHONUNBUFFERED": "1", **{k: str(v) for k, v in env.items()}})
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self):
        for line in self.proc.stdout:
            now = time.perf_counter()
            if line.startswith("READY"):
                self.t0, self.cpu0 = now, self.cpu()
                self.is_ready.set()
            elif line.startswith("DONE"):
                self.result, self.cpu_s = json.loads(line[4:]), self.cpu() - (self.cpu0 or 0)
                self.done_at = now

    def cpu(self):
        """CPU seconds of the process so far (without Postgres and the broker), or 0 once it is gone."""
        try:
            stat = Path(f"/proc/{self.proc.pid}/stat").read_text().rsplit(")", 1)[1].split()
            return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:
            return 0.0

    def wait(self, effect, timeout, every=0.02):
        """Seconds from READY until `effect()` is true, or until DONE if effect is None."""
        self.is_ready.wait(min(timeout, 60) if effect is None else 1)
        while True:
            gone = self.proc.poll() is not None
            if gone:
                self.listener.join(2)  # its last line may be on the way
            if effect is None and self.done_at:
                return self.done_at - self.t0
            if effect is not None and effect():
                seconds, self.cpu_s = time.perf_counter() - self.t0, self.cpu() - (self.cpu0 or 0)
                return seconds
            if gone and not self.done_at:
                raise Void(f"exit {self.proc.returncode}")
            if time.perf_counter() - self.t0 > timeout:
                raise Void(f"no full effect in {timeout} s")
            time.sleep(every)

    def stop(self, sig=signal.SIGTERM):
        if self.proc.poll() is None:
            self.proc.send_signal(sig)
            try:
                self.proc.wait(10)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
        self.log.close()


def command(path, name, ours):
    if name == "ours":
        return shlex.split(ours)
    return [sys.executable, str(HERE / "contestants" / f"{path}.py"), name]


def setup(command_line, records=(), **env):
    """Run ours' own preparation, outside the clock; it reads the records as `key TAB value` lines."""
    data = b"".join(k + b"\t" + v + b"\n" for k, v in records)
    subprocess.run(shlex.split(command_line), input=data, check=True, env=os.environ | {k: str(v) for k, v in env.items()})


def fresh_tables():
    with psycopg.connect(DSN, autocommit=True) as c:
        c.execute("set client_min_messages = warning")
        c.execute((HERE / "schema.sql").read_text())


class CountingProxy:
    """Between a contestant and Postgres: counts round trips (ReadyForQuery) and commits that wrote something."""

    def __init__(self):
        info = psycopg.conninfo.conninfo_to_dict(DSN)
        self.target = (info["host"], int(info.get("port", 5432)))
        self.round_trips = self.commits = self.statements = 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.dsn = DSN.replace(f":{self.target[1]}/", f":{self.server.getsockname()[1]}/")
        self.dsn = self.dsn.replace(self.target[0], "127.0.0.1")
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client, _ = self.server.accept()
            backend = socket.create_connection(self.target)
            for s in (client, backend):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._copy, args=(client, backend, False), daemon=True).start()
            threading.Thread(target=self._copy, args=(backend, client, True), daemon=True).start()

    def _copy(self, src, dst, count):
        buf, tags = b"", []
        try:
            while data := src.recv(1 << 16):
                dst.sendall(data)
                if not count:
                    continue
                buf += data
                at = 0
                while len(buf) - at >= 5:
                    size = struct.unpack_from(">I", buf, at + 1)[0] + 1
                    if len(buf) - at < size:
                        break
                    if buf[at:at + 1] == b"C":
                        tags.append(buf[at + 5:at + size - 1].split()[0])
                    elif buf[at:at + 1] == b"Z":
                        self.round_trips += 1
                        self.statements += len(tags)
                        if buf[at + 5:at + 6] == b"I" and {b"COMMIT", b"INSERT", b"UPDATE", b"DELETE"} & set(tags):
                            self.commits += 1
                        tags = []
                    at += size
                buf = buf[at:]
        except OSError:
            pass
        finally:
            for s in (src, dst):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
