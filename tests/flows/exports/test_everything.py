"""Everything that is kept of a user: equal to what is stored, nobody else's, and without what lets one in."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from sqlalchemy import text

from flows.exports.everything import ExportExistsError, Manifest, export_user
from tests.factories import add_transaction, make_user
from warehouse.engine import Warehouse
from warehouse.repositories.feeds import NewConnection, add_connection
from warehouse.repositories.users import User

SECRETS = ("swordfish-hash", "swordfish-token", "swordfish-totp")


@pytest.fixture
def user(warehouse: Warehouse) -> User:
    """Somebody with a little of much, and secrets."""
    user = make_user(warehouse)
    add_transaction(warehouse, user, description="CAFÉ “ALT” \\ \n 12")
    with warehouse.transaction() as connection:
        key = {"user_id": user.user_id}
        connection.execute(
            text("update app.users set password_hash = 'swordfish-hash' where user_id = :user_id"), key
        )
        add_connection(connection, user.user_id, NewConnection("item", b"swordfish-token", "ins_1", "Bank"))
        connection.execute(
            text("insert into app.totp_secrets (user_id, secret) values (:user_id, 'swordfish-totp')"), key
        )
        connection.execute(
            text("""
                insert into raw.import_batches (user_id, file_name, file_sha256, file_bytes)
                values (:user_id, 'a.csv', 'x', 1)
            """),
            key,
        )
    return user


def rows_in(out: Path, manifest: Manifest) -> dict[str, list[dict[str, Any]]]:
    return {
        table.table: [json.loads(line) for line in (out / table.file).read_text().splitlines()]
        for table in manifest.tables
    }


def test_what_is_exported_equals_what_is_stored(warehouse: Warehouse, user: User, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    manifest = export_user(warehouse, user, out)
    exported = rows_in(out, manifest)
    stored_tables = """
        select format('%I.%I', table_schema, table_name) from information_schema.columns
        inner join information_schema.tables using (table_schema, table_name)
        where column_name = 'user_id' and table_type = 'BASE TABLE'
            and table_schema in ('raw', 'app', 'ml', 'ops', 'marts')
    """
    with warehouse.transaction() as connection:
        assert set(exported) == set(connection.execute(text(stored_tables)).scalars())
        for table in manifest.tables:
            left_out = "".join(f" - '{column}'" for column in table.left_out)
            # Read back as rows of the table itself: every value survives the way through JSON.
            differing = connection.execute(
                text(f"""
                    select count(*) from (
                        (
                            select to_jsonb(kept){left_out} from {table.table} as kept where user_id = :id
                            except all
                            select to_jsonb(back){left_out}
                            from jsonb_populate_recordset(null::{table.table}, cast(:rows as jsonb)) as back
                        )
                    ) as differing
                """),  # noqa: S608
                {"id": user.user_id, "rows": json.dumps(exported[table.table])},
            ).scalar_one()
            assert differing == 0, table.table
    counts = {name: len(rows) for name, rows in exported.items() if rows}
    assert counts["app.transactions"] == counts["app.bank_connections"] == counts["raw.import_batches"] == 1


def test_no_row_of_anybody_else_is_in_it(warehouse: Warehouse, user: User, tmp_path: Path) -> None:
    other = make_user(warehouse)
    add_transaction(warehouse, other, description="SOMEBODY ELSE")
    out = tmp_path / "mine"
    exported = rows_in(out, export_user(warehouse, user, out))
    assert {row["user_id"] for rows in exported.values() for row in rows} == {str(user.user_id)}
    everything = "".join(path.read_text() for path in out.iterdir())
    assert "SOMEBODY ELSE" not in everything
    assert str(other.user_id) not in everything


def test_secrets_are_left_out_and_that_is_said(warehouse: Warehouse, user: User, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    manifest = export_user(warehouse, user, out)
    everything = "".join(path.read_text() for path in out.iterdir())
    assert not any(secret in everything or secret.encode().hex() in everything for secret in SECRETS)
    left_out = {table.table: table.left_out for table in manifest.tables if table.left_out}
    assert left_out["app.users"] == ("password_hash",)
    assert left_out["app.bank_connections"] == ("access_token",)
    assert left_out["app.totp_secrets"] == ("secret",)
    assert "app.statement_layouts" not in left_out


def test_the_manifest_follows_its_schema_and_knows_its_files(
    warehouse: Warehouse, user: User, tmp_path: Path
) -> None:
    out = tmp_path / "deep" / "mine.zip"
    export_user(warehouse, user, out)
    with zipfile.ZipFile(out) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        Draft202012Validator(json.loads(archive.read("manifest.schema.json"))).validate(manifest)
        for table in manifest["tables"]:
            content = archive.read(table["file"])
            assert hashlib.sha256(content).hexdigest() == table["sha256"]
            assert len(content.splitlines()) == table["rows"]
    assert out.stat().st_mode & 0o077 == 0


def test_nothing_that_is_there_is_written_over(warehouse: Warehouse, user: User, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(ExportExistsError, match="exists already"):
        export_user(warehouse, user, tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]
