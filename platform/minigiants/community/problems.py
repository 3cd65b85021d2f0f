"""Why something can't be said."""

from minigiants.core.problems import Problem


class PostingTooFast(Problem):
    code = "posting_too_fast"
    status = 429
    title = "You have written a lot within a short time"
    mend = "Wait as long as `retry_after` says, in seconds."


class ThreadLocked(Problem):
    code = "thread_locked"
    status = 409
    title = "This thread takes no more replies"
    mend = "Open another thread if there is more to say."


class PostGone(Problem):
    code = "post_gone"
    status = 409
    title = "This post was hidden or deleted"
    mend = "Write another one, or ask a host why it was hidden."
