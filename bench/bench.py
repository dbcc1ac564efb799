"""Measure the limits, the peers and (with --ours) our own command on one hot path. See README.md.

bench.py F -n 10000 -p 3 -r 3 [--only a,b] [--ours CMD] [--out results.jsonl]
"""
import argparse
import json
import signal
import statistics
import time
from collections import defaultdict

import psycopg

import events
import harness
from harness import DSN, Contestant, Kafka, Void, command, fresh_tables

CONTESTANTS = {  # the first is the limit that ratios are taken against
    "F": ["limit_a_raw", "limit_b_memory", "limit_c_seq", "limit_c_20k", "limit_c_ids", "limit_c_overlap",
          "aiokafka_getmany", "faststream_batch", "faststream_batch_ack",
          "faststream_batch_unnest", "faststream_naive"],
    "R": ["limit_produce", "limit_select", "batch_confluent", "batch_confluent_2000", "batch_aiokafka", "batch_delete",
          "naive"],
    "V": ["limit_pydantic", "limit_msgspec", "limit_orjson_msgspec", "confluent_dlq", "aiokafka_dlq", "faststream_dlq",
          "faststream_inbox"],
}
FILES = {"F": "fold", "R": "relay", "V": "validate"}


class Fold:
    def __init__(self, a, kafka):
        self.a, self.kafka = a, kafka
        self.records = events.generate(a.n, a.seed)
        self.topic, self.letters = kafka.topic(a.partitions, self.records), kafka.topic(1)
        self.counts, self.latest, _ = events.truth(self.records, not a.no_dedupe)
        self.want = (sum(self.counts.values()), sum(s for _, s in self.latest.values()))

    def start(self, name, group, dsn=DSN):
        return Contestant(command("fold", name, self.a.ours), BENCH_TOPIC=self.topic, BENCH_GROUP=group,
                          BENCH_N=self.a.n, BENCH_PARTITIONS=self.a.partitions, BENCH_DSN=dsn, BENCH_DLQ=self.letters,
                          BENCH_DEDUPE=int(not self.a.no_dedupe))

    def cell(self, name, dsn=DSN):
        self.tables(name)
        group = f"{name}-{time.time_ns()}"
        with psycopg.connect(DSN, autocommit=True) as c:
            run = self.start(name, group, dsn)
            try:
                if name in ("limit_a_raw", "limit_b_memory"):
                    seconds = run.wait(None, self.a.timeout)
                    if run.result.get("folded", self.want[0]) != self.want[0]:
                        raise Void(f"{run.result}, wanted {self.want[0]}")
                    return seconds, run
                seconds = run.wait(lambda: self.have(c) == self.want, self.a.timeout)
            except Void as e:
                run.stop()
                raise Void(f"{e}; {self.diff(c)}") from None
            time.sleep(0.3)  # whoever double counts late is caught here
            run.stop()
            if any((d := self.diff(c)).values()):
                raise Void(str(d))
            return seconds, run

    def tables(self, name):
        fresh_tables()
        if name == "ours" and self.a.ours_setup:
            harness.setup(self.a.ours_setup, BENCH_TOPIC=self.topic)

    def have(self, c):
        n = c.execute("select coalesce(sum(n), 0)::bigint from counts").fetchone()[0]
        if n < self.want[0]:
            return n, 0
        return n, c.execute("select coalesce(sum(sequence), 0)::bigint from subject_state").fetchone()[0]

    def diff(self, c):
        got = {tuple(r[:4]): r[4] for r in c.execute("select municipality, service, month::text, type, n from counts")}
        late = {r[0]: (r[1], r[2]) for r in c.execute("select subject, last_type, sequence from subject_state")}
        keys = got.keys() | self.counts.keys()
        return {"missing": sum(max(0, self.counts.get(k, 0) - got.get(k, 0)) for k in keys),
                "double": sum(max(0, got.get(k, 0) - self.counts.get(k, 0)) for k in keys),
                "stale_subjects": sum(late.get(k) != v for k, v in self.latest.items())}

    def fault(self, name):
        """In mid-run kill -9 the process or terminate its Postgres connections, start it again with the same group
        if it is gone, wait until nothing changes; what is lost or doubled."""
        self.tables(name)
        group = f"{name}-{time.time_ns()}"
        with psycopg.connect(DSN, autocommit=True) as c:
            run = self.start(name, group)
            run.wait(lambda: self.have(c)[0] >= self.want[0] * self.a.fault_at, self.a.timeout, 0.002)
            if self.a.fault == "kill":
                run.stop(signal.SIGKILL)
                time.sleep(0.5)
            else:
                c.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
                          "and pid <> pg_backend_pid()")
            seen = at = self.have(c)[0]
            changed, first, t, starts = time.perf_counter(), None, time.perf_counter(), 0
            while time.perf_counter() - changed < self.a.settle and starts < 5:
                if run.proc.poll() is not None:
                    run, starts = self.start(name, group), starts + 1
                time.sleep(0.05)
                if (now := self.have(c)[0]) != seen:
                    seen, changed = now, time.perf_counter()
                    first = first or changed - t
                if now >= self.want[0]:  # complete: whoever counts on shows within the next seconds
                    time.sleep(6)
                    if self.have(c)[0] == now:
                        break
            run.stop()
            return {"fault": self.a.fault, "at": at, "restarts": starts, "wanted": self.want[0],
                    "resumed_after_s": first and round(first, 1), **self.diff(c)}


