"""Why a board can't be shown or changed."""

from minigiants.core.problems import Problem


class BoardHidden(Problem):
    code = "board_hidden"
    status = 403
    title = "The private leaderboard has not been revealed"
    mend = "Look at the public one until the hosts reveal it, or until the time in the timeline."


class AlreadyRevealed(Problem):
    code = "already_revealed"
    status = 409
    title = "The private leaderboard has been revealed already"
    mend = "What was seen can't be hidden again."


class PhaseStillOpen(Problem):
    code = "phase_still_open"
    status = 409
    title = "The phase still takes submissions"
    mend = "Reveal the private leaderboard once the phase has closed."
