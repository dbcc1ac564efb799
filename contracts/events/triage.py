"""`area.triage.v1`: whose matter it is, the area's or the municipality's."""

from typing import Annotated, Literal

from contracts.envelope import Data
from contracts.fields import Code, CodeList, Moment, TriageId


class InquiryTriaged(Data):
    """The service corridor directed an inquiry; nothing about the person [3.7]."""

    KEY = "triage_id"

    triage_id: TriageId
    channel: Literal["post", "call", "email", "visit"]
    rule: Annotated[Code, CodeList("triage-rule")]
    directed_to: Annotated[Code, CodeList("address")]
    at: Moment
