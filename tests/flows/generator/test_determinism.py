from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest

from flows.generator import END, generate
from flows.generator.run import parameters


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_arguments_give_the_same_bytes_with_one_and_with_two_workers(tmp_path: Path) -> None:
    alone = generate(users=23, months=2, seed=5, out=tmp_path / "alone", workers=1)
    shared = generate(users=23, months=2, seed=5, out=tmp_path / "shared", workers=2)
    assert digests(tmp_path / "alone") == digests(tmp_path / "shared")
    assert (alone.lines, alone.transactions, alone.bytes) == (shared.lines, shared.transactions, shared.bytes)


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    generate(users=1, months=2, seed=1, out=tmp_path / "one")
    generate(users=1, months=2, seed=2, out=tmp_path / "two")
    assert digests(tmp_path / "one") != digests(tmp_path / "two")


def test_a_person_is_the_same_however_many_others_there_are(tmp_path: Path) -> None:
    generate(users=2, months=3, seed=9, out=tmp_path / "few")
    generate(users=4, months=3, seed=9, out=tmp_path / "more")
    few = {k: v for k, v in digests(tmp_path / "few").items() if k.startswith("0000")}
    more = digests(tmp_path / "more")
    assert few
    assert {name: more[name] for name in few} == few


def test_the_period_ends_on_a_fixed_day_unless_told_otherwise() -> None:
    default = parameters(1, 14, 7)
    assert (default.start, default.end) == (date(2025, 9, 1), END)
    assert parameters(1, 2, 7, end=date(2026, 3, 31)).start == date(2026, 1, 31)
    assert parameters(1, 2, 7, start=date(2024, 2, 29)).end == date(2024, 4, 29)


@pytest.mark.parametrize(("users", "months", "seed"), [(0, 1, 1), (1, 0, 1), (1, 1, -1)])
def test_impossible_arguments_are_refused(tmp_path: Path, users: int, months: int, seed: int) -> None:
    with pytest.raises(ValueError, match="not"):
        generate(users=users, months=months, seed=seed, out=tmp_path / "out")


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear bank")
    with pytest.raises(FileExistsError, match="choose another folder"):
        generate(users=1, months=1, seed=1, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_an_earlier_run_is_replaced_whole(tmp_path: Path) -> None:
    generate(users=3, months=1, seed=1, out=tmp_path / "out")
    generate(users=1, months=1, seed=1, out=tmp_path / "out")
    generate(users=1, months=1, seed=1, out=tmp_path / "fresh")
    assert digests(tmp_path / "out") == digests(tmp_path / "fresh")


def test_replacing_a_run_keeps_what_somebody_else_put_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    generate(users=1, months=1, seed=1, out=out)
    (out / "notes").mkdir()
    (out / "notes" / "mine.txt").write_text("keep")
    generate(users=1, months=1, seed=1, out=out)
    assert (out / "notes" / "mine.txt").read_text() == "keep"


def test_an_interrupted_run_can_be_repeated(tmp_path: Path) -> None:
    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(users=1, months=1, seed=1, out=tmp_path / "out", progress=interrupt)
    assert generate(users=1, months=1, seed=1, out=tmp_path / "out").users == 1


def test_progress_tells_people_done_and_all_people(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    generate(users=21, months=1, seed=1, out=tmp_path / "out", workers=1, progress=lambda *n: told.append(n))
    assert told == [(20, 21), (21, 21)]


def test_the_manifest_counts_what_was_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    summary = generate(users=2, months=2, seed=3, out=out)
    manifest = json.loads((out / "manifest.json").read_text())
    statements = [p for p in out.rglob("*") if p.is_file() and p.parent.name[:5].isdigit()]
    assert manifest["counts"]["files"] == summary.files == len(statements)
    assert manifest["counts"]["bytes"] == summary.bytes == sum(p.stat().st_size for p in statements)
    assert manifest["arguments"]["seed"] == 3
