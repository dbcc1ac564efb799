"""What the API of work trials takes."""

from pydantic import BaseModel, ConfigDict, Field

from services.referral.work_trials.domain import Reason


class Answer(BaseModel):
    """The case manager's answer to a proposed work trial."""

    accepted: bool
    reason: Reason | None = Field(None, description="Needed where it is declined, and only there.")

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "accepted": False, "reason": "timing"}]})
