"""Training of the forecaster and of the alerts' weights: generated people in, a champion out if better."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.champions import ALERTS, MANIFEST, alerts_in_use, forecaster_in_use
from flows.models import tracking_uri
from flows.orchestration import publish_table, task
from models_ml import registry
from warehouse.engine import open_warehouse
from warehouse.settings import Settings

if TYPE_CHECKING:
    from models_ml.anomalies.choose import AlertModel
    from models_ml.forecaster.model import ForecastModel

CHALLENGER = "challenger"
#: By how much a challenger has to be better: less is chance.
FORECAST_GAIN, ALERT_GAIN = 0.01, 0.005
COVERAGE_PLOT = "coverage.png"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training came to: both models' figure on people that neither learned from."""

    name: str
    version: str
    measure: str
    champion: float
    challenger: float
    is_better: bool
    is_promoted: bool


@flow(name="train-forecaster", description="Train the forecaster; it scores only if it is better.")
def train_forecaster(
    people: int = 160, months: int = 26, seed: int = 5, *, unseen: int = 30, promote: bool = True
) -> Outcome:
    """Learn from generated people, compare on others, register with figures and plot, promote if better."""
    settings = Settings()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "forecaster"
        champion, challenger = fit_forecaster(
            folder, forecaster_in_use(settings), people, months, seed, unseen
        )
        is_better = challenger < champion * (1 - FORECAST_GAIN)
        return keep(
            settings, folder, "pinball loss", champion, challenger, is_better=is_better, promote=promote
        )


@flow(name="train-alerts", description="Fit what alerts' evidence weighs; it scores only if it is better.")
def train_alerts(
    people: int = 120, months: int = 12, seed: int = 401, *, unseen: int = 60, promote: bool = True
) -> Outcome:
    """Fit on generated people with injected anomalies, compare on others, register, promote if better."""
    settings = Settings()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / ALERTS
        champion, challenger = fit_alerts(folder, alerts_in_use(settings), people, months, seed, unseen)
        is_better = challenger > champion + ALERT_GAIN
        measure = "precision at one a week"
        return keep(settings, folder, measure, champion, challenger, is_better=is_better, promote=promote)


@task(name="fit forecaster")
def fit_forecaster(  # noqa: PLR0913, PLR0917 - where to, against whom, and on how many
    folder: Path, champion: ForecastModel, people: int, months: int, seed: int, unseen: int
) -> tuple[float, float]:
    """Write a trained forecaster with its figures and plot; the champion's mean loss and its own."""
    from flows.evaluation.forecast_plots import draw_report  # noqa: PLC0415 - matplotlib
    from flows.evaluation.forecasts import ForecastReport, backtest, new_people  # noqa: PLC0415
    from models_ml.forecaster.features import HORIZON, QUANTILES  # noqa: PLC0415
    from models_ml.forecaster.model import load_folder  # noqa: PLC0415
    from models_ml.forecaster.train import Params, save, train  # noqa: PLC0415

    params = Params()
    model = train(new_people(people, months, seed), params)
    save(model, params, {"people": people, "months": months, "seed": seed}, folder)
    others = new_people(unseen, max(months - 6, 8), seed + 1)
    saved = load_folder(folder)
    report = backtest("unseen people", others, saved, step=30)
    before = backtest("unseen people", others, champion, step=30)
    draw_report(ForecastReport(saved.version, QUANTILES, HORIZON, [report]), folder / COVERAGE_PLOT)
    mine = {score.target: score for score in report.scores if score.forecaster == "mita"}
    figures = {
        target: {"pinball": score.pinball, "below_naive": score.skill, "coverage": score.coverage}
        for target, score in mine.items()
    }
    _describe(folder, figures)
    old = {score.target: score for score in before.scores if score.forecaster == "mita"}
    relative = sum(mine[target].pinball / max(old[target].pinball, 1e-12) for target in mine) / len(mine)
    loss = sum(score.pinball for score in old.values()) / len(old)
    return round(loss, 6), round(loss * relative, 6)


@task(name="fit alerts")
def fit_alerts(  # noqa: PLR0913, PLR0917
    folder: Path, champion: AlertModel, people: int, months: int, seed: int, unseen: int
) -> tuple[float, float]:
    """Write fitted weights with their figures; the champion's precision at one alert a week and theirs."""
    from flows.evaluation.anomalies import evaluate_anomalies, fit_parameters  # noqa: PLC0415
    from models_ml.anomalies.choose import WEIGHTS_FILE, AlertModel  # noqa: PLC0415

    document = fit_parameters(users=people, months=months, seed=seed)
    content = (json.dumps(document, indent=2) + "\n").encode()
    sha256 = hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True)
    (folder / WEIGHTS_FILE).write_bytes(content)
    reports = [
        evaluate_anomalies(users=unseen, months=months, seed=seed + 1, model=model)
        for model in (champion, AlertModel.of(content))
    ]
    before, now = (report.precision_at_one_a_week for report in reports)
    manifest = {
        "name": ALERTS, "version": sha256[:12], "file": WEIGHTS_FILE, "sha256": sha256, "params": {},
        "data": document["data"],
        "metrics": {
            "precision_at_one_a_week": now,
            "precision_by_threshold": reports[1].precision_by_threshold,
            "recall_by_threshold": reports[1].recall_by_threshold,
            **{each.kind: {"precision": each.precision, "recall": each.recall} for each in reports[1].kinds},
        },
    }  # fmt: skip
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return before, now


@task(name="register and promote")
def keep(  # noqa: PLR0913 - a model with what was found of it
    settings: Settings,
    folder: Path,
    measure: str,
    champion: float,
    challenger: float,
    *,
    is_better: bool,
    promote: bool,
) -> Outcome:
    """Register a model with its files and figures; one that is better becomes the champion and is fetched."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    name, is_promoted = str(manifest["name"]), is_better and promote
    with open_warehouse(settings) as warehouse:
        tracking = tracking_uri(settings, warehouse.server)
        registered = registry.register(
            folder, tracking_uri=tracking, artifact_root=settings.folder("mlflow"), alias=CHALLENGER
        )
        if is_promoted:
            registry.promote(name, registered.version, tracking_uri=tracking)
            registry.materialize(name, registry.CHAMPION, settings.folder("models"), tracking_uri=tracking)
    outcome = Outcome(name, str(manifest["version"]), measure, champion, challenger, is_better, is_promoted)
    publish_table("comparison", [_row(outcome)], f"{name}: {measure} of champion and challenger")
    return outcome


def _describe(folder: Path, figures: dict[str, Any]) -> None:
    path = folder / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, "metrics": figures}, indent=2) + "\n", encoding="utf-8")


def _row(outcome: Outcome) -> dict[str, Any]:
    return {
        "model": outcome.name,
        "version": outcome.version,
        "champion": outcome.champion,
        "challenger": outcome.challenger,
        "promoted": outcome.is_promoted,
    }
