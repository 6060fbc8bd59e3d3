"""The gate before ``raw``: judges a batch by its suite and says for each rejected line why."""

from __future__ import annotations

import os
import shutil
from collections import deque
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from expectations import statement_lines

if TYPE_CHECKING:
    from great_expectations import Checkpoint
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.data_context import AbstractDataContext
    from great_expectations.data_context.store.store import DataDocsSiteConfigTypedDict

REJECTED_SCHEMA = pl.Schema({"line_number": pl.Int64, "reason": pl.String})


#: Batches that the pages show, the latest ones; each takes a tenth of a second to draw.
SHOWN_BATCHES = 20


class WrongShapeError(ValueError):
    """A batch whose columns are not those of its record: a parser's fault, not the bank's."""


@dataclass(frozen=True)
class Verdict:
    """What the gate said of one batch."""

    rejected: pl.DataFrame  # REJECTED_SCHEMA, one row per rejected line
    checks: tuple[tuple[str, int], ...]  # expectation and how many lines failed it

    def accepted(self, lines: pl.DataFrame) -> pl.DataFrame:
        """The lines of the batch that may enter ``raw``."""
        return lines.join(self.rejected, on="line_number", how="anti")


class Gate:
    """Judges batches of statement lines, and shows in ``folder`` what it found.

    Its suite is code and its results are of this process: nothing is kept that the pages do not show.
    """

    def __init__(self, folder: Path, today: date) -> None:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        import great_expectations as gx  # noqa: PLC0415 - eight seconds, wanted only where data is judged
        from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

        self.folder = folder
        self._context = gx.get_context(mode="ephemeral")
        self._context.add_data_docs_site("pages", _site(folder))
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._checkpoint = _checkpoint(self._context, today)
        self._shown: deque[Any] = deque(maxlen=SHOWN_BATCHES)

    def judge(self, lines: pl.DataFrame) -> Verdict:
        """Judge one batch; raises WrongShapeError if its columns are not the record's."""
        result = self._checkpoint.run(batch_parameters={"dataframe": lines.to_pandas()})
        ((identifier, judged),) = result.run_results.items()
        self._shown.append(identifier)
        return _verdict(judged, lines)

    def publish(self) -> Path:
        """Replace the Data Docs by those of this process's batches and give their first page."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._context.build_data_docs(site_names=["pages"], resource_identifiers=list(self._shown))
        return self.folder / "index.html"


def _site(folder: Path) -> DataDocsSiteConfigTypedDict:
    return {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
    }


def _checkpoint(context: AbstractDataContext, today: date) -> Checkpoint:
    from great_expectations import Checkpoint, ValidationDefinition  # noqa: PLC0415

    source = context.data_sources.add_pandas("incoming")
    batch = source.add_dataframe_asset(statement_lines.NAME).add_batch_definition_whole_dataframe("batch")
    definition = context.validation_definitions.add(
        ValidationDefinition(
            name=statement_lines.NAME,
            data=batch,
            suite=context.suites.add(statement_lines.suite(today)),
        )
    )
    return context.checkpoints.add(
        Checkpoint(
            name="gate",
            validation_definitions=[definition],
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["line_number"]},
        )
    )


def _verdict(judged: ExpectationSuiteValidationResult, lines: pl.DataFrame) -> Verdict:
    checks: list[tuple[str, int]] = []
    reasons: list[pl.DataFrame] = []
    for result in judged.results:
        name, failed = _describe(result.expectation_config), result.result or {}
        if "unexpected_index_list" not in failed and not result.success:
            message = f"{name}: {result.exception_info or failed.get('details')}"
            raise WrongShapeError(message)
        numbers = [int(row["line_number"]) for row in failed.get("unexpected_index_list") or []]
        checks.append((name, len(numbers)))
        reason = (result.expectation_config.meta or {}).get("reason", "") if result.expectation_config else ""
        reasons.append(
            pl.DataFrame({"line_number": numbers, "reason": [reason] * len(numbers)}, REJECTED_SCHEMA)
        )
    return Verdict(_one_reason_per_line(pl.concat(reasons), lines), tuple(checks))


def _describe(config: Any) -> str:  # noqa: ANN401 - Great Expectations' own configuration object
    column = config.kwargs.get("column")
    name = str(config.type).removeprefix("expect_").replace("_", " ")
    return f"{column}: {name}" if column else name


def _one_reason_per_line(reasons: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """What the parser could not read comes first: a missing date is only its consequence."""
    problems = lines.select("line_number", "problem")
    return (
        reasons.join(problems, on="line_number", how="left")
        .group_by("line_number", maintain_order=True)
        .agg(
            pl.coalesce(
                pl.col("problem").first(),
                pl.col("reason").filter(pl.col("reason") != "").unique(maintain_order=True).str.join("; "),
            ).alias("reason")
        )
        .sort("line_number")
    )
