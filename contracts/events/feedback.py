"""The feedback topics: intake, `municipal.feedback.v1` and `shared.feedback.v1` [5]."""

from typing import Annotated, Literal, TypeAlias

from contracts.envelope import Data
from contracts.fields import (
    DataClass,
    Day,
    FeedbackId,
    Moment,
    MunicipalityCode,
    OrganisationCode,
    Rating,
    RoleCode,
    ServiceCode,
    Text,
)

About: TypeAlias = Literal["municipal-service", "employment-area"]


class FeedbackSubmitted(Data):
    """A municipality's feedback system took feedback; no contact detail has a field [5]."""

    KEY = "feedback_id"

    feedback_id: FeedbackId
    municipality: MunicipalityCode
    about: About
    service: ServiceCode | None = None
    channel: Literal["form", "email", "phone", "visit", "other"]
    rating: Rating | None = None
    text: Annotated[Text, DataClass.PERSONAL] | None = None
    reply_wanted: bool
    received_at: Moment


class FeedbackReceived(Data):
    """Feedback came; its text stays in the feedback service [5]."""

    KEY = "feedback_id"

    feedback_id: FeedbackId
    received_on: Day
    municipality: MunicipalityCode
    about: About
    service: ServiceCode | None = None
    rating: Rating | None = None


class FeedbackRouted(Data):
    """Feedback about the area has somebody who answers it, and a deadline [5]."""

    KEY = "feedback_id"

    feedback_id: FeedbackId
    municipality: MunicipalityCode
    service: ServiceCode | None = None
    rating: Rating | None = None
    received_on: Day
    to_organisation: OrganisationCode
    to_role: RoleCode
    answer_due_on: Day


class FeedbackAnswered(Data):
    """Feedback about the area was answered [5]."""

    KEY = "feedback_id"

    feedback_id: FeedbackId
    municipality: MunicipalityCode
    service: ServiceCode | None = None
    received_on: Day
    to_organisation: OrganisationCode
    to_role: RoleCode
    answer_due_on: Day
    answered_at: Moment
