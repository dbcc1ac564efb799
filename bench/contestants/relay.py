"""Path R: outbox rows to Kafka, per-key order kept. Usage: relay.py CONTESTANT."""
import asyncio
import sys

from lib import BROKER, DSN, SA_DSN, TOPIC, done, ready

PENDING = "select id, topic, key, payload from outbox where published_at is null order by id limit {}"
MARK = "update outbox set published_at = now() where id = any({})"
LOCK = "select pg_advisory_lock(7)"  # one relay at a time keeps the order


def _producer():
    from confluent_kafka import Producer
    p = Producer({"bootstrap.servers": BROKER, "enable.idempotence": True, "acks": "all", "linger.ms": 5,
                  "queue.buffering.max.messages": 1_000_000, "queue.buffering.max.kbytes": 2_000_000})
    p.list_topics(TOPIC)  # connect, and have the idempotent producer's id, before the clock starts
    p.poll(1.5)
    return p


def limit_produce():
    """confluent-kafka flat out from memory."""
    import psycopg
    rows = psycopg.connect(DSN).execute("select key, payload from outbox order by id", binary=True).fetchall()
    p = _producer()
    ready()
    for i, (key, payload) in enumerate(rows):
        p.produce(TOPIC, payload, key)
        if not i % 1000:
            p.poll(0)
    done(left=p.flush())


def limit_select():
    """Only the keyset reads of the outbox, 500 a time."""
    import psycopg
    conn, last, n = psycopg.connect(DSN, autocommit=True), 0, 0
    ready()
    while rows := conn.execute("select id, topic, key, payload from outbox where id > %s order by id limit 500",
                               [last], binary=True, prepare=True).fetchall():
        last, n = rows[-1][0], n + len(rows)
    done(rows=n)


def _batch(mark, size=500):
    """A session advisory lock, then two round trips a batch: read the oldest, send all, mark all."""
    import psycopg
    conn, p = psycopg.connect(DSN, autocommit=True), _producer()
    failed = []

    def delivered(err, msg):
        if err:
            failed.append(err)
    ready()
    conn.execute(LOCK)
    while True:
        rows = conn.execute(PENDING.format(size), binary=True, prepare=True).fetchall()
        if not rows:
            asyncio.run(asyncio.sleep(0.05))
            continue
        for _, topic, key, payload in rows:
            p.produce(topic, payload, key, on_delivery=delivered)
        if p.flush() or failed:
            raise SystemExit(f"not delivered: {failed}")
        conn.execute(mark.format("%s"), [[r[0] for r in rows]], prepare=True)


def batch_confluent():
    _batch(MARK)


def batch_confluent_2000():
    _batch(MARK, 2000)


def batch_delete():
    _batch("delete from outbox where id = any({})")


def batch_aiokafka():
    import asyncpg
    from aiokafka import AIOKafkaProducer

    async def main():
        conn = await asyncpg.connect(DSN)
        p = AIOKafkaProducer(bootstrap_servers=BROKER, enable_idempotence=True, acks="all")
        ready()
        await p.start()
        await conn.execute(LOCK)
        while True:
            rows = await conn.fetch(PENDING.format(500))
            if not rows:
                await asyncio.sleep(0.05)
                continue
            await asyncio.gather(*[await p.send(topic, payload, key) for _, topic, key, payload in rows])
            await conn.execute(MARK.format("$1"), [r[0] for r in rows])
    asyncio.run(main())


def naive():
    """One row: lock it, send and wait, mark it, commit."""
    from aiokafka import AIOKafkaProducer
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
    sessions = async_sessionmaker(create_async_engine(SA_DSN))
    pending, mark = text(PENDING.format(1) + " for update skip locked"), text(MARK.format("array[cast(:id as bigint)]"))

    async def main():
        p = AIOKafkaProducer(bootstrap_servers=BROKER, enable_idempotence=True, acks="all")
        ready()
        await p.start()
        while True:
            async with sessions() as s, s.begin():
                row = (await s.execute(pending)).first()
                if row:
                    await p.send_and_wait(row.topic, row.payload, row.key)
                    await s.execute(mark, {"id": row.id})
            if not row:
                await asyncio.sleep(0.05)
    asyncio.run(main())


if __name__ == "__main__":
    globals()[sys.argv[1]]()
