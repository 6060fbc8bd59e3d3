"""What a line of a bank statement must be; a line that is not goes to quarantine with the reason."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from warehouse.records import STATEMENT_LINE_SCHEMA

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

NAME = "statement_lines"
#: Banks date a card payment ahead by days, a standing order by weeks; a year ahead is a misread date.
LATEST_AHEAD = timedelta(days=366)
EARLIEST = date(1970, 1, 1)
#: A quadrillion minor units: no household moves as much, a misread separator does.
LARGEST_AMOUNT_MINOR = 10**15
LONGEST_DESCRIPTION = 10_000


def suite(today: date) -> ExpectationSuite:
    """The expectations of lines that arrive ``today``, each with the reason for quarantine.

    A column ``batch`` tells apart the files that are judged together.
    """
    import great_expectations.expectations as gxe  # noqa: PLC0415 - eight seconds, wanted only here
    from great_expectations import ExpectationSuite  # noqa: PLC0415

    latest = today + LATEST_AHEAD
    return ExpectationSuite(
        name=NAME,
        expectations=[
            gxe.ExpectTableColumnsToMatchSet(column_set=["batch", *STATEMENT_LINE_SCHEMA], exact_match=True),
            gxe.ExpectColumnValuesToBeNull(column="problem", meta={"reason": ""}),
            gxe.ExpectColumnValuesToNotBeNull(column="booked_date", meta={"reason": "no booking date"}),
            gxe.ExpectColumnValuesToBeBetween(
                column="booked_date",
                min_value=datetime.combine(EARLIEST, time.min),
                max_value=datetime.combine(latest, time.min),
                meta={"reason": f"the booking date is not between {EARLIEST} and {latest}"},
            ),
            gxe.ExpectColumnValuesToNotBeNull(column="amount_minor", meta={"reason": "no amount"}),
            gxe.ExpectColumnValuesToBeBetween(
                column="amount_minor",
                min_value=-LARGEST_AMOUNT_MINOR,
                max_value=LARGEST_AMOUNT_MINOR,
                meta={"reason": "the amount is beyond any household's; look at the decimal separator"},
            ),
            gxe.ExpectColumnValuesToNotBeNull(column="currency", meta={"reason": "no currency"}),
            gxe.ExpectColumnValuesToMatchRegex(
                column="currency", regex="^[A-Z]{3}$", meta={"reason": "the currency is not an ISO 4217 code"}
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="status",
                value_set=["posted", "pending"],
                meta={"reason": "the status is neither posted nor pending"},
            ),
            gxe.ExpectColumnValueLengthsToBeBetween(
                column="description",
                max_value=LONGEST_DESCRIPTION,
                meta={"reason": f"the description is longer than {LONGEST_DESCRIPTION} characters"},
            ),
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["batch", "line_number"],
                meta={"reason": "two lines of the file carry the same number"},
            ),
        ],
    )
