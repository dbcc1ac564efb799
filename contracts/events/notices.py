"""What notify told whom (`area.`, `municipal.`, `shared.notices.v1`); ids and codes, never a text."""

from typing import Annotated

from contracts.envelope import Data, Part
from contracts.fields import AboutId, AboutType, Code, CodeList, Moment, NoticeId, OrganisationCode, RoleCode


class About(Part):
    """One thing that a notice is about."""

    type: AboutType
    id: AboutId


class NoticeData(Data):
    """What every event of a notice has."""

    KEY = "notice_id"

    notice_id: NoticeId
    about: tuple[About, ...]
    organisation: OrganisationCode
    role: RoleCode
    channel: Annotated[Code, CodeList("notice-channel")]
    at: Moment
    reason: Annotated[Code, CodeList("notice-reason")] | None = None


class NoticeSent(NoticeData):
    """A notice left for its receiver."""


class NoticeUndeliverable(NoticeData):
    """A notice could not be sent."""


class NoticeUnknown(NoticeData):
    """Whether a notice was sent could not be found out; it is not sent again by itself."""
