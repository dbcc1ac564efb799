"""What must hold after a storm, whatever was killed when.

Every accepted command's event is on its topic, each under one id; nothing is counted, opened or mailed twice; of a
withdrawn client no key is left, and that is proved; the facts equal those rebuilt from zero, and the commands.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import ConsumerGroupTopicPartitions
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import audit, proofs
from chassis.broker import as_aiokafka
from chassis.clock import system_clock
from chassis.database import Database
from chassis.decisions import Refused
from chassis.service import Service
from contracts.events.coaching import ContactDetailsErased
from contracts.topics import SERVICES, TOPICS, dead_letter_topic, source_of
from services.reporting import fold
from services.reporting.app import PSEUDONYM_SECRET
from services.reporting.rebuild import rebuild
from tests.stack import World
from tests.waiting import until
from yhdyspinta.serve import build

if TYPE_CHECKING:
    from tests.system.storm import Sent, Storm

WAITING = {
    "outbox": "select count(*) from outbox where not_before is null or not_before <= now()",
    "keys": "select count(*) from keys where state = 'erasing'",
    "notices": "select count(*) from notices where status in ('queued', 'sending')",
}
OF_ACTS = {
    "attempts": ("ContactAttempted",), "appointments": ("AppointmentBooked",), "meetings": ("MeetingHeld",),
    "start": ("CoachingStarted",), "end": ("CoachingEnded", "CaseClosed"), "return": ("ReferralReturned",),
    "area withdrawal": ("ConsentWithdrawn",), "withdrawal": ("ConsentWithdrawn",),
    "area cancellation": ("ReferralCancelled",),
}
"""The events of each accepted act, one of each."""
STATUS = {
    "started": "started", "ended": "ended", "withdrawn by area": "withdrawn", "withdrawn by provider": "withdrawn",
    "withdrawn by both": "withdrawn", "withdrawn at once": "withdrawn", "started, withdrawn": "withdrawn",
    "returned": "returned", "cancelled": "cancelled", "nothing": "delivered",
}
ERASED = ("withdrawn", "returned", "cancelled")


@dataclass
class Found:
    """What was counted, and sentences about what is wrong."""

    figures: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def expect(self, what: str, found: Any, wanted: Any) -> None:
        if found != wanted:
            self.wrong.append(f"{what}: {found!r}, not {wanted!r}")


# --- rest


async def rest(storm: Storm, seconds: float) -> None:
    """Returns when nothing waits in an outbox, on a topic, in a key store or to be mailed."""
    world = storm.world
    services = [build(world.settings(name)) for name in SERVICES]
    connections = {name: await world.connect(name) for name in SERVICES}
    consumer = AIOKafkaConsumer(**as_aiokafka(world.client("admin")), enable_auto_commit=False)
    await consumer.start()
    last: dict[str, int] = {}

    async def quiet() -> bool:
        nonlocal last
        for process in storm.processes:
            process.require_alive()
        storm.seen["waits"] = 0
        ends = await _ends(world, consumer)
        waits = await _waits(connections) + await _behind(world, services, connections, ends)
        still, last = ends == last, ends
        if waits:
            storm.seen["waits"] = len(waits)
            storm.last_waits = waits
        return still and not waits

    try:
        await until(quiet, seconds, what="rest")
    except AssertionError as fault:
        raise AssertionError(f"{fault}; {storm.last_waits}") from None
    finally:
        await consumer.stop()
        for connection in connections.values():
            await connection.close()
        for service in services:
            await service.database.close()


async def _waits(connections: dict[str, asyncpg.Connection]) -> list[str]:
    found = []
    for name, connection in connections.items():
        for what, query in WAITING.items():
            if (what == "keys" and name not in ("referral", "coaching")) or (what == "notices" and name != "notify"):
                continue
            if n := await connection.fetchval(query):
                found.append(f"{n} in {what} of {name}")
    return found


async def _ends(world: World, consumer: AIOKafkaConsumer) -> dict[str, int]:
    parts = [TopicPartition(world.topic(name), p) for name, topic in TOPICS.items() for p in range(topic.partitions)]
    return {f"{tp.topic}/{tp.partition}": end for tp, end in (await consumer.end_offsets(parts)).items()}


async def _behind(world: World, services: Iterable[Service], connections: dict[str, asyncpg.Connection],
                  ends: dict[str, int]) -> list[str]:
    """The topics that somebody has not read to their ends."""
    found = []
    for service in services:
        for subscription in service.subscriptions:
            name = world.topic(subscription.topic)
            asked = world.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(f"{service.name}.{name}")])
            for group in asked.values():
                answer = await asyncio.to_thread(group.result, 20)
                at = {f"{tp.topic}/{tp.partition}": tp.offset for tp in answer.topic_partitions or ()}
                found += [f"{place} for {service.name}" for place, end in ends.items()
                          if place.startswith(f"{name}/") and at.get(place, 0) < end]
        for projection in service.projections:
            rows = await connections[service.name].fetch(
                "select topic, partition, next from projection_offsets where projection = $1", projection.name)
            at = {f"{world.topic(r['topic'])}/{r['partition']}": r["next"] for r in rows}
            names = {world.topic(t) for t in projection.topics}
            found += [f"{place} for {projection.name}" for place, end in ends.items()
                      if place.partition("/")[0] in names and at.get(place, 0) < end]
    return found


# --- the look


async def look(storm: Storm) -> Found:
    found = Found()
    told = await Told.of(storm.world, found)
    found.wrong += [f"refused: {each}" for each in storm.refused]
    _commands(storm.sent, told, found)
    await _withdrawals(storm, told, found)
    await _keys(storm.world, found)
    await _mails(storm, told, found)
    await _obligations(told, found)
    await _facts(storm, found)
    await _letters(storm, found)
    await _audit(storm.world, found)
    return found


@dataclass
class Told:
    """The events of all topics, each id once, by name and key; in order of the topic."""

    by_key: dict[tuple[str, str], list[dict[str, Any]]]
    by_name: dict[str, list[dict[str, Any]]]
    tombstones: set[str]

    @classmethod
    async def of(cls, world: World, found: Found) -> Told:
        told = cls(defaultdict(list), defaultdict(list), set())
        seen: dict[tuple[str, str, str], bytes] = {}
        again: Counter[str] = Counter()
        for name, topic in TOPICS.items():
            if topic.dead_letters or topic.replays:
                continue
            for record in await world.records(name):
                if record.value is None:
                    told.tombstones.add((record.key or b"").decode())
                    continue
                event = orjson.loads(record.value)
                which = (name, event["source"], event["id"])
                if which in seen:
                    again[name] += 1
                    found.expect(f"the repeat of {which}", record.value, seen[which])
                    continue
                seen[which] = record.value
                kind = event["type"].split(".")[2]
                told.by_key[kind, event["subject"]].append(event)
                told.by_name[kind].append(event)
        found.figures["events"] = len(seen)
        found.figures["records that came again under their id"] = dict(again)
        return told

    def ids(self, name: str, key: str) -> int:
        return len(self.by_key.get((name, key), ()))


def _commands(sent: Collection[Sent], told: Told, found: Found) -> None:
    """Each accepted command has its events, each under one id; no other command happened."""
    found.expect("referrals told", len(told.by_name["ReferralConsented"]), len(sent))
    found.expect("numbers that were given twice", [n for n, c in Counter(s.number for s in sent).items() if c > 1], [])
    acts: Counter[str] = Counter()
    for one in sent:
        found.expect(f"ReferralConsented of {one.id}", told.ids("ReferralConsented", one.id), 1)
        opened = told.by_key.get(("CaseOpened", one.case_id), ()) if one.case_id else ()
        if one.case_id:
            found.expect(f"CaseOpened of {one.number}", len(opened), 1)
        wanted = {event: 1 for act in one.acts for event in OF_ACTS[act]}
        for event in {e for events in OF_ACTS.values() for e in events}:
            there = told.ids(event, one.id) + (told.ids(event, one.case_id) if one.case_id else 0)
            if event == "CaseClosed" and STATUS[one.course] in ERASED:
                continue
            found.expect(f"{event} of {one.number} ({one.course})", there, wanted.get(event, 0))
        acts.update(one.acts)
    found.figures["accepted acts"] = dict(acts)
    for name in ("ReferralConsented", "CaseOpened", "ContactDetailsReceived", "CoachingStarted", "CoachingEnded",
                 "ServiceBegan", "ServiceEnded", "ApproachReceived"):
        found.figures[name] = len(told.by_name[name])
    found.expect("services that began", len(told.by_name["ServiceBegan"]), acts["meetings"])
    found.expect("services that ended", len(told.by_name["ServiceEnded"]), acts["end"])
    found.expect("approaches", len(told.by_name["ApproachReceived"]), len(told.by_name["CaseOpened"]))


async def _withdrawals(storm: Storm, told: Told, found: Found) -> None:
    """Where the consent is over, each key that was offered is proved to be erased, once; both sides know."""
    trust, erased = storm.world.settings("referral").trust, 0
    connection = await storm.world.connect("referral")
    status = {str(r["id"]): r["status"] for r in await connection.fetch("select id, status from referrals")}
    await connection.close()
    found.expect("referrals stored", len(status), len(storm.sent))
    for one in storm.sent:
        found.expect(f"the status of {one.number}", status.get(one.id), STATUS[one.course])
        offered = {e["data"]["key_id"] for e in told.by_key.get(("ReceivingKeyOffered", one.id), ())}
        proved = told.by_key.get(("ContactDetailsErased", one.id), [])
        if STATUS[one.course] not in ERASED:
            found.expect(f"erasures of {one.number}", len(proved), 0)
            continue
        keys = [e["data"].get("key_id") for e in proved]
        found.expect(f"keys told as erased of {one.number}", sorted(map(str, keys)), sorted(offered) or ["None"])
        erased += len(proved)
        for event in proved:
            data = ContactDetailsErased.model_validate_json(orjson.dumps(event["data"]))
            try:
                proofs.verify(data.proof, data, event["type"], source_of("coaching"), trust)
            except Refused as refused:
                found.wrong.append(f"{one.number}: {refused}")
        if told.by_key.get(("ContactDetailsSealed", one.id)) and one.id not in told.tombstones:
            found.wrong.append(f"{one.number} has no tombstone")
    found.figures["proved erasures"] = erased


async def _keys(world: World, found: Found) -> None:
    """A key is live and has a file, or it has none; a kill leaves at most files that no row ever named."""
    for service in ("referral", "coaching"):
        connection = await world.connect(service)
        rows = {r["key_id"]: r["state"] for r in await connection.fetch("select key_id, state from keys")}
        folder = world.settings(service).keys
        assert folder is not None
        files = {f.name for f in folder.iterdir() if len(f.name) == 36}
        live = {key for key, state in rows.items() if state == "live"}
        found.figures[f"keys of {service}"] = dict(Counter(rows.values())) | {"unclaimed": len(files - rows.keys())}
        found.expect(f"live keys of {service} without a file", sorted(live - files), [])
        found.expect(f"files of erased keys of {service}", sorted(files & rows.keys() - live), [])
        found.expect(f"lost keys of {service}", sorted(k for k, s in rows.items() if s == "lost"), [])
        await connection.close()


async def _mails(storm: Storm, told: Told, found: Found) -> None:
    """No mail twice; each notice has one end, and what was sent has arrived."""
    connection = await storm.world.connect("notify")
    notices = {r["id"]: r for r in await connection.fetch(
        'select id, text, about_id, organisation, role, staff_id, status, "values" from notices')}
    await connection.close()
    arrived = Counter(str(message_from_bytes(m)["Message-ID"]).strip("<>").partition("@")[0]
                      for m in storm.mails.mails)
    found.figures["mails"] = sum(arrived.values())
    found.figures["notices"] = dict(Counter(n["status"] for n in notices.values()))
    found.expect("mails that came twice", [i for i, n in arrived.items() if n > 1], [])
    found.expect("mails without a notice", sorted(arrived.keys() - notices.keys()), [])
    sent = {i for i, n in notices.items() if n["status"] == "sent"}
    found.expect("notices sent that did not arrive", sorted(sent - arrived.keys()), [])
    same = Counter((n["about_id"], n["text"], n["organisation"], n["role"], n["staff_id"], str(n["values"]))
                   for n in notices.values())
    found.expect("notices made twice", [k for k, n in same.items() if n > 1], [])
    first = Counter(n["about_id"] for n in notices.values() if n["text"] == "ReferralConsented")
    found.expect("referrals whose provider was not told", [s.number for s in storm.sent if first[s.id] != 1], [])
    ends = Counter(e["data"]["notice_id"] for name in ("NoticeSent", "NoticeUnknown", "NoticeUndeliverable")
                   for e in told.by_name[name])
    found.expect("notices whose end was not told once", sorted(i for i in notices if ends[i] != 1), [])


async def _obligations(told: Told, found: Found) -> None:
    """An obligation opens once and is met or cancelled once; of a kind about one thing there is one."""
    names = ("ObligationOpened", "ObligationMet", "ObligationCancelled", "ObligationDueSoon", "ObligationMissed")
    for name in names:
        twice = [k for k, n in Counter(e["subject"] for e in told.by_name[name]).items() if n > 1]
        found.expect(f"{name} told twice", twice, [])
    opened = Counter((e["data"]["about_id"], e["data"]["kind"]) for e in told.by_name["ObligationOpened"])
    found.expect("obligations opened twice", [k for k, n in opened.items() if n > 1], [])
    met = {e["subject"] for e in told.by_name["ObligationMet"]}
    cancelled = {e["subject"] for e in told.by_name["ObligationCancelled"]}
    found.expect("obligations met and cancelled", sorted(met & cancelled), [])
    found.figures["obligations"] = {name: len(told.by_name[name]) for name in names}


async def _facts(storm: Storm, found: Found) -> None:
    """Reporting's facts equal the commands that were accepted, and those rebuilt from zero."""
    settings = storm.world.settings("reporting")
    connection = await storm.world.connect("reporting")
    live = await connection.fetchval("select live from generation")

    async def count(table: str, condition: str = "true") -> Any:
        return await connection.fetchval(f"select count(*) from {live}.{table} where {condition}")

    acts = Counter(act for one in storm.sent for act in one.acts)
    found.expect("facts of referrals", await count("referrals"), len(storm.sent))
    found.expect("facts of starts", await count("starts", "began"), acts["meetings"])
    found.expect("facts of ends", await count("ends"), acts["end"])
    found.expect("facts of returns", await count("returns"), acts["return"])
    await connection.close()
    done = await rebuild(settings, system_clock, fold.pseudonym(settings.secret(PSEUDONYM_SECRET)), swap=False)
    found.figures["facts rebuilt"] = done.rows
    found.expect("differences of the rebuilt facts", done.differences, {})


async def _letters(storm: Storm, found: Found) -> None:
    letters: Counter[str] = Counter()
    for service in SERVICES:
        for record in await storm.world.records(dead_letter_topic(service)):
            headers = dict(record.headers)
            letters[f"{service}: {(headers.get('dead-letter-reason') or b'').decode()}: "
                    f"{(headers.get('dead-letter-sentence') or b'').decode()}"] += 1
    found.figures["dead letters"] = dict(letters)
    found.expect("dead letters", dict(letters), {})
    found.expect("answers 500", storm.seen["request: 500"], 0)


async def _audit(world: World, found: Found) -> None:
    for service in ("referral", "coaching"):
        database = Database(world.settings(service), system_clock)
        async with database.engine.connect() as connection:
            verdict = await _verified(connection)
        await database.close()
        found.figures[f"audit rows of {service}"] = getattr(verdict, "rows", 0)
        if isinstance(verdict, audit.Broken):
            found.wrong.append(f"audit log of {service}: {verdict}")


async def _verified(connection: AsyncConnection) -> Any:
    return await audit.verify(connection)