class Relay:
    def __init__(self, a, kafka):
        self.a, self.kafka = a, kafka
        seen, self.records = set(), []
        for key, value in events.generate(int(a.n * 1.03) + 10, a.seed):
            f = events.fields(value)
            if f and f[0] not in seen and len(self.records) < a.n:
                seen.add(f[0])
                self.records.append((key, value))
        self.by_key = defaultdict(list)
        for key, value in self.records:
            self.by_key[key].append(value)

    def cell(self, name, dsn=DSN):
        fresh_tables()
        topic, pending = self.kafka.topic(self.a.partitions), "select exists(select from outbox where published_at is null)"
        with psycopg.connect(DSN, autocommit=True) as c:
            if name == "ours" and self.a.ours_setup:
                harness.setup(self.a.ours_setup, self.records, BENCH_TOPIC=topic)
            else:
                with c.cursor().copy("copy outbox (topic, key, payload) from stdin with (format binary)") as copy:
                    copy.set_types(["text", "bytea", "bytea"])
                    for key, value in self.records:
                        copy.write_row((topic, key, value))
            if name == "ours" and self.a.ours_pending:
                pending = self.a.ours_pending
            c.execute("vacuum analyze")
            run = Contestant(command("relay", name, self.a.ours), BENCH_TOPIC=topic, BENCH_N=self.a.n, BENCH_DSN=dsn)
            try:
                if name == "limit_select":
                    return run.wait(None, self.a.timeout), run
                no_db = name == "limit_produce"
                seconds = run.wait(None if no_db else lambda: self.kafka.size(topic, self.a.partitions) >= self.a.n
                                   and not c.execute(pending).fetchone()[0], self.a.timeout)
            finally:
                run.stop()
        got, disorder = defaultdict(list), 0
        for m in self.kafka.read(topic, self.a.partitions):
            got[m.key()].append(m.value())
        self.kafka.drop(topic)
        for key, values in self.by_key.items():
            if sorted(got[key]) != sorted(values):
                raise Void(f"{key}: {len(got[key])} records, wanted {len(values)}")
            disorder += got[key] != values
        run.extra["keys_out_of_order"] = disorder
        return seconds, run


