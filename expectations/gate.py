"""The gate before ``raw``: judges a batch by its suite and says for each rejected line why."""

from __future__ import annotations

import logging
import os
import shutil
from collections import Counter, deque
from collections.abc import Sequence
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

REJECTED_SCHEMA = pl.Schema({"batch": pl.Int32, "line_number": pl.Int64, "reason": pl.String})


#: Batches that the pages show, the latest ones; each takes a tenth of a second to draw.
SHOWN_BATCHES = 20


class WrongShapeError(ValueError):
    """A batch whose columns are not those of its record: a parser's fault, not the bank's."""


@dataclass(frozen=True)
class Verdict:
    """What the gate said of one batch."""

    rejected: pl.DataFrame  # line_number, reason: one row per rejected line

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

        logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
        self.folder = folder
        self._context = gx.get_context(mode="ephemeral")
        self._context.add_data_docs_site("pages", _site(folder))
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._checkpoint = _checkpoint(self._context, today)
        self._shown: deque[Any] = deque(maxlen=SHOWN_BATCHES)
        self.judged_lines = 0
        self.findings: Counter[str] = Counter()  # expectation -> lines that failed it

    def judge(self, batches: Sequence[pl.DataFrame]) -> list[Verdict]:
        """Judge batches together, since one costs as much as many; a verdict each, in order.

        Raises WrongShapeError if their columns are not the record's.
        """
        lines = pl.concat(
            [batch.with_columns(pl.lit(place).alias("batch")) for place, batch in enumerate(batches)]
        )
        result = self._checkpoint.run(batch_parameters={"dataframe": lines.to_pandas()})
        ((identifier, judged),) = result.run_results.items()
        self._shown.append(identifier)
        self.judged_lines += lines.height
        rejected = _rejected(judged, lines, self.findings)
        return [Verdict(rejected.filter(batch=place).drop("batch")) for place in range(len(batches))]

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
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": ["batch", "line_number"],
            },
        )
    )


def _rejected(
    judged: ExpectationSuiteValidationResult, lines: pl.DataFrame, findings: Counter[str]
) -> pl.DataFrame:
    """Rejected lines with their reasons (REJECTED_SCHEMA), counted by expectation in ``findings``."""
    reasons: list[pl.DataFrame] = []
    for result in judged.results:
        name, found = _describe(result.expectation_config), result.result or {}
        if "unexpected_index_list" not in found and not result.success:
            message = f"{name}: {result.exception_info or found.get('details')}"
            raise WrongShapeError(message)
        failed = found.get("unexpected_index_list") or []
        findings[name] += len(failed)
        reason = (result.expectation_config.meta or {}).get("reason", "") if result.expectation_config else ""
        rows = [(row["batch"], row["line_number"], reason) for row in failed]
        reasons.append(pl.DataFrame(rows, REJECTED_SCHEMA, orient="row"))
    return _one_reason_per_line(pl.concat(reasons), lines)


def _describe(config: Any) -> str:  # noqa: ANN401 - Great Expectations' own configuration object
    column = config.kwargs.get("column")
    name = str(config.type).removeprefix("expect_").replace("_", " ")
    return f"{column}: {name}" if column else name


def _one_reason_per_line(reasons: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """What the parser could not read comes first: a missing date is only its consequence."""
    problems = lines.select("batch", "line_number", "problem")
    told = pl.col("reason").filter(pl.col("reason") != "").unique(maintain_order=True).str.join("; ")
    return (
        reasons.join(problems, on=["batch", "line_number"], how="left")
        .group_by("batch", "line_number", maintain_order=True)
        .agg(pl.coalesce(pl.col("problem").first(), told).alias("reason"))
        .sort("batch", "line_number")
    )
