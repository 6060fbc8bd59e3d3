"""Errors that a person can act on, told in one line; the others keep their traceback."""

from __future__ import annotations

import contextlib
import errno
import sys
from collections.abc import Iterator

from warehouse.errors import ActionableError

#: How Rust says ENOSPC, which Polars hands on as text.
FULL_DISK = "(os error 28)"

#: What is wrong with the path that a person gave, rather than with us.
UNUSABLE = {
    errno.ENOENT,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
}


class CommandError(ActionableError):
    """A command cannot do what was asked; the message says why and what to do."""


@contextlib.contextmanager
def told_plainly() -> Iterator[None]:
    """Turn errors that a person can act on into one line on the error stream and exit code 1."""
    try:
        yield
    except ActionableError as error:
        _tell(str(error))
    except Exception as error:
        if _disk_is_full(error):
            _tell(
                "the disk is full: nothing of the last step was kept. "
                "Free some space and run the command again."
            )
        if isinstance(error, OSError) and error.filename and error.errno in UNUSABLE:
            _tell(f"{error.filename}: {error.strerror}; give another path, or make this one usable")
        raise


def _disk_is_full(error: BaseException) -> bool:
    """Whether an error, or one that caused it, is a full disk: here or on Postgres' side (53100)."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in {errno.ENOSPC, errno.EDQUOT}:
            return True
        if getattr(cause, "sqlstate", None) == "53100" or FULL_DISK in str(cause):
            return True
        cause = getattr(cause, "orig", None) or cause.__cause__ or cause.__context__
    return False


def _tell(message: str) -> None:
    sys.stderr.write(f"mita: {message}\n")
    raise SystemExit(1)
