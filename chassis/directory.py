"""What every service with pages takes of `shared.directory.v1`: whom the directory drops is signed out, whose roles or
organisation it has changed signs in anew [privacy.md, Who may do what]."""

from chassis import sessions
from chassis.broker import Subscription
from chassis.database import Session
from contracts.envelope import Event
from contracts.events.directory import StaffListed


async def listed(db: Session, event: Event[StaffListed]) -> None:
    """Ends the sessions of a person that go beyond what the directory says of them."""
    await sessions.end_beyond(db, event.data.staff_id, event.data.organisation, event.data.roles)


async def dropped(db: Session, key: str) -> None:
    """Ends all sessions of a person. A seat's key has a colon, and is nothing here."""
    if ":" not in key:
        await sessions.end_all_of(db, key)


FOLLOWING = Subscription("shared.directory.v1", {StaffListed: listed}, tombstone=dropped)
