"""Forecasts of any history: short, sparse, gappy, in any unit; weights that nobody changed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_ml.forecaster.calibrate import calibration
from models_ml.forecaster.disturb import disturbed
from models_ml.forecaster.features import HORIZON, outlooks
from models_ml.forecaster.history import History
from models_ml.forecaster.model import SHIPPED, ModelRefusedError, load_folder, shipped
from models_ml.forecaster.predict import forecasts, is_enough, quantiles, trials_of

if TYPE_CHECKING:
    from pathlib import Path


def life(days: int = 300, *, seed: int = 3, scale: float = 1.0, quiet: float = 0.3) -> History:
    dice = np.random.default_rng(seed)
    spent = dice.gamma(2.0, 1500.0, days) * (dice.random(days) > quiet)
    flow = -spent
    flow[np.arange(0, days, 30)] += 120_000.0
    return History("somebody", date(2025, 1, 1), spent * scale, flow * scale, 50_000.0 * scale)


def test_a_history_in_cents_is_forecast_like_one_in_euros() -> None:
    small, large = forecasts([life(), life(scale=100.0)], shipped())
    assert np.allclose(small.spent * 100, large.spent, rtol=1e-4, atol=1.0)
    assert np.allclose(small.moved * 100, large.moved, rtol=1e-4, atol=1.0)


@settings(max_examples=25)
@given(
    days=st.integers(30, 220),
    seed=st.integers(0, 10_000),
    quiet=st.floats(0.0, 0.95),
    silent=st.integers(0, 60),
)
def test_any_history_gives_finite_quantiles_in_order(days: int, seed: int, quiet: float, silent: int) -> None:
    history = disturbed(life(days, seed=seed, quiet=quiet), np.random.default_rng(seed))
    history.spent[days - min(silent, days // 2) :] = 0.0
    for told in forecasts([history], shipped()):
        for part in (told.spent, told.day, told.moved):
            assert part.shape == (HORIZON, 3)
            assert np.isfinite(part).all()
            assert (np.diff(part, axis=1) >= 0).all()


def test_too_little_is_not_forecast() -> None:
    assert not is_enough(life(20))
    assert forecasts([life(20)], shipped()) == []


def test_the_days_to_come_change_nothing_of_what_is_said_today() -> None:
    history = life()
    early, other = (
        history.until(200),
        History(
            history.user,
            history.first_day,
            np.concatenate([history.spent[:200], history.spent[200:] * 9]),
            np.concatenate([history.flow[:200], history.flow[200:] * 9]),
            None,
        ).until(200),
    )
    mine, theirs = (
        outlooks(early),
        outlooks(History(other.user, other.first_day, other.spent, other.flow, early.balance)),
    )
    assert all(np.array_equal(mine[target].rows, theirs[target].rows) for target in mine)


def test_bands_hold_for_people_whom_the_calibration_did_not_see() -> None:
    everybody = [life(260, seed=number) for number in range(24)]
    tried = [trials_of(history, shipped(), step=40) for history in everybody]
    fitted = shipped().calibrated_by(
        calibration([trial for each in tried[:16] for trial in each], shipped().calibration)
    )
    held = [
        ((trial.truth["spent"] >= said[:, 0]) & (trial.truth["spent"] <= said[:, 2])).mean()
        for each in tried[16:]
        for trial in each
        for said in [quantiles(trial, "spent", fitted, ())[: len(trial.truth["spent"])]]
    ]
    assert 0.65 < np.mean(held) < 0.93


@pytest.mark.parametrize("target", ["spent", "balance", "day"])
def test_who_surprised_the_band_gets_a_wider_one_and_who_never_did_a_narrower(target: str) -> None:
    history, model = life(), shipped()
    *own, last = trials_of(history, model, step=30)

    def width(off: float) -> float:
        """Of the band after earlier truths so many bands from the median."""
        past = []
        for trial in own[-4:]:
            band = quantiles(trial, target, model, ())
            truth = band[:, 1] + off * (band[:, 2] - band[:, 1])
            past.append(replace(trial, truth={**trial.truth, target: truth}))
        band = quantiles(last, target, model, past)
        return float((band[:, 2] - band[:, 0]).sum())

    plain = quantiles(last, target, model, ())
    usual = float((plain[:, 2] - plain[:, 0]).sum())
    assert 0.5 * usual <= width(0.05) < usual < width(3.0) <= 3.0 * usual + 1e-6


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(SHIPPED, folder)
    weights = folder / json.loads((folder / "manifest.json").read_text())["file"]
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelRefusedError, match="register the model again"):
        load_folder(folder)
