"""Prefect where a server is up, plain functions where none is: one flow, two ways to run it.

A laptop without a running platform should not wait fifteen seconds for a throw-away Prefect server
before it reads a file. Flows are Prefect's own; a task outside a flow run is the function that it wraps.
See docs/decisions/0003-flows-without-a-server.md.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from prefect import Flow, Task
from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext
from prefect.settings import temporary_settings

from flows.platform.services import answers

P = ParamSpec("P")
R = TypeVar("R")


#: A database that restarts is back within seconds; a file that is broken stays broken.
DATABASE_RETRIES: dict[str, Any] = {"retries": 3, "retry_delay_seconds": [1, 5, 15]}

#: Whoever runs a command sees it crash; its heartbeats would only make it wait a second for their end.
UNWATCHED: dict[str, Any] = {"flows.heartbeat_frequency": None}


class LocalTask(Task[P, R]):
    """A Prefect task inside a flow run, its plain function anywhere else."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:  # type: ignore[override]
        """Run tracked inside a flow run, and plainly outside."""
        if not in_flow_run():
            return self.fn(*args, **kwargs)
        return super().__call__(*args, **kwargs)


def task(**options: Any) -> Callable[[Callable[P, R]], LocalTask[P, R]]:  # noqa: ANN401 - Prefect's own options
    """Declare a task; the options are Prefect's (retries, timeout, tags ...)."""

    def declare(function: Callable[P, R]) -> LocalTask[P, R]:
        return LocalTask(function, cache_policy=NO_CACHE, **options)

    return declare


def in_flow_run() -> bool:
    """Whether the caller runs inside a Prefect flow run."""
    return FlowRunContext.get() is not None


def flow_run_id() -> str | None:
    """The id of the flow run that the caller runs in, if any."""
    context = FlowRunContext.get()
    return str(context.flow_run.id) if context and context.flow_run else None


def run(flow: Flow[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a flow: tracked by the Prefect server if one answers, as a plain function if not."""
    if not server_is_up():
        return flow.fn(*args, **kwargs)
    with temporary_settings(UNWATCHED):
        return flow(*args, **kwargs)


def server_is_up() -> bool:
    """Whether the Prefect server that the environment names answers."""
    address = os.environ.get("PREFECT_API_URL")
    return address is not None and answers(f"{address}/health")


def publish_table(key: str, rows: list[dict[str, Any]], description: str) -> None:
    """Leave a table on the flow run's page in the Prefect UI; nothing outside a flow run."""
    if rows and in_flow_run():
        create_table_artifact(key=key, table=rows, description=description)


def publish_markdown(key: str, text: str, description: str) -> None:
    """Leave a text on the flow run's page in the Prefect UI; nothing outside a flow run."""
    if in_flow_run():
        create_markdown_artifact(key=key, markdown=text, description=description)


def publish_plot(key: str, picture: Path, description: str) -> None:
    """Leave a PNG, within the artifact itself, on the flow run's page; nothing outside a flow run."""
    if in_flow_run():
        content = f"data:image/png;base64,{b64encode(picture.read_bytes()).decode()}"
        create_image_artifact(image_url=content, key=key, description=description)
