"""Why a team can't be changed."""

from minigiants.core.problems import Problem


class TeamsClosed(Problem):
    code = "teams_closed"
    status = 409
    title = "Teams can't be changed any more"
    mend = "Go on with the team as it is."


class MergesClosed(Problem):
    code = "merges_closed"
    status = 409
    title = "Teams can't merge any more"
    mend = "Go on with the team as it is. Until when teams may merge stands on the Team tab."


class NotLeader(Problem):
    code = "not_leader"
    status = 403
    title = "Only the team's leader may do this"
    mend = "Ask the leader, or have the lead handed over to you."


class AlreadyInTeam(Problem):
    code = "already_in_team"
    status = 409
    title = "This person is in a team of this competition already"
    mend = "Teams that have both handed in can merge: propose it on the Team tab."


class TeamTooLarge(Problem):
    code = "team_too_large"
    status = 409
    title = "The team would have more members than it may"
    mend = "The limit stands on the Team tab."


class TeamNameTaken(Problem):
    code = "team_name_taken"
    status = 409
    title = "Another team bears this name"
    mend = "Choose another one."


class TooManyInvitations(Problem):
    code = "too_many_invitations"
    status = 429
    title = "Too many invitations are open or were sent today"
    mend = "Withdraw one that is not needed, or wait until tomorrow."


class NotOpen(Problem):
    code = "not_open"
    status = 409
    title = "This invitation or proposal is not open any more"
    mend = "Look at the Team tab for what is open."


class HasSubmitted(Problem):
    code = "team_has_submitted"
    status = 409
    title = "The team has handed in already"
    mend = "Whoever has competed as a team stays one: results can't be taken along."


class MergeOverQuota(Problem):
    code = "merge_over_quota"
    status = 409
    title = "Together the teams have handed in more than one team may"
    mend = "Wait: the allowance grows each day by the day's quota."
