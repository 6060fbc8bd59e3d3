"""The register-models flow: the shipped models enter the registry, the champions come out to score with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prefect import flow
from sqlalchemy.engine import URL

from flows.orchestration import publish_table, task
from models_ml import registry
from models_ml.categorizer.model import MODEL_NAME, SHIPPED
from models_ml.forecaster import model as forecaster
from warehouse.engine import open_warehouse
from warehouse.provision import role_database
from warehouse.settings import Settings


@dataclass(frozen=True, slots=True)
class Champion:
    """The version of a model that scores, and the folder that it was fetched to."""

    name: str
    version: str
    sha256: str
    folder: Path


@flow(name="register-models", description="Register the shipped models in MLflow and fetch the champions.")
def register_models() -> list[Champion]:
    """Register what is shipped and not known yet, and fetch the champion of each model."""
    settings = Settings()
    champions = [
        register_shipped(settings, MODEL_NAME, SHIPPED),
        register_shipped(settings, forecaster.MODEL_NAME, forecaster.SHIPPED),
    ]
    publish_table("champions", [vars_of(champion) for champion in champions], "The models that score")
    return champions


@task(name="register model", retries=2, retry_delay_seconds=[2, 10])
def register_shipped(settings: Settings, name: str, shipped: Path) -> Champion:
    """A model that nobody registered before becomes the champion; a trained one is not put aside for it."""
    with open_warehouse(settings) as warehouse:
        tracking = tracking_uri(settings, warehouse.server)
        registry.register(
            shipped,
            tracking_uri=tracking,
            artifact_root=settings.folder("mlflow"),
            alias=None if registry.has_champion(name, tracking_uri=tracking) else registry.CHAMPION,
        )
        folder = registry.materialize(
            name, registry.CHAMPION, settings.folder("models"), tracking_uri=tracking
        )
        found = registry.champion(name, tracking_uri=tracking)
    return Champion(found.name, found.version, found.sha256, folder)


def tracking_uri(settings: Settings, server: URL) -> str:
    """Where MLflow keeps runs and versions: a database of its own in the platform's server."""
    url = settings.url_for("mlflow", server, role_database(server, "mlflow"))
    return url.render_as_string(hide_password=False)


def vars_of(champion: Champion) -> dict[str, str]:
    """A champion as a row of a table."""
    return {"model": champion.name, "version": champion.version, "sha256": champion.sha256[:12]}
