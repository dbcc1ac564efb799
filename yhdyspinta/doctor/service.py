"""What a service stands on: its database, key store, outbox, dead letters, mail server, and whether its pages
answer."""

import asyncio
import smtplib
from datetime import timedelta

import asyncpg
import httpx
from confluent_kafka import Consumer, KafkaException, TopicPartition

from chassis.clock import system_clock
from chassis.database import Database, head_of, migrations_of
from chassis.decisions import Refused
from chassis.keys import key_store
from chassis.letters import WINDOW, Letters
from chassis.settings import Settings, SettingsError
from yhdyspinta.doctor import clock
from yhdyspinta.doctor.finding import Finding, attend, good, unknown, wrong
from yhdyspinta.reach import NotReached, reach

LATE = timedelta(minutes=1)
"""Age of an outbox row at which its relay is not at work."""
SECONDS = 5.0
MANY = 10_000
"""Records that a fold takes in a second: more mean that it is behind."""
NOT_THERE = "Start it with `make demo` or `yhdyspinta serve`; PUBLIC_URL says where its pages are."

_OUTBOX = """
select count(*) as rows, min(created_at) as oldest, clock_timestamp() as now
from outbox where not_before is null or not_before < clock_timestamp()
"""
_FOLDED = "select topic, partition, next from projection_offsets"
_PLACE = "select database_id, exists (select from keys where state = 'live') as known from key_place"


async def examine(settings: Settings) -> list[Finding]:
    """Findings on one service."""
    found = [await _database(settings)]
    if found[0].state == "good":
        found += [*await _in_database(settings), await _letters(settings)]
    found.append(await _pages(settings))
    if settings.service == "notify":
        found.append(await asyncio.to_thread(_mail, settings))
    return found


async def _database(settings: Settings) -> Finding:
    """Whether the service gets in, and finds the schema that it needs."""
    name = settings.service
    database = Database(settings, system_clock)
    try:
        missing = await database.schema_missing(head_of(migrations_of(name)))
    except SettingsError as fault:
        return wrong("database", name, str(fault), "Run `yhdyspinta provision`.")
    finally:
        await database.close()
    if missing is None:
        return good("database", name, f"The database at {settings.address} lets it in, and the schema is the code's.")
    if "password" in missing:
        do = "Put the role's password into the secret file, or run `yhdyspinta provision`, which sets both alike."
    elif "schema" in missing:
        do = f"Run `yhdyspinta migrate {name}`."
    else:
        do = f"Start Postgres, or check DATABASE_URL_{name.upper()}; `yhdyspinta provision` makes a database anew."
    return wrong("database", name, f"{missing[0].upper()}{missing[1:]}.", do)


async def _in_database(settings: Settings) -> list[Finding]:
    connection = await asyncpg.connect(**settings.database(), timeout=10)
    try:
        asked = system_clock()
        box = await connection.fetchrow(_OUTBOX)
        found = [clock.compared(f"{settings.service}'s database", box["now"], asked), _outbox(settings, box)]
        if settings.keys:
            place = await connection.fetchrow(_PLACE)
            found.append(await asyncio.to_thread(_keys, settings, str(place["database_id"]), place["known"]))
        if await connection.fetchval("select to_regclass('projection_offsets') is not null"):
            at = [(row["topic"], row["partition"], row["next"]) for row in await connection.fetch(_FOLDED)]
            found.append(await asyncio.to_thread(_fold, settings, at))
        return found
    except asyncpg.PostgresError as fault:
        return [wrong("database", settings.service, f"Its tables can't be read ({type(fault).__name__}).",
                      "Run `yhdyspinta provision`, then `yhdyspinta migrate`.")]
    finally:
        await connection.close()


def _outbox(settings: Settings, box: asyncpg.Record) -> Finding:
    age = box["now"] - box["oldest"] if box["oldest"] else timedelta(0)
    if age < LATE:
        return good("outbox", settings.service, f"{box['rows']} events wait to be published, none for long.")
    return wrong("outbox", settings.service,
                 f"{box['rows']} events wait to be published, the oldest for {int(age.total_seconds() // 60)} min.",
                 "Start the service; if it runs, its log says why Kafka takes nothing. Nothing is lost meanwhile.")


