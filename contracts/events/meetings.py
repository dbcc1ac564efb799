"""`shared.meetings.v1`: meetings of the groups that the plan names [1, 2.1, 3.5, 3.6, 8]."""

from typing import Annotated

from contracts.envelope import Data
from contracts.fields import Code, CodeList, Count, GroupCode, MeetingId, Moment, StaffId


class GroupMeetingSet(Data):
    """A group meets; a higher `sequence` moves the meeting."""

    KEY = "meeting_id"

    meeting_id: MeetingId
    group: GroupCode
    starts_at: Moment
    ends_at: Moment
    convener: StaffId
    pack_kind: Annotated[Code, CodeList("pack-kind")] | None = None
    sequence: Count


class GroupMeetingCancelled(Data):
    """A group does not meet."""

    KEY = "meeting_id"

    meeting_id: MeetingId
    group: GroupCode
    sequence: Count


class GroupMeetingHeld(Data):
    """A group met; `attended` is how many."""

    KEY = "meeting_id"

    meeting_id: MeetingId
    group: GroupCode
    attended: Count
