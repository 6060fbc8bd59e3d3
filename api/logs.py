"""Structured logs: one JSON object a line, with routes instead of addresses and no personal data."""

from __future__ import annotations

import logging
import sys
import traceback

import orjson

from api.clock import timestamp

logger = logging.getLogger("mita.api")


class JsonFormatter(logging.Formatter):
    """A record as one JSON object; ``extra={"fields": {...}}`` adds to it."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level and message, with the fields that were given."""
        entry = {"time": timestamp(), "level": record.levelname.lower(), "event": record.getMessage()}
        return orjson.dumps(entry | getattr(record, "fields", {}), default=str).decode()


def configure_logs() -> None:
    """Write to standard error; other libraries are heard from warnings upwards."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # What no line tells is not looked up for each; the HOWTO of logging names these switches.
    for switch in ("logThreads", "logProcesses", "logMultiprocessing", "logAsyncioTasks"):
        setattr(logging, switch, False)
    logging._srcfile = None  # noqa: SLF001
    logger.setLevel(logging.INFO)


def log(event: str, *, level: int = logging.INFO, **fields: object) -> None:
    """One event with its fields."""
    logger.log(level, event, extra={"fields": fields})


def log_defect(error: BaseException, **fields: object) -> None:
    """Where an error came from; not its text, which may quote a user's data."""
    frames = [
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    log("defect", level=logging.ERROR, error=type(error).__qualname__, frames=frames[-12:], **fields)