def _fold(settings: Settings, at: list[tuple[str, int, int]]) -> Finding:
    """How much a projection, whose offsets are in the database and in no group, has still to fold."""
    consumer = Consumer({**settings.kafka(), "group.id": f"{settings.service}.doctor", "log_level": 0})
    try:
        ends = [consumer.get_watermark_offsets(TopicPartition(settings.topic(topic), part), timeout=SECONDS)
                for topic, part, _ in at]
    except KafkaException:
        return unknown("fold", settings.service, "Its topics can't be asked how much is left.", "Mend Kafka first.")
    finally:
        consumer.close()
    left = sum(max(0, high - done) for (_, high), (_, _, done) in zip(ends, at, strict=True))
    if left > MANY:
        return attend("fold", settings.service, f"{left} records wait to be folded.",
                      "Wait if it has just begun; if it does not fall, its log says why.")
    return good("fold", settings.service, f"{left} records wait to be folded.")


async def _letters(settings: Settings) -> Finding:
    """How many dead letters are not handled yet; of very many the newest alone are looked through."""
    name, database = settings.service, Database(settings, system_clock)
    try:
        await asyncio.to_thread(reach, settings.kafka())  # tells sooner than a reader that it is not let in
        found = await Letters(database).page(size=WINDOW)
    except (NotReached, Refused, SettingsError):
        return unknown("dead letters", name, "They can't be read.", "Mend Kafka, or the service's account, first.")
    finally:
        await database.close()
    left = sum(not letter.settled for letter in found.letters)
    if left:
        most = f" among the newest {WINDOW}" if found.older is not None else ""
        return attend("dead letters", name, f"{left} dead letters{most} are not handled.",
                      f"See why with `yhdyspinta dead-letters list --service {name}`; correct and replay what must be.")
    return good("dead letters", name, f"None waits; {found.total} are kept, all of them handled." if found.total
                else "There are none.")


def _keys(settings: Settings, database_id: str, known: bool) -> Finding:
    service, files = settings.service, key_store(settings).files
    do = "See docs/operating.md, Keys. Key folders are never restored from a backup."
    try:
        if files.check(database_id, known) is None:
            return good("keys", service, f"The key folder {files.root} is empty, and so is the table of keys.")
    except SettingsError as fault:
        return wrong("keys", service, str(fault), do)
    except OSError as fault:
        return wrong("keys", service, f"The key folder {files.root} can't be read ({fault.strerror}).", do)
    if files.next_kek_file.exists():
        return wrong("keys", service, "A rotation of the key encryption key was broken off.",
                     f"Run `yhdyspinta keys rotate {service}`: it goes on where it was.")
    return good("keys", service, f"The key folder {files.root} is this database's, and its owner's alone.")


async def _pages(settings: Settings) -> Finding:
    """What the service says of itself."""
    name, address = settings.service, f"{settings.public_url}/{settings.service}/health/ready"
    try:
        async with httpx.AsyncClient(timeout=SECONDS) as http:
            answer = await http.get(address)
            waits = [str(reason) for reason in answer.json()["waiting_for"]]
    except httpx.HTTPError:
        return wrong("service", name, f"It does not answer at {address}.", NOT_THERE)
    except (ValueError, KeyError, TypeError):
        return wrong("service", name, f"Something else answers at {address}.", NOT_THERE)
    if waits:
        return wrong("service", name, f"It runs and is not ready: {', '.join(waits)}.",
                     "Mend what is said of it here first; its log says what it waits for.")
    return good("service", name, "It runs and is ready.")


def _mail(settings: Settings) -> Finding:
    address = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=SECONDS) as server:
            code, _ = server.ehlo()
    except (OSError, smtplib.SMTPException):
        return wrong("mail", "notify", f"The mail server at {address} does not answer.",
                     "Start it, or set SMTP_HOST and SMTP_PORT (the demo's: YHDYSPINTA_SMTP_PORT). Notices wait.")
    if code != 250:
        return unknown("mail", "notify", f"The mail server at {address} answers {code}.", "See its log.")
    return good("mail", "notify", f"The mail server at {address} answers.")

