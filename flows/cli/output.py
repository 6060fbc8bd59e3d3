"""How commands speak: people read tables, programs read JSON, and neither gets the other's."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console, ConsoleDimensions

from flows.progress import reported_to

#: Columns of what nobody's terminal shows: a file or a program has no edge at which to break a table.
WIDTH_WITHOUT_TERMINAL = 160


class _Output(Console):
    """A console that takes 80 columns for granted only where a terminal has them."""

    @property  # type: ignore[misc]  # nobody sets it
    def size(self) -> ConsoleDimensions:
        """Columns and rows."""
        found = super().size
        has_edge = "COLUMNS" in os.environ or any(os.isatty(stream) for stream in range(3))
        return found if has_edge else ConsoleDimensions(WIDTH_WITHOUT_TERMINAL, found.height)


console = _Output()
#: What is not a result (progress, hints) goes here, so that results can be piped.
hints = _Output(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def print_json(value: object) -> None:
    """Print a result for a program."""
    sys.stdout.write(json.dumps(_plain(value), ensure_ascii=False, indent=2) + "\n")


def _plain(value: object) -> Any:  # noqa: ANN401, PLR0911 - whatever JSON can say, a line a kind
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case datetime() | date():
            return value.isoformat()
        case UUID() | Path():
            return str(value)
        case Decimal():
            return float(value) if value % 1 else int(value)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return _plain({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
        case _:
            return value


@contextlib.contextmanager
def progress_bar() -> Iterator[None]:
    """Show the progress of the block's long steps on the error stream, if that is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=hints, transient=True, disable=not hints.is_terminal) as bar:
        steps: dict[str, Any] = {}

        def show(step: str, done: int, total: int | None, *, advance: bool) -> None:
            if step not in steps:
                steps[step] = bar.add_task(step, total=total)
            if advance:
                bar.advance(steps[step], done)
            else:
                bar.update(steps[step], completed=done, total=total)

        with reported_to(show):
            yield
