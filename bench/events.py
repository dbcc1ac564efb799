"""Seeded generator of the benchmark's events, in the envelope of our contract, and the truth that a correct
consumer ends with.

Records are (key, value): the key is the subject, the value a JSON CloudEvent of about 500 bytes.
1 % of the records repeat an earlier record byte for byte (same event id), 0.1 % are invalid.
Each subject's valid events carry a gapless `sequence` from 1, so a consumer can drop
duplicates by event id or by sequence.
"""
import random
import sys
from uuid import UUID

import orjson

PREFIX, SUFFIX = "fi.yhdyspinta.", ".v1"
SOURCE = "/municipal/coaching"
TYPES = {  # type -> the part of `data` that is particular to it
    "BenchReferralOffered": '"provider":"P-%03d","needs":["coaching","skills"],"priority":%d',
    "BenchConsentRecorded": '"provider":"P-%03d","scope":["contact","plan"],"version":%d',
    "BenchCoachingStarted": '"provider":"P-%03d","coach":"C-17","planned_weeks":%d',
    "BenchVisitMade": '"provider":"P-%03d","place":"onsite","minutes":%d',
    "BenchCoachingEnded": '"provider":"P-%03d","outcome":"employment","weeks":%d',
    "BenchLeadRouted": '"provider":"P-%03d","company":"2345678-1","openings":%d',
    "BenchLeadFulfilled": '"provider":"P-%03d","company":"2345678-1","filled":%d',
    "BenchFeedbackReceived": '"provider":"P-%03d","channel":"form","score":%d',
}
PATHS = (  # life of one subject, repeated when it runs out
    ["BenchReferralOffered", "BenchConsentRecorded", "BenchCoachingStarted", "BenchVisitMade", "BenchVisitMade",
     "BenchVisitMade", "BenchCoachingEnded", "BenchFeedbackReceived"],
    ["BenchLeadRouted", "BenchLeadFulfilled", "BenchFeedbackReceived"],
)
MUNICIPALITIES = ("lempaala", "vesilahti")
SERVICES = ("coaching", "workshop", "recruitment", "entrepreneur")
DUPLICATE, INVALID = 0.01, 0.001
NOTE = "Sovittu jatkosta puhelimitse; seuraava tapaaminen kalenterissa."


def _event(rng, subject, seq, day, minute, kind, municipality, service):
    eid = UUID(int=rng.getrandbits(128), version=4)
    month, dom = divmod(day, 28)
    year, month = (2025, month + 11) if month < 2 else (2026, month - 1)
    detail = TYPES[kind] % (rng.randrange(40), rng.randrange(1, 6))
    return (
        f'{{"specversion":"1.0","id":"{eid}","source":"{SOURCE}","type":"{PREFIX}{kind}{SUFFIX}",'
        f'"subject":"{subject}","time":"{year}-{month:02}-{dom + 1:02}T{minute // 60:02}:{minute % 60:02}:00Z",'
        f'"datacontenttype":"application/json","data":{{"subject_id":"{subject}","sequence":{seq},'
        f'"municipality":"{municipality}","service":"{service}",{detail},"note":"{NOTE}"}}}}'
    ).encode()


def _break(rng, value):
    how = rng.randrange(4)
    if how == 0:
        return value[: len(value) // 2]  # not JSON
    if how == 1:
        return value.replace(PREFIX.encode(), b"fi.yhdyspinta.Unknown")  # unknown type
    if how == 2:
        return value.replace(b'"municipality":"', b'"municipality":"x', 1)  # not in the enumeration
    return value.replace(b',"sequence":', b',"sequenze":', 1)  # a missing field


def generate(n, seed=1, subjects=None):
    """n records as a list of (key, value)."""
    rng = random.Random(seed)
    subjects = subjects or min(10_000, max(1, n // 10))
    people = [(str(UUID(int=rng.getrandbits(128), version=4)), rng.choices(MUNICIPALITIES, (4, 1))[0], rng.choice(SERVICES),
               PATHS[rng.random() < 0.25]) for i in range(subjects)]
    seqs, last, out = [0] * subjects, [None] * subjects, []
    while len(out) < n:
        i = rng.randrange(subjects)
        subject, municipality, service, path = people[i]
        draw = rng.random()
        if draw < DUPLICATE and last[i]:
            value = last[i]
        else:
            day = len(out) * 336 // n  # the log follows the calendar: 12 months of 28 days
            if rng.random() < 0.1:
                day = max(0, day - rng.randrange(60))  # reported late
            kind = path[seqs[i] % len(path)]
            value = _event(rng, subject, seqs[i] + 1, day, rng.randrange(1440), kind, municipality, service)
            if draw < DUPLICATE + INVALID and draw >= DUPLICATE:
                value = _break(rng, value)
            else:
                seqs[i] += 1
                last[i] = value
        out.append((subject.encode(), value))
    return out


def fields(value):
    """(event id, subject, municipality, service, month, type, time, sequence), or None if invalid.

    The cheapest check that tells the generator's invalid records apart; path V measures full validation.
    """
    try:
        e = orjson.loads(value)
        d, kind = e["data"], e["type"][len(PREFIX):-len(SUFFIX)]
        if kind not in TYPES or d["municipality"] not in MUNICIPALITIES:
            return None
        time = e["time"]
        return e["id"], e["subject"], d["municipality"], d["service"], time[:7] + "-01", kind, time, d["sequence"]
    except (orjson.JSONDecodeError, KeyError):
        return None


def truth(records, dedupe=True):
    """({(municipality, service, month, type): n}, {subject: (type, sequence)}, invalid count)."""
    counts, latest, seen, invalid = {}, {}, set(), 0
    for _, value in records:
        f = fields(value)
        if f is None:
            invalid += 1
            continue
        if dedupe and f[0] in seen:
            continue
        seen.add(f[0])
        counts[f[2:6]] = counts.get(f[2:6], 0) + 1
        if f[7] >= latest.get(f[1], (None, 0))[1]:
            latest[f[1]] = (f[5], f[7])
    return counts, latest, invalid


if __name__ == "__main__":
    for _, v in generate(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1):
        sys.stdout.buffer.write(v + b"\n")
