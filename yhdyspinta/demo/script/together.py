"""What brings the two sides together in a year: invitations to meetings, and case managers at the Ohjaamos."""

from collections.abc import Iterator
from datetime import date, time
from random import Random

from chassis import ohjaamo_days
from chassis.calendar import add_business_days, at, is_business_day
from yhdyspinta.demo import meeting_acts as acts
from yhdyspinta.demo.acts import Act
from yhdyspinta.demo.script.days import moment, open_day, open_days, within

CASE_MANAGERS = ("mikko-mallila", "aino-esimerkki", "petra-kuvitelma", "jonas-harjoitus")
INVITED = {
    ("my-team", "lempaala"): "samira-kuvitelma", ("my-team", "vesilahti"): "samira-kuvitelma",
    ("job-search-talk", "lempaala"): "laura-kokeilu", ("job-search-talk", "vesilahti"): "veera-keksitty",
    ("ohjaamo", "lempaala"): "emma-mallila", ("ohjaamo", "vesilahti"): "minna-kokeilu",
}
PLACES = {"my-team": "area-service-point", "job-search-talk": "remote", "ohjaamo": "ohjaamo-lempaala"}
WORKERS = {"lempaala": "emma-mallila", "vesilahti": "minna-kokeilu"}
TOPICS = ("start-job-search", "job-search", "benefit", "other")
EACH_MONTH = 3


def acts_of(year: int) -> Iterator[Act]:
    """Some invitations a month, and before each Ohjaamo day a request for a case manager or two."""
    rng, (first, last) = Random(f"together {year}"), within(year)
    for month in range(1, 13):
        days = [d for d in open_days(first, last) if d.month == month]
        for number in range(EACH_MONTH):
            yield from _invitation(rng, rng.choice(days), f"invited-{year}-{month:02}-{number}")
    for day in ohjaamo_days.days(first, last):
        for number in range(rng.choice((1, 1, 2))):
            yield from _work_pair(rng, day, f"work-pair-{day.isoformat()}-{number}")


def lately(until: date) -> Iterator[Act]:
    """An invitation and a request that nobody has answered yet."""
    rng, last = Random(f"together lately {until}"), until
    while not is_business_day(last):
        last = date.fromordinal(last.toordinal() - 1)
    day = add_business_days(last, -1)
    yield acts.Invite(
        at=moment(rng, day, 10, 13), key=f"lately-{until}-invited/invite", by="mikko-mallila",
        named=f"lately-{until}-invited", kind="my-team", municipality="vesilahti",
        starts_at=at(add_business_days(last, 6), time(10)), place="remote")
    yield acts.AskCaseManager(
        at=moment(rng, day, 13, 15), key=f"lately-{until}-work-pair/ask", by="emma-mallila",
        named=f"lately-{until}-work-pair", ohjaamo="lempaala", topic="start-job-search",
        for_at=at(add_business_days(last, 2), time(13, 30)))


def _invitation(rng: Random, day: date, key: str) -> Iterator[Act]:
    (kind, municipality), worker = rng.choice(sorted(INVITED.items()))
    yield acts.Invite(
        at=moment(rng, day, 9, 11), key=f"{key}/invite", by=rng.choice(CASE_MANAGERS), named=key, kind=kind,
        municipality=municipality, starts_at=at(add_business_days(day, rng.randint(6, 12)), time(rng.randint(9, 14))),
        place=PLACES[kind])
    yield acts.AnswerInvitation(
        at=moment(rng, open_day(add_business_days(day, rng.randint(1, 2))), 9, 14), key=f"{key}/answer", by=worker,
        named=key, accepted=rng.random() < 0.85)


def _work_pair(rng: Random, day: date, key: str) -> Iterator[Act]:
    where, asked_on = rng.choice(("lempaala", "lempaala", "vesilahti")), add_business_days(day, -rng.randint(2, 4))
    answered_on = add_business_days(asked_on, 1)
    if asked_on < within(day.year)[0]:
        return
    yield acts.AskCaseManager(
        at=moment(rng, asked_on, 9, 14), key=f"{key}/ask", by=WORKERS[where], named=key, ohjaamo=where,
        topic=rng.choice(TOPICS), for_at=at(day, time(rng.randint(13, 15))))
    yield acts.AnswerRequest(
        at=moment(rng, answered_on, 9, 14), key=f"{key}/answer", by=rng.choice(CASE_MANAGERS), named=key,
        accepted=rng.random() < 0.9)
