"""Models on this machine."""

from pathlib import Path

from client.errors import EXIT_REJECTED, MinigiantsError
from evaluator.inspection import LocalFile, Refused, folder_files


def local_files(path: Path) -> tuple[LocalFile, ...]:
    """The files of the model in `path`: all of a folder, or the one file that it is.

    Raises MinigiantsError where there is nothing, or what can't be sent, such as a link.
    """
    if path.is_file() and not path.is_symlink():
        return (LocalFile(path.name, path.stat().st_size, path),)
    try:
        files = folder_files(path)
    except Refused as error:
        refusal = error.refusal
        raise MinigiantsError(
            f"{refusal.what} {refusal.why}",
            mend=refusal.mend,
            code=refusal.code,
            exit_code=EXIT_REJECTED,
        ) from error
    except OSError as error:
        raise MinigiantsError(
            f"{path} can't be read: {error.strerror}.",
            mend="Name a folder with the model's files, or one model file.",
            code="path_unreadable",
        ) from error
    if not files:
        raise MinigiantsError(
            f"{path} is empty.", mend="Save the model there first.", code="path_empty"
        )
    return files
