"""The Prefect worker: makes the pool, its queues and the deployments known, then serves them.

Each flow run is a fork of the warm process where one listens, and an ordinary new process otherwise.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import anyio
from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectAlreadyExists
from prefect.workers.process import ProcessWorker

from flows.platform.client import is_listening, run_module
from flows.platform.services import POOL, QUEUES
from flows.platform.state import read_state
from warehouse.settings import Settings

SERVER_SECONDS = 120
POLL_SECONDS = 0.2
ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ("--no-prompt", "deploy", "--all")


async def prepare() -> None:
    """Create the pool and its queues, deploy what prefect.yaml declares, and renew the marts."""
    async with get_client() as client:
        await _wait_for(client)
        await _ensure_pool(client)
        for priority, queue in enumerate(QUEUES, start=1):
            await _ensure_queue(client, queue, priority)
    settings = Settings()
    await _deploy(settings)
    async with get_client() as client:
        await _schedule(client, "deliver-mail/deliver-mail", is_wanted=settings.smtp_url is not None)
        await _schedule(
            client, "sync-due-banks/sync-due-banks", is_wanted=settings.plaid_client_id is not None
        )
        await _renew_marts(client)


async def _schedule(client: PrefectClient, name: str, *, is_wanted: bool) -> None:
    """Without a mail server or a key of Plaid these would find nothing to do, every few minutes."""
    deployment = await client.read_deployment_by_name(name)
    for schedule in await client.read_deployment_schedules(deployment.id):
        await client.update_deployment_schedule(deployment.id, schedule.id, active=is_wanted)


async def _renew_marts(client: PrefectClient) -> None:
    """What a new database has none of, an upgrade changed or days went by; nothing where all are current."""
    build = await client.read_deployment_by_name("build/build")
    await client.create_flow_run_from_deployment(build.id)


async def _wait_for(client: PrefectClient) -> None:
    """The server starts beside us; its health is all there is to wait for."""
    with anyio.fail_after(SERVER_SECONDS):
        while await client.api_healthcheck() is not None:  # noqa: ASYNC110 - another process has no event
            await anyio.sleep(POLL_SECONDS)


async def _ensure_pool(client: PrefectClient) -> None:
    template = ProcessWorker.get_default_base_job_template()
    properties = template["variables"]["properties"]
    properties["command"]["default"] = f"{sys.executable} -m flows.platform.run_flow"
    try:
        await client.create_work_pool(WorkPoolCreate(name=POOL, type="process", base_job_template=template))
    except ObjectAlreadyExists:
        await client.update_work_pool(POOL, WorkPoolUpdate(base_job_template=template))


async def _ensure_queue(client: PrefectClient, name: str, priority: int) -> None:
    try:
        await client.create_work_queue(name=name, work_pool_name=POOL, priority=priority)
    except ObjectAlreadyExists:
        queue = await client.read_work_queue_by_name(name, work_pool_name=POOL)
        await client.update_work_queue(queue.id, priority=priority)


async def _deploy(settings: Settings) -> None:
    """Prefect's own command reads prefect.yaml, as an engineer would run it by hand.

    It imports every flow, which the warm process has done: where one is coming up, that is quicker.
    """
    with anyio.move_on_after(SERVER_SECONDS):
        while read_state(settings) and not is_listening(settings.root):  # noqa: ASYNC110 - as above
            await anyio.sleep(POLL_SECONDS)
    os.environ["MITA_PROJECT"] = str(ROOT)
    with contextlib.chdir(ROOT):
        code = run_module(settings.root, "prefect", DEPLOY)
    if code is None:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "prefect", *DEPLOY, cwd=ROOT)
        code = await process.wait()
    if code != 0:
        message = f"the deployments of {ROOT / 'prefect.yaml'} could not be made"
        raise RuntimeError(message)


async def work() -> None:
    """Prepare, then run what is scheduled until told to stop."""
    await prepare()
    await ProcessWorker(work_pool_name=POOL, name="laptop").start()


if __name__ == "__main__":
    asyncio.run(work())
