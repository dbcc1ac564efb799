"""`make bench`: our relay, subscriber and fold beside limits and peers, in interleaved rounds, on a Kafka and a
Postgres of the bench's own. Prints ratios and says whether the bounds hold; exits 1 when one does not.

Bounds: relay at most 1.5 times `batch_delete`, with 2 round trips and 1 commit a batch; fold at most 1.5 times
`limit_c_ids`; memory of the fold does not grow from 10,000 events to 100,000.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import asyncpg
import orjson

from yhdyspinta.embedded.kafka import DEFAULTS, Kafka
from yhdyspinta.embedded.postgres import Postgres
from yhdyspinta.embedded.processes import LOOPBACK, free_port

HERE = Path(__file__).resolve().parent
JARS = HERE.parent / "var" / "embedded" / "jars"
PEERS = {
    "R": ["batch_delete", "limit_produce", "batch_confluent", "batch_aiokafka"],
    "F": ["limit_c_ids", "limit_c_seq", "aiokafka_getmany", "faststream_batch_unnest"],
    "V": ["faststream_inbox", "faststream_dlq", "confluent_dlq", "aiokafka_dlq"],
}
BOUNDS = {"R": 1.5, "F": 1.5}
OURS = {
    "R": ["--ours", "ours.py relay", "--ours-setup", "ours.py relay-setup", "--ours-pending",
          "select exists(select from outbox)"],
    "F": ["--ours", "ours.py fold"],
    "V": ["--ours", "ours.py subscriber"],
}
SIZE = {"R": 20_000, "F": 100_000, "V": 3_000}


def run(path: str, environment: dict[str, str], n: int, *more: str) -> list[dict[str, object]]:
    """One run of the harness; its rows."""
    ours = [f"{sys.executable} {HERE}/{a}" if a.startswith("ours.py") else a for a in OURS[path]]
    with tempfile.NamedTemporaryFile("r") as out:
        command = [sys.executable, str(HERE / "bench.py"), path, "-n", str(n), "--out", out.name, *ours, *more]
        subprocess.run(command, check=True, cwd=HERE, env=os.environ | environment)
        return [orjson.loads(line) for line in out]


def ratio(rows: list[dict[str, object]], name: str, to: str) -> float:
    """Median over the rounds of the time of `name` by that of `to`; infinite where ours has no valid round."""
    seconds: dict[tuple[str, int], float] = {(str(r["name"]), int(str(r["round"]))): float(str(r["seconds"]))
                                             for r in rows if "seconds" in r}
    pairs = [s / seconds[to, i] for (who, i), s in seconds.items() if who == name and (to, i) in seconds]
    return statistics.median(pairs) if pairs else float("inf")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", metavar="PATH", help=f"some of {', '.join(PEERS)}; all without")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of events")
    a = parser.parse_args()
    if unknown := set(a.paths) - PEERS.keys():
        parser.error(f"no such path: {', '.join(sorted(unknown))}")
    a.paths = a.paths or list(PEERS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the servers are ended all the same
    with tempfile.TemporaryDirectory(prefix="yhdyspinta-bench-", dir="/tmp") as name:
        place, plain = Path(name), free_port()
        place.chmod(0o711)  # the server of Postgres runs as a user of its own
        port, controller = free_port(), free_port()
        kafka = Kafka(place / "kafka", JARS, place / "secrets", port=port, controller_port=controller, settings={
            "listeners": f"CLIENT://{LOOPBACK}:{port},PLAIN://{LOOPBACK}:{plain},CONTROLLER://{LOOPBACK}:{controller}",
            "listener.security.protocol.map": DEFAULTS["listener.security.protocol.map"] + ",PLAIN:PLAINTEXT",
            "super.users": DEFAULTS["super.users"] + ";User:ANONYMOUS",
        })
        postgres = Postgres(place / "postgres", place / "secrets", port=free_port(), settings={"max_connections": "50"})
        try:
            kafka.start()
            postgres.start()
            asyncio.run(_database(postgres))
            admin = postgres.admin("bench")
            dsn = f"postgresql://{admin['user']}:{admin['password']}@{LOOPBACK}:{postgres.port}/bench?sslmode=disable"
            return report(a, {"BENCH_BROKER": f"{LOOPBACK}:{plain}", "BENCH_DSN": dsn})
        finally:
            kafka.stop()
            postgres.stop()


async def _database(postgres: Postgres) -> None:
    connection = await asyncpg.connect(**postgres.admin())
    await connection.execute("create database bench")
    await connection.close()


def report(a: argparse.Namespace, environment: dict[str, str]) -> int:
    """Runs the paths, prints what was measured and whether the bounds hold."""
    held, lines = True, []
    for path in a.paths:
        rows = run(path, environment, int(SIZE[path] * a.scale), "-r", str(a.rounds), "--only", ",".join(PEERS[path]))
        found = ratio(rows, "ours", PEERS[path][0])
        bound = BOUNDS.get(path)
        held &= bound is None or found <= bound
        lines.append(f"{path}: ours takes {found:.2f} times {PEERS[path][0]}" +
                     (f" (at most {bound}: {'holds' if found <= bound else 'BROKEN'})" if bound else ""))
    if "R" in a.paths:
        counted = defaultdict(list)
        for row in run("R", environment, 10_000, "-r", "1", "--count", "--only", "batch_delete"):
            counted[row["name"]].append(row)
        batches = 10_000 / 500
        (ours,) = counted["ours"]
        trips, commits = (float(str(ours[what])) * 10_000 / batches for what in ("round_trips", "commits"))
        fits = trips <= 2.5 and commits <= 1.1  # the lock, the listener and the last empty read come once a run
        held &= fits
        lines.append(f"R: {trips:.2f} round trips and {commits:.2f} commits a batch of 500 "
                     f"(2 and 1: {'holds' if fits else 'BROKEN'})")
    if "F" in a.paths:
        small, large = (_memory(environment, n) for n in (10_000, 100_000))
        fits = large <= small * 1.15
        held &= fits
        lines.append(f"F: peak memory {small} MiB at 10,000 events, {large} MiB at 100,000 "
                     f"({'does not grow' if fits else 'BROKEN: it grows'})")
    print("\n" + "\n".join(lines))
    return 0 if held else 1


def _memory(environment: dict[str, str], n: int) -> int:
    """Peak resident memory of our fold over n events, in MiB."""
    with tempfile.NamedTemporaryFile("r") as out:
        measured = environment | {"BENCH_PEAK": out.name}
        run("F", measured, n, "-r", "1", "--only", "limit_c_ids")
        return int(json.loads(out.read())["peak_kib"]) // 1024


if __name__ == "__main__":
    raise SystemExit(main())
