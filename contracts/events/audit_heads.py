"""`shared.audit-heads.v1`: the last link of each service's audit chain, kept by the other side."""

from typing import Literal

from contracts.envelope import Data
from contracts.fields import Moment, Offset, Sha256


class AuditHeadPublished(Data):
    """The head of a service's audit log."""

    KEY = "service"

    service: Literal["referral", "coaching", "leads", "feedback", "notify", "reporting"]
    seq: Offset
    head: Sha256
    at: Moment
