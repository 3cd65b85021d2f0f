"""What the embedded server tells when it can't go on."""


class EmbeddedError(Exception):
    """The server can't start or go on: what happened, and how to mend it, each in one sentence.

    `detail` holds more lines for whoever wants them, such as the end of a log.
    """

    def __init__(self, problem: str, remedy: str, *, detail: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
        self.detail = detail

    def __str__(self) -> str:
        """One line: the problem, then the remedy."""
        return f"{self.problem} {self.remedy}"
