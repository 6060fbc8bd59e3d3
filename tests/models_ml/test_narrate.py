"""A language model that lies, leaks, is slow of wit or down: the user reads correct figures anyway."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from models_ml.insights.catalogue import Fact, Finding, finding, liking, ranked
from models_ml.insights.narrate import TEMPLATE, Note, by_template, narrate, objections

if TYPE_CHECKING:
    from openai import OpenAI

FACT = Fact(
    "over_budget", "groceries", 45_000, 30_000, 15_000, 50, 12, date(2026, 3, 1), "Groceries",
    "Хранителни стоки", "EUR", date(2026, 3, 12),
)  # fmt: skip


def told() -> list[Finding]:
    found = finding(FACT)
    assert found is not None
    return [found]


@dataclass(frozen=True)
class RealClient:
    """The published client, as the platform's own model uses it."""

    client: OpenAI
    name: str = "fake-model"

    def ask(self, schema: type[Note], instructions: str, facts: object, **_options: object) -> Note:
        answer = self.client.responses.parse(
            model=self.name, instructions=instructions, input=json.dumps(facts), text_format=schema
        )
        assert answer.output_parsed is not None
        return answer.output_parsed


@contextmanager
def model_that_says(text: str, status: int = 200) -> Iterator[RealClient]:
    """The real client against a server on this machine that answers with this."""
    from openai import OpenAI

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            body = json.dumps(_response(text)).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_address[1]}/v1"
    with OpenAI(base_url=address, api_key="none", max_retries=0) as client:
        yield RealClient(client)
    server.shutdown()
    thread.join()
    server.server_close()


def _response(text: str) -> dict[str, Any]:
    content = {"type": "output_text", "text": text, "annotations": []}
    message = {"id": "m", "type": "message", "role": "assistant", "status": "completed", "content": [content]}
    return {
        "id": "r", "object": "response", "created_at": 0, "status": "completed", "model": "fake-model",
        "output": [message], "parallel_tool_calls": False, "tool_choice": "auto", "tools": [],
    }  # fmt: skip


def test_an_honest_note_is_told() -> None:
    text = "Groceries went 150 EUR over its budget of 300 EUR."
    with model_that_says(json.dumps({"text": text})) as model:
        note = narrate(told(), "en", model)
    assert (note.text, note.told_by) == (text, "fake-model")


@pytest.mark.parametrize(
    "lie",
    [
        "Groceries went 151 EUR over.",
        "Groceries took half of your money.",
        "You will save twelve hundred EUR.",
        "Groceries went 150 USD over.",
        "Groceries went ١٥١ EUR over.",
        "Your key is at https://example.org.",
        "Хранителни стоки са с 150 EUR над бюджета.",
        "Groceries went one hundred and fifty-one EUR over.",
        "Groceries went 150 лв. over.",
        "Groceries went 150 Kč over.",
        "Groceries went 150 rupees over.",
        "Groceries went 51 % over.",
        "Groceries went fifty-one percent over.",
        "Groceries were over by a third.",
        "Groceries went over on 13 March 2031.",
        "Since 2025-12-31 groceries went 150 EUR over.",
        "Groceries went 1.5e9 EUR over.",
        "Groceries went 1\u200b5\u200b1 EUR over.",
        "Groceries went CLI EUR over.",
        "Write to thief@example.org about the 150 EUR.",
        "",
        "150 300",
        "Groceries went 300 EUR over its budget of 150 EUR.",
        "Groceries went 50 EUR over its budget.",
        "Groceries went 150 % over its budget.",
        "Groceries is 150 EUR under its budget of 300 EUR.",
        "You have 150 EUR left of your budget of 300 EUR.",
        "Groceries went -150 EUR over.",
        "Groceries went 150 bucks over.",
        "Groceries went over by thousands of EUR.",
        "Groceries went 150 EUR over, see mita.example.com.",
    ],
)
def test_a_lie_a_leak_or_another_language_is_not_told(lie: str) -> None:
    with model_that_says(json.dumps({"text": lie})) as model:
        note = narrate(told(), "en", model)
    assert note.told_by == TEMPLATE
    assert note.text == by_template(told(), "en")


def several() -> list[Finding]:
    """Findings of a budget, of subscriptions and of a payday that is not reached."""
    rows = [
        FACT,
        Fact("subscriptions", "streaming", 1_299, None, 15_588, None, 3, date(2026, 2, 1), "Streaming",
             "Стрийминг", "EUR", date(2026, 3, 12)),
        Fact("payday", "no", 50_000, -12_345, 12_345, None, 10, date(2026, 3, 25), "", "", "EUR",
             date(2026, 3, 12)),
    ]  # fmt: skip
    return [found for found in map(finding, rows) if found is not None]


@pytest.mark.parametrize("language", ["en", "bg"])
def test_what_the_templates_say_stands_in_any_order(language: str) -> None:
    for order in permutations(several()):
        assert objections(by_template(order, language), several(), language) == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Streaming takes 12.99 EUR a period; that is 155.88 EUR a year. Groceries is 150 EUR over.", "en"),
        ("On 25 March income comes. Before, your balance may fall to -123 EUR.", "en"),
        ("Стриймингът струва 12,99 EUR на период. За година са 155,88 EUR.", "bg"),
        ("„Хранителни стоки“ е със сто и петдесет EUR над бюджета си от триста EUR.", "bg"),
    ],
)
def test_a_figure_stands_beside_what_it_is_of(text: str, language: str) -> None:
    assert objections(text, several(), language) == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Streaming takes 150 EUR a period.", "en"),
        ("Groceries is 12.99 EUR over its budget and streaming takes 150 EUR.", "en"),
        ("Until 25 March your balance stays above 123.45 EUR.", "en"),
        ("Income comes on 25 December, until then your balance may fall to -123.45 EUR.", "en"),
        ("Streaming takes 155.88 EUR a period.", "en"),
        ("Стриймингът струва 150 EUR на период.", "bg"),
        ("„Хранителни стоки“ е със 150 EUR под бюджета си от 300 EUR.", "bg"),
        ("Харчите два пъти повече от бюджета си.", "bg"),
        ("Дължите стотици евро.", "bg"),
    ],
)
def test_a_figure_of_another_finding_or_turned_round_is_not_told(text: str, language: str) -> None:
    assert objections(text, several(), language)


@pytest.mark.parametrize(
    ("answer", "status"), [("no JSON", 200), ('{"other": 1}', 200), ("{}", 500), ("{}", 401)]
)
def test_a_model_that_fails_costs_nobody_a_figure(answer: str, status: int) -> None:
    with model_that_says(answer, status) as model:
        note = narrate(told(), "bg", model)
    assert note.told_by == TEMPLATE
    assert "150,00 EUR" in note.text
    assert note.refused


def test_ratings_move_the_ranking_and_little_is_little() -> None:
    assert liking((0, 0), (0, 0)) == 0.5
    assert liking((9, 1), (0, 0)) > liking((1, 0), (0, 0)) > 0.5 > liking((0, 5), (0, 0))
    other = finding(
        Fact(
            "fees",
            "bank_fees",
            9_000,
            None,
            9_000,
            None,
            8,
            date(2026, 2, 1),
            "",
            "",
            "EUR",
            date(2026, 3, 12),
        )
    )
    assert other is not None
    first = ranked([*told(), other], 200_000, {}, {})[0][0].kind
    disliked = ranked([*told(), other], 200_000, {"over_budget": (0, 40)}, {})[0][0].kind
    assert (first, disliked) == ("over_budget", "fees")
