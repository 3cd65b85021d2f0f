"""How this installation is."""

from datetime import datetime

from pydantic import Field

from minigiants.api.schemas.base import Out


class WorkerOut(Out):
    name: str
    role: str
    profile: str
    slots: int
    strength: str = Field(description="How it holds participants' code; empty: not at all")
    formats: list[str]
    cpus: float | None = Field(description="Of the machine where models run")
    memory_bytes: int | None = Field(description="Of that machine; the slots share it")
    gpu: str = Field(description="Its kind; empty: none, or not known")
    gpu_memory_bytes: int | None
    hindrance: str = Field(description="Why no job can begin there at present; empty: jobs can")
    seen_at: datetime


class InstallationOut(Out):
    healthy: bool = Field(description="All parts answer, and of each role a worker takes jobs")
    database: str = Field(description="ok, or what is wrong")
    broker: str = Field(description="ok, or what is wrong")
    queues: dict[str, int] = Field(description="Evaluations by state")
    workers: list[WorkerOut]
