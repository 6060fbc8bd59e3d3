"""The application factory: nothing happens when this module is imported."""

from __future__ import annotations

import gc
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import api.analytics.endpoints
import api.auth.endpoints
import api.bank_connections.endpoints
import api.budget.endpoints
import api.calendar.endpoints
import api.dashboard.endpoints
import api.health.endpoints
import api.insights.endpoints
import api.live.endpoints
import api.onboarding.endpoints
import api.receipts.endpoints
import api.rules.endpoints
import api.sync.endpoints
import api.transactions.endpoints
import api.users.endpoints
from api.answers import COMPRESSED_FROM, GiveAgain, KeptAnswers, ReadingStates
from api.auth.service import SignIn
from api.bank_connections.banks import Banks
from api.bank_connections.webhooks import Verifier
from api.changes import Changes
from api.database import Database
from api.dependencies import Services
from api.errors import error_schemas, install_error_handlers
from api.metrics import Metrics
from api.metrics import router as metrics_router
from api.middleware import METHODS, Options, RequestContext
from api.rates import RateLimits
from warehouse.receipt_store import ReceiptStore
from warehouse.settings import Settings

DESCRIPTION = """\
A budget for every single day, made from bank statements.

Every answer of `/api` comes in one envelope (`success`, `message`, `data`, `timestamp`, `request_id`),
every error in another with a stable code. Amounts are JSON numbers with the currency's own decimals,
positive for money spent; dates are civil dates of the user's time zone, instants are UTC.
Reads carry an `ETag`: send it back as `If-None-Match` and an unchanged answer is a 304.
"""


#: Of zlib: the first level takes a tenth of the time of the last and leaves a tenth more bytes.
COMPRESSION = 1
#: What is asked most stands first, because routes are tried in their order.
DOMAINS = (
    api.dashboard,
    api.calendar,
    api.receipts,
    api.transactions,
    api.users,
    api.budget,
    api.auth,
    api.health,
    api.onboarding,
    api.analytics,
    api.insights,
    api.rules,
    api.sync,
    api.live,
    api.bank_connections,
)


def create_app(settings: Settings, server: str) -> FastAPI:
    """The API for the platform on this server (the owner's connection string; the API's own role is used)."""
    conninfo = settings.conninfo_for("api", server)
    database, changes = Database.at(conninfo), Changes(conninfo)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await (
            database.pool.open()
        )  # does not wait: the API starts, and says what is missing, without Postgres
        gc.freeze()
        gc.enable()
        async with changes.listening():
            yield
        await database.pool.close()

    app = FastAPIOffline(
        title="MITA",
        version=version("mita"),
        description=DESCRIPTION,
        lifespan=lifespan,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        # Requests are logged and counted by RequestContext; looking for exporters each time takes its own.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    banks, receipts = Banks.of(settings), ReceiptStore.of(settings)
    sign_in, rates, answers = SignIn.of(settings, database), RateLimits.of(settings), KeptAnswers()
    app.state.services = Services(
        database, sign_in, rates, changes, answers, banks, Verifier(banks), receipts
    )
    app.state.metrics = metrics = Metrics()
    app.add_middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM, compresslevel=COMPRESSION)
    app.add_middleware(Options, routes=app.routes)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=[part.strip() for part in settings.cors_origins.split(",")],
            allow_methods=METHODS,
            allow_headers=["authorization", "content-type", "idempotency-key", "if-none-match"],
            expose_headers=["etag", "x-request-id", "retry-after"],
        )
    app.add_middleware(
        GiveAgain, answers=answers, states=ReadingStates(database), tokens=sign_in.tokens, rates=rates
    )
    app.add_middleware(RequestContext, metrics=metrics)
    if settings.trusted_proxies:
        trusted = [part.strip() for part in settings.trusted_proxies.split(",")]
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=trusted)
    install_error_handlers(app)
    for domain in DOMAINS:
        app.include_router(domain.endpoints.router)
    app.include_router(metrics_router)
    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The document, made when it is first asked for, with the schema that all errors share."""
    if app.openapi_schema is None:
        schema = FastAPI.openapi(app)
        schema["components"]["schemas"].update(error_schemas())
        for path, operations in schema["paths"].items():
            for operation in operations.values():
                _declare_places(path, operation)
    return app.openapi_schema or {}


def _declare_places(path: str, operation: dict[str, Any]) -> None:
    """Parts of a path that its endpoint takes no notice of are parameters too, or no client can be made."""
    parameters = operation.setdefault("parameters", [])
    declared = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
    for name in re.findall(r"\{(\w+)\}", path):
        if name not in declared:
            parameters.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}})


def _operation_id(route: APIRoute) -> str:
    """The endpoint's own name, which generated clients then call."""
    return route.name
