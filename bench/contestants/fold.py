"""Path F: consume the topic and keep `counts` and `subject_state`. Usage: fold.py CONTESTANT."""
import asyncio
import sys

import lib
from lib import BROKER, DEDUPE, DSN, GROUP, N, PARTITIONS, SA_DSN, TOPIC, done, fields, ready


def _assigned(offsets=None):
    """A confluent consumer on all partitions, without a group."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
    c = Consumer({"bootstrap.servers": BROKER, "group.id": GROUP, "enable.auto.commit": False})
    c.list_topics(TOPIC)  # connect before the clock starts
    ready()
    c.assign([TopicPartition(TOPIC, p, (offsets or {}).get(p, OFFSET_BEGINNING)) for p in range(PARTITIONS)])
    return c


def limit_a_raw():
    """Bytes off the broker, nothing else."""
    c, n = _assigned(), 0
    while n < N:
        n += len(c.consume(1000, 1.0))
    done(records=n)


def limit_b_memory():
    """The same, parsed and folded in memory (dedupe by sequence)."""
    c, n, last, counts = _assigned(), 0, {}, {}
    while n < N:
        batch = c.consume(1000, 1.0)
        n += len(batch)
        for m in batch:
            f = fields(m.value())
            if f and last.get(f[1], 0) < f[7]:
                last[f[1]] = f[7]
                counts[f[2:6]] = counts.get(f[2:6], 0) + 1
    done(records=n, folded=sum(counts.values()))


async def _limit_c(dedupe, size=5000):
    """Folded in Python, one transaction a batch that also moves the offsets row."""
    import asyncpg
    conn = await asyncpg.connect(DSN)
    offsets = dict(await conn.fetch("select partition, next_offset from offsets"))
    last = dict(await conn.fetch("select subject, sequence from subject_state"))
    c = _assigned(offsets)
    while True:
        batch = c.consume(size, 0.05)
        if not batch:
            continue
        rows = []
        for m in batch:
            offsets[m.partition()] = m.offset() + 1
            f = fields(m.value())
            if f is None:
                continue
            if dedupe == "seq":
                if last.get(f[1], 0) >= f[7]:
                    continue
                last[f[1]] = f[7]
            rows.append(f)
        async with conn.transaction():
            if dedupe == "ids":
                got = await conn.fetch(lib.SEEN.format(*lib.DOLLAR), [f[0] for f in rows])
                rows = lib.unseen(rows, (r[0] for r in got))
            if rows:
                cells, latest = lib.fold(rows)
                await conn.execute(lib.COUNTS.format(*lib.DOLLAR), *cells)
                await conn.execute(lib.LATEST.format(*lib.DOLLAR), *latest)
            await conn.execute(
                "insert into offsets select * from unnest($1::int[], $2::bigint[]) "
                "on conflict (partition) do update set next_offset = excluded.next_offset",
                list(offsets), list(offsets.values()))


def limit_c_seq():
    asyncio.run(_limit_c("seq"))


def limit_c_20k():
    asyncio.run(_limit_c("seq", 20_000))


def limit_c_ids():
    asyncio.run(_limit_c("ids"))


def limit_c_overlap(size=10_000):
    """limit_c_seq with the write in a thread: the next batch is read and folded while Postgres works."""
    from concurrent.futures import ThreadPoolExecutor

    import psycopg
    conn = psycopg.connect(DSN, autocommit=True)
    offsets = dict(conn.execute("select partition, next_offset from offsets").fetchall())
    last = dict(conn.execute("select subject, sequence from subject_state").fetchall())
    pool, pending = ThreadPoolExecutor(1), None
    c = _assigned(offsets)

    def write(cells, latest, offsets):
        with conn.pipeline(), conn.transaction():
            conn.execute(lib.COUNTS.format(*lib.PERCENT), cells, prepare=True)
            conn.execute(lib.LATEST.format(*lib.PERCENT), latest, prepare=True)
            conn.execute("insert into offsets select * from unnest(%s::int[], %s::bigint[]) "
                         "on conflict (partition) do update set next_offset = excluded.next_offset", offsets, prepare=True)

    while True:
        batch = c.consume(size, 0.05)
        rows = []
        for m in batch:
            offsets[m.partition()] = m.offset() + 1
            f = fields(m.value())
            if f and last.get(f[1], 0) < f[7]:
                last[f[1]] = f[7]
                rows.append(f)
        if rows:
            cells, latest = lib.fold(rows)
            if pending:
                pending.result()
            pending = pool.submit(write, cells, latest, [list(offsets), list(offsets.values())])


def aiokafka_getmany():
    """Plain aiokafka, 500 a batch, per-event upserts by executemany, offsets committed to Kafka afterwards."""
    import asyncpg
    from aiokafka import AIOKafkaConsumer
    counts = ("insert into counts as c values ($1, $2, $3::text::date, $4, 1) "
              "on conflict (municipality, service, month, type) do update set n = c.n + 1")
    latest = ("insert into subject_state as s values ($1, $2, $3, $4, $5::text::timestamptz, $6) on conflict (subject) "
              "do update set last_type = excluded.last_type, last_time = excluded.last_time, "
              "sequence = excluded.sequence where s.sequence < excluded.sequence")

    async def main():
        conn = await asyncpg.connect(DSN)
        c = AIOKafkaConsumer(TOPIC, bootstrap_servers=BROKER, group_id=GROUP, enable_auto_commit=False,
                             auto_offset_reset="earliest")
        ready()
        await c.start()
        while True:
            got = await c.getmany(timeout_ms=200, max_records=500)
            rows = [f for ms in got.values() for m in ms if (f := fields(m.value))]
            if not got:
                continue
            async with conn.transaction():
                if DEDUPE:
                    new = await conn.fetch(lib.SEEN.format(*lib.DOLLAR), [f[0] for f in rows])
                    rows = lib.unseen(rows, (r[0] for r in new))
                await conn.executemany(counts, [f[2:6] for f in rows])
                await conn.executemany(latest, [(f[1], f[2], f[3], f[5], f[6], f[7]) for f in rows])
            await c.commit()
    asyncio.run(main())


def _tables():
    import sqlalchemy as sa
    from sqlalchemy.dialects.postgresql import UUID
    meta = sa.MetaData()
    col = sa.Column
    return (
        sa.Table("counts", meta, col("municipality", sa.Text, primary_key=True), col("service", sa.Text, primary_key=True),
                 col("month", sa.Date, primary_key=True), col("type", sa.Text, primary_key=True), col("n", sa.BigInteger)),
        sa.Table("subject_state", meta, col("subject", sa.Text, primary_key=True), col("municipality", sa.Text),
                 col("service", sa.Text), col("last_type", sa.Text), col("last_time", sa.DateTime(timezone=True)),
                 col("sequence", sa.Integer)),
        sa.Table("seen", meta, col("event_id", UUID(as_uuid=False), primary_key=True)),
    )


def _statements():
    from sqlalchemy.dialects.postgresql import insert
    counts, state, seen = _tables()
    c, s = insert(counts), insert(state)
    return (
        c.on_conflict_do_update(index_elements=list(counts.primary_key), set_={"n": counts.c.n + c.excluded.n}),
        s.on_conflict_do_update(index_elements=[state.c.subject], where=state.c.sequence < s.excluded.sequence,
                                set_={k: s.excluded[k] for k in ("last_type", "last_time", "sequence")}),
        insert(seen).on_conflict_do_nothing().returning(seen.c.event_id),
    )


def faststream_naive():
    """FastStream as its docs start: one validated message, one session, one commit; default ack policy."""
    from faststream import FastStream
    from faststream.kafka import KafkaBroker
    from models import Event
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
    sessions = async_sessionmaker(create_async_engine(SA_DSN))
    broker = KafkaBroker(BROKER, logger=None)
    counts, state, seen = _statements()

    @broker.subscriber(TOPIC, group_id=GROUP, auto_offset_reset="earliest")
    async def handle(event: Event):
        kind = event.type.removeprefix("fi.yhdyspinta.").removesuffix(".v1")
        async with sessions() as s, s.begin():
            if DEDUPE and (await s.execute(seen.values(event_id=str(event.id)))).first() is None:
                return
            await s.execute(counts.values(municipality=event.data.municipality, service=event.data.service,
                                          month=event.time.date().replace(day=1), type=kind, n=1))
            await s.execute(state.values(subject=event.subject, municipality=event.data.municipality,
                                         service=event.data.service, last_type=kind, last_time=event.time,
                                         sequence=event.data.sequence))
    ready()
    asyncio.run(FastStream(broker, logger=None).run())


def _faststream_batch(write=None, **options):
    """FastStream batch subscriber, one transaction a batch: SQLAlchemy's multi-row insert, values folded in Python."""
    from datetime import date, datetime

    from faststream import FastStream
    from faststream.kafka import KafkaBroker
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
    sessions = async_sessionmaker(create_async_engine(SA_DSN))
    broker = KafkaBroker(BROKER, logger=None)
    counts, state, seen = _statements()

    async def raw(msg):
        return msg.body

    async def write_values(rows):
        async with sessions() as s, s.begin():
            if DEDUPE:
                ids = dict.fromkeys(f[0] for f in rows)
                new = await s.execute(seen.values([{"event_id": i} for i in ids]))
                rows = lib.unseen(rows, (r[0] for r in new))
            if not rows:
                return
            cells, latest = lib.fold(rows)
            await s.execute(counts.values([
                dict(municipality=m, service=v, month=date.fromisoformat(d), type=t, n=n) for m, v, d, t, n in zip(*cells)]))
            await s.execute(state.values([
                dict(subject=a, municipality=m, service=v, last_type=t, last_time=datetime.fromisoformat(w), sequence=q)
                for a, m, v, t, w, q in zip(*latest)]))

    @broker.subscriber(TOPIC, group_id=GROUP, auto_offset_reset="earliest", batch=True, decoder=raw, max_records=2000, **options)
    async def handle(batch: list[bytes]):
        if rows := [f for v in batch if (f := fields(v))]:
            await (write or write_values)(rows)
    ready()
    asyncio.run(FastStream(broker, logger=None).run())


def faststream_batch():
    _faststream_batch()


def faststream_batch_ack():
    """The same, committing offsets after the handler."""
    from faststream import AckPolicy
    _faststream_batch(ack_policy=AckPolicy.NACK_ON_ERROR)


def faststream_batch_unnest():
    """faststream_batch_ack writing arrays through asyncpg: what is left is FastStream's own cost."""
    import asyncpg
    from faststream import AckPolicy
    conn = None

    async def write(rows):
        nonlocal conn
        conn = conn or await asyncpg.connect(DSN)
        await lib.apply_asyncpg(conn, rows)
    _faststream_batch(write, ack_policy=AckPolicy.NACK_ON_ERROR)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
