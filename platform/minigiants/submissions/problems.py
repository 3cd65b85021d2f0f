"""Why something can't be handed in, cancelled or claimed."""

from minigiants.core.problems import NotAuthenticated, Problem


class PhaseClosed(Problem):
    code = "phase_closed"
    status = 409
    title = "The competition takes no submissions now"
    mend = "Look at the timeline on the competition's overview."


class QuotaExhausted(Problem):
    code = "quota_exhausted"
    status = 429
    title = "The quota is used up"
    mend = "Wait until it renews; the time is in `renews_at`."


class TooManyFailures(Problem):
    code = "too_many_failures"
    status = 429
    title = "Too many models have failed today"
    mend = "Run `minigiants score` on your own machine first; the count renews at midnight UTC."


class TooManyRunning(Problem):
    code = "too_many_running"
    status = 429
    title = "Your team has as many submissions under way as it may"
    mend = "Wait for one of them to finish, or cancel one."


class DuplicateSubmission(Problem):
    code = "duplicate_submission"
    status = 409
    title = "Your team has handed in this very model before"
    mend = "Look at the earlier submission; the same bytes would get the same score."


class NeedsContainer(Problem):
    code = "needs_container"
    status = 409
    title = "No worker here runs the format"
    mend = (
        "Hand in an ONNX model, which every worker runs. Operators: install Docker and build the "
        "harness image with `make harness-image`, which holds all that any format takes."
    )


class WorkersTooSmall(Problem):
    code = "workers_too_small"
    status = 409
    title = "No worker here has the memory that the competition allows"
    mend = (
        "There is nothing wrong with the model. Ask the organizers to lower the limit, or the "
        "operators for a larger worker."
    )


class NotCancellable(Problem):
    code = "not_cancellable"
    status = 409
    title = "This submission is finished"
    mend = "There is nothing left to cancel."


class NothingToRescore(Problem):
    code = "nothing_to_rescore"
    status = 409
    title = "No score would change"
    mend = "Publish a version with other labels or another metric first."


class RescoreRunning(Problem):
    code = "rescore_running"
    status = 409
    title = "A rescore is under way"
    mend = "Wait until it ends, or cancel it."


class TrialEnded(Problem):
    code = "trial_ended"
    status = 409
    title = "This trial has ended"
    mend = "Read what came of it on the page Manage of the competition."


class RescoreEnded(Problem):
    code = "rescore_ended"
    status = 409
    title = "This rescore has ended"
    mend = "Start another one if the scores should change again."


class ClaimLost(Problem):
    code = "claim_lost"
    status = 409
    title = "This attempt is not to be had"
    mend = "Drop the message; the dispatcher sends another one when there is work."


class AttemptOver(Problem):
    code = "attempt_over"
    status = 410
    title = "This attempt is over"
    mend = "Drop it; whatever you have computed is not wanted any more."


class NotSelectable(Problem):
    code = "not_selectable"
    status = 409
    title = "This submission can't be a final selection"
    mend = "Select one that is scored and that ranks."


class SelectionFull(Problem):
    code = "selection_full"
    status = 409
    title = "Your team has selected as many as it may"
    mend = "Take one of the selections back first."


class SelectionClosed(Problem):
    code = "selection_closed"
    status = 409
    title = "The phase is over, and its final selections stand"
    mend = "Nothing can be changed about them any more."


class InvalidWorkerKey(NotAuthenticated):
    code = "invalid_worker_key"
    title = "This is no worker's credential"
    mend = "Set MINIGIANTS_WORKER_KEY to one that `manage.py worker_key` has registered."
