"""What can be wrong with a token."""

from minigiants.core.problems import InvalidInput, NotAuthenticated


class InvalidToken(NotAuthenticated):
    """The token does not exist. Also said of what merely looks like one."""

    code = "invalid_token"
    title = "This token opens nothing"
    mend = "Make a new token in Settings → Tokens and log in again with it."


class TokenExpired(InvalidToken):
    code = "token_expired"
    title = "This token has expired"


class TokenRevoked(InvalidToken):
    code = "token_revoked"
    title = "This token has been revoked"


class InvalidTokenRequest(InvalidInput):
    """A token was asked for with a name, scopes or a lifetime that can't be."""