class Validate:
    def __init__(self, a, kafka):
        self.a, self.kafka = a, kafka
        self.records = events.generate(a.n, a.seed)
        self.bad = sorted(v for _, v in self.records if events.fields(v) is None)

    def cell(self, name, dsn=DSN):
        topic, dlq = self.kafka.topic(self.a.partitions, self.records), self.kafka.topic(1)
        run = Contestant(command("validate", name, self.a.ours), BENCH_TOPIC=topic, BENCH_DLQ=dlq, BENCH_N=self.a.n,
                         BENCH_GROUP=f"{name}-{time.time_ns()}", BENCH_PARTITIONS=self.a.partitions, BENCH_SEED=self.a.seed)
        try:
            seconds = run.wait(None, self.a.timeout)
        finally:
            run.stop()
        if run.result["invalid"] != len(self.bad) or run.result["valid"] != self.a.n - len(self.bad):
            raise Void(str(run.result))
        if not name.startswith("limit") and sorted(m.value() for m in self.kafka.read(dlq, 1)) != self.bad:
            raise Void("the dead-letter topic does not hold exactly the invalid records")
        self.kafka.drop(topic)
        self.kafka.drop(dlq)
        return seconds, run


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("path", choices=CONTESTANTS)
    p.add_argument("-n", type=int, default=10_000)
    p.add_argument("-p", "--partitions", type=int, default=3)
    p.add_argument("-r", "--rounds", type=int, default=3)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--only", help="contestants, comma separated; the first is the limit that ratios are taken against")
    p.add_argument("--ours", help="command that joins as contestant `ours`")
    p.add_argument("--ours-setup", help="command that prepares ours' tables before each cell (R: records on stdin)")
    p.add_argument("--ours-pending", help="R: SQL that says whether ours still has unpublished rows")
    p.add_argument("--no-dedupe", action="store_true", help="F: count repeated event ids too")
    p.add_argument("--count", action="store_true", help="F, R: round trips and commits a message instead of time")
    p.add_argument("--fault", choices=("kill", "backends"),
                   help="F: missing and double counts after kill -9, or after its Postgres connections end, instead of time")
    p.add_argument("--fault-at", type=float, default=0.5, help="share of the events counted when the fault comes")
    p.add_argument("--settle", type=float, default=75)
    p.add_argument("--timeout", type=float, default=60)
    p.add_argument("--out", help="append one JSON line a cell")
    a = p.parse_args()
    names = (a.only.split(",") if a.only else list(CONTESTANTS[a.path])) + (["ours"] if a.ours else [])
    kafka = Kafka()
    bench = {"F": Fold, "R": Relay, "V": Validate}[a.path](a, kafka)
    times, cpu, notes = defaultdict(list), defaultdict(list), {}
    try:
        for r in range(a.rounds):
            for name in names[r % len(names):] + names[:r % len(names)]:  # interleaved, each round from another start
                row = {"path": a.path, "name": name, "n": a.n, "partitions": a.partitions, "round": r}
                try:
                    if a.fault:
                        row |= {"dedupe": not a.no_dedupe} | bench.fault(name)
                    elif a.count:
                        proxy = harness.CountingProxy()
                        bench.cell(name, proxy.dsn)
                        row |= {"round_trips": proxy.round_trips / a.n, "commits": proxy.commits / a.n,
                                "statements": proxy.statements / a.n}
                    else:
                        seconds, run = bench.cell(name)
                        times[name].append(seconds)
                        cpu[name].append(run.cpu_s / a.n * 1e6)
                        row |= {"seconds": round(seconds, 4), "per_s": round(a.n / seconds),
                                "cpu_us": round(cpu[name][-1], 1)} | run.extra
                        notes[name] = run.extra
                except Void as e:
                    row["void"] = str(e)
                    notes[name] = {"void": str(e)}
                print(json.dumps(row), flush=True)
                if a.out:
                    with open(a.out, "a") as f:
                        f.write(json.dumps(row) + "\n")
    finally:
        kafka.drop()
    if a.fault or a.count:
        return
    print(f"\n{a.path} n={a.n} partitions={a.partitions} rounds={a.rounds}; ratio = time / time of {names[0]}")
    for name in names:
        if not times[name]:
            print(f"{name:22} void: {notes.get(name, {}).get('void')}")
            continue
        ratios = [t / b for t, b in zip(times[name], times[names[0]])]
        print(f"{name:22} x{statistics.median(ratios):7.2f} ({min(ratios):.2f}-{max(ratios):.2f})  "
              f"{a.n / statistics.median(times[name]):10,.0f}/s  "
              f"{statistics.median(cpu[name]):8.1f} us CPU  {notes[name] or ''}")


if __name__ == "__main__":
    main()
