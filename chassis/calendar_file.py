"""Calendar files (iCalendar) of meetings: an invitation, its cancellation, and days to put into one's own calendar.

Promise: the same meeting has the same UID on both sides and in every file, a later agreement a higher SEQUENCE, so a
calendar moves or removes what it has [RFC 5545, 5546]. Times are Europe/Helsinki's with the zone in the file. No
alarm; nothing of a client: whoever makes a meeting gives it a summary that may lie in anybody's calendar.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from icalendar import Calendar, Event, vCalAddress
from starlette.responses import Response

from chassis.calendar import HELSINKI

MEDIA_TYPE = "text/calendar"
PRODUCT = "-//Yhdyspinta//Yhdyspinta//FI"
NO_ADDRESS = "invalid:nomail"
"""A participant whose address is not known here: names travel, addresses stay in their own service."""


@dataclass(frozen=True)
class Participant:
    """Who takes part, or invites: a member of staff or an organisation, with an address if it has one here."""

    name: str
    address: str | None = None


@dataclass(frozen=True)
class Meeting:
    """One meeting as calendars know it. `stamp` is when it was last agreed or changed."""

    id: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    stamp: datetime
    summary: str
    place: str | None = None
    organiser: Participant | None = None
    attendees: Sequence[Participant] = ()


def invitation(meeting: Meeting) -> bytes:
    """The file that puts a meeting into a calendar, or moves it there (METHOD:REQUEST)."""
    return _file("REQUEST", [meeting], "CONFIRMED")


def cancellation(meeting: Meeting, at: datetime) -> bytes:
    """The file that removes a meeting which was called off at a moment (METHOD:CANCEL)."""
    return _file("CANCEL", [replace(meeting, sequence=meeting.sequence + 1, stamp=at)], "CANCELLED")


def published(meetings: Sequence[Meeting]) -> bytes:
    """A file of several, to be taken in as they are (METHOD:PUBLISH)."""
    return _file("PUBLISH", meetings, "CONFIRMED")


def answer(content: bytes, name: str) -> Response:
    """A file as a page's answer: the browser keeps it under the name, or hands it to the calendar."""
    return Response(content, media_type=MEDIA_TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _file(method: str, meetings: Sequence[Meeting], status: Literal["CONFIRMED", "CANCELLED"]) -> bytes:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("method", method)
    for meeting in meetings:
        calendar.add_component(_event(meeting, status))
    if meetings:
        first, last = min(m.starts_at for m in meetings), max(m.ends_at for m in meetings)
        calendar.add_missing_timezones(
            first_date=(first - timedelta(days=366)).date(), last_date=(last + timedelta(days=366)).date())
    content: bytes = calendar.to_ical()
    return content


def _event(meeting: Meeting, status: str) -> Event:
    event = Event()
    event.add("uid", meeting.id)
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", meeting.stamp)
    event.add("dtstart", meeting.starts_at.astimezone(HELSINKI))
    event.add("dtend", meeting.ends_at.astimezone(HELSINKI))
    event.add("summary", meeting.summary)
    event.add("status", status)
    if meeting.place:
        event.add("location", meeting.place)
    if meeting.organiser:
        event.add("organizer", _participant(meeting.organiser), encode=False)
    for each in meeting.attendees:
        event.add("attendee", _participant(each), encode=False)
    return event


def _participant(who: Participant) -> vCalAddress:
    address = vCalAddress(f"mailto:{who.address}" if who.address else NO_ADDRESS)
    address.params["CN"] = who.name
    return address
