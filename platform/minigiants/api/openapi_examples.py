"""Examples of bodies, for schemas that bring none of their own, and what the tags mean."""

from typing import Any, Final

_EVALUATION_REPORT: Final = {"attempt": 1, "report_token": "s3cr3t-of-one-attempt"}

EXAMPLES: Final[dict[str, Any]] = {
    "UploadIn": {
        "competition": "digits",
        "files": [
            {
                "path": "model.onnx",
                "size": 39_412,
                "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            }
        ],
    },
    "PartIn": {"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
    "SubmissionIn": {
        "artifact": "01890a5d-ac96-774b-bcce-b302099a8057",
        "message": "wider first layer",
    },
    "TeamIn": {"name": "The tiny ones"},
    "LeaderIn": {"username": "ada"},
    "InvitationIn": {"to": "grace@example.org"},
    "MergeIn": {"team": "The other ones"},
    "AnswerIn": {"accept": True},
    "ThreadIn": {"title": "Which opset?", "body": "Does *opset 21* run here?"},
    "BodyIn": {"body": "Yes, since last week."},
    "ThreadFlagsIn": {"is_pinned": True},
    "ReasonIn": {"reason": "Two accounts of one person"},
    "RescoreIn": {"reason": "Row 17 had the wrong label"},
    "HostIn": {"role": "judge"},
    "CompetitionInvitationIn": {"email": "grace@example.org"},
    "Presence": {
        "worker": "gpu-7",
        "role": "predict",
        "profile": "cpu",
        "slots": 2,
        "strength": "docker",
        "formats": ["onnx", "python"],
        "machine": {
            "cpus": 4,
            "memory_bytes": 16_698_974_208,
            "gpu": {"kind": "NVIDIA L4", "memory_bytes": 24_152_899_584},
        },
        "version": "0.1.0",
    },
    "ClaimRequest": {
        "attempt": 1,
        "worker": "gpu-7",
        "claim": "0b8c6ad2-5f0e-4f4b-9d5e-2f6f5f0c9a11",
    },
    "Heartbeat": {**_EVALUATION_REPORT, "stage": "smoke"},
    "PredictReport": {**_EVALUATION_REPORT, "failure": "timed_out", "failed_stage": "hidden"},
    "ScoreReport": {
        **_EVALUATION_REPORT,
        "values": [
            {"metric": "accuracy", "split": "public", "value": 0.9593},
            {"metric": "accuracy", "split": "private", "value": 0.9541},
        ],
    },
}
"""By the schema's name."""

TAGS: Final[dict[str, str]] = {
    "account": "The caller, preferences and tokens",
    "competitions": "What competitions ask, their rules, limits and quota",
    "teams": "Who competes: members, invitations, merging",
    "people": "Who takes part, as far as they show themselves",
    "community": "Discussions, announcements and notices",
    "data": "Public data",
    "leaderboards": "Boards",
    "uploads": "Sending a model, in parts",
    "artifacts": "Models that have been uploaded, and what inspection says of them",
    "submissions": "Handing in, and following what becomes of it",
    "hosting": "Running a competition: its pack, its people, its boards, and who stands on them",
    "webhooks": "Hearing of what happens, by signed requests",
    "installation": "What operators ask of the installation",
    "workers": "The workers' own routes; not for people",
}
