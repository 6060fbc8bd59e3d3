"""The models of meaning that speak: the champions where they were fetched, else what is shipped."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models_ml.anomalies.choose import AlertModel
    from models_ml.forecaster.model import ForecastModel
    from warehouse.settings import Settings

ALERTS, MANIFEST = "alerts", "manifest.json"
_LOG = logging.getLogger(__name__)


def forecaster_in_use(settings: Settings) -> ForecastModel:
    """The champion that was fetched if it can be read, else the forecaster that is shipped."""
    from models_ml.forecaster.model import MODEL_NAME, ModelRefusedError, load_folder, shipped  # noqa: PLC0415

    folder = settings.folder("models") / MODEL_NAME
    if not (folder / MANIFEST).exists():
        return shipped()
    try:
        return load_folder(folder)
    except ModelRefusedError as refusal:
        _LOG.warning("The shipped forecaster speaks instead: %s", refusal)
        return shipped()


def alerts_in_use(settings: Settings) -> AlertModel:
    """The champion of alerts that was fetched if it can be read, else the shipped model."""
    from models_ml.anomalies.choose import WeightsRefusedError, load_folder, shipped  # noqa: PLC0415

    folder = settings.folder("models") / ALERTS
    if not (folder / MANIFEST).exists():
        return shipped()
    try:
        return load_folder(folder)
    except WeightsRefusedError as refusal:
        _LOG.warning("The shipped weights of alerts stand instead: %s", refusal)
        return shipped()
