"""RFC 9457 problem details."""

from pydantic import BaseModel, ConfigDict, Field


class FieldError(BaseModel):
    """One field that is not valid."""

    field: str
    message: str
    type: str


class ProblemOut(BaseModel):
    """Every error's form. A kind of problem may carry further members, such as `renews_at`."""

    model_config = ConfigDict(title="Problem", extra="allow")

    type: str = Field(description="Address of the code's explanation")
    title: str
    status: int
    code: str = Field(description="Stable; programs tell errors apart by it")
    detail: str = Field(description="What happened")
    mend: str = Field(description="How to mend it")
    quota_charged: bool
    errors: list[FieldError] | None = None
