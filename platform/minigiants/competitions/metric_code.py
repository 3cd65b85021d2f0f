"""Looking at an organizer's metric without running it."""

import ast

from minigiants.competitions.problems import PackFault, PackRefused

SIGNATURE = "score(solution, submission, row_id_column_name, **params)"


def require_score(source: str, file: str) -> None:
    """Raise PackRefused unless `source` is Python that defines `score` at its top level.

    Whether it works shows when it scores a baseline, in its sandbox.
    """
    try:
        module = ast.parse(source)
    except SyntaxError as error:
        raise PackRefused(
            [PackFault(file, error.lineno, "", f"is not Python: {error.msg}")]
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise PackRefused([PackFault(file, None, "", f"is not Python: {error}")]) from error
    if not any(isinstance(part, ast.FunctionDef) and part.name == "score" for part in module.body):
        raise PackRefused([PackFault(file, None, "", f"defines no function {SIGNATURE}")])
