"""``python -m tests.api.contract_table`` writes docs/contract.md: each call, its defect, and its test."""

from __future__ import annotations

import json

from tests.api.contract import IN_SCOPE, REPOSITORY, contract_file
from tests.api.test_contract import ELSEWHERE, STEPS

TABLE = REPOSITORY / "docs" / "contract.md"
HEAD = """\
# The existing client's calls

Generated from the client's description by `python -m tests.api.contract_table` (`MITA_CONTRACT` names the
folder of `mobile_client.json`). A call that is *served* is sent by the test beside it as the client sends it,
and every field that the client reads has to be there and of its kind. What the server that the client was
written against did wrong stands in the last column.

| call | status | test | defect of the former server, not repeated |
|---|---|---|---|
"""
#: Where calls are tested that need a photo, a mailed link or a foreign signature.
TESTS = {
    "/receipt": "test_receipts.py",
    "/ocr/": "test_receipts.py",
    "google": "test_accounts.py::test_google_signs_in_and_the_same_person_again",
    "reset": "test_accounts.py::test_a_forgotten_password_is_set_by_a_mailed_link_once",
    "delete-account": "test_contract.py::test_an_account_can_be_deleted_as_the_client_asks",
}
USUAL = "test_contract.py::test_the_client_is_answered_as_it_reads"
SIGNED = "test_contract.py::test_somebody_registers_stays_signed_in_and_leaves"


def proof_of(path: str) -> str:
    """The test that runs a call."""
    if path.endswith(STEPS):
        return SIGNED
    if ELSEWHERE.search(path):
        return next(test for part, test in TESTS.items() if part in path)
    return USUAL


def row_of(entry: dict[str, str | None]) -> str:
    """One line of the table."""
    path = str(entry["path"])
    is_served = path.startswith(IN_SCOPE)
    status = "served" if is_served else "to come"
    defect = (entry.get("verdict") or "").replace("|", "/").replace("\n", " ")
    test = f"`{proof_of(path)}`" if is_served else ""
    return f"| `{entry['method']} {path}` ({entry['importance']}) | {status} | {test} | {defect} |"


def main() -> None:
    """Write the table."""
    calls = json.loads(contract_file().read_text())["endpoints"]
    rows = [row_of(entry) for entry in calls]
    served = sum("| served |" in row for row in rows)
    lines = "\n".join(rows)
    TABLE.write_text(f"{HEAD}{lines}\n\n{served} of {len(rows)} calls are served.\n")


if __name__ == "__main__":
    main()
