"""Cloud Vision through its real client library, against a gRPC server of our own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path

import grpc  # type: ignore[import-untyped]
import numpy as np
import pytest
from google.cloud import vision
from google.cloud.vision_v1.services.image_annotator.transports import ImageAnnotatorGrpcTransport

from flows.clients.ocr.fallback import FallbackReader
from flows.clients.ocr.google import VisionReader, vision_client
from flows.clients.ocr.protocol import OcrError
from models_ml.receipts.page import Page, TextLine
from warehouse.errors import ActionableError

PICTURE = np.full((300, 200, 3), 255, dtype=np.uint8)
Break = vision.TextAnnotation.DetectedBreak.BreakType

Answer = Callable[[vision.BatchAnnotateImagesRequest], vision.BatchAnnotateImagesResponse]


@dataclass
class Vision:
    """A server that answers as it is told, and remembers what it was asked."""

    address: str = ""
    answer: Answer | None = None
    status: grpc.StatusCode | None = None
    delay: float = 0.0
    asked: list[vision.BatchAnnotateImagesRequest] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def handle(
        self, request: vision.BatchAnnotateImagesRequest, context: grpc.ServicerContext
    ) -> vision.BatchAnnotateImagesResponse:
        with self.lock:
            self.asked.append(request)
        time.sleep(self.delay)
        if self.status:
            context.abort(self.status, "as the test wants it")
        assert self.answer
        return self.answer(request)


@pytest.fixture
def server() -> Iterator[Vision]:
    told = Vision()
    method = grpc.unary_unary_rpc_method_handler(
        told.handle,
        request_deserializer=vision.BatchAnnotateImagesRequest.deserialize,
        response_serializer=vision.BatchAnnotateImagesResponse.serialize,
    )
    handler = grpc.method_handlers_generic_handler(
        "google.cloud.vision.v1.ImageAnnotator", {"BatchAnnotateImages": method}
    )
    running = grpc.server(futures.ThreadPoolExecutor(2))
    running.add_generic_rpc_handlers((handler,))
    told.address = f"127.0.0.1:{running.add_insecure_port('127.0.0.1:0')}"
    running.start()
    yield told
    running.stop(None)


@pytest.fixture
def reader(server: Vision) -> Iterator[VisionReader]:
    with grpc.insecure_channel(server.address) as channel:
        transport = ImageAnnotatorGrpcTransport(channel=channel)
        yield VisionReader(vision.ImageAnnotatorClient(transport=transport), timeout=2.0)


def word(text: str, left: int, top: int, ends: int, sure: float = 0.9) -> vision.Word:
    symbols = [vision.Symbol(text=letter) for letter in text]
    symbols[-1].property = vision.TextAnnotation.TextProperty(
        detected_break=vision.TextAnnotation.DetectedBreak(type_=ends)
    )
    right, bottom = left + 10 * len(text), top + 20
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    box = vision.BoundingPoly(vertices=[vision.Vertex(x=x, y=y) for x, y in corners])
    return vision.Word(symbols=symbols, bounding_box=box, confidence=sure)


def answered(*words: vision.Word) -> Answer:
    document = vision.TextAnnotation(
        pages=[vision.Page(blocks=[vision.Block(paragraphs=[vision.Paragraph(words=words)])])]
    )
    response = vision.AnnotateImageResponse(full_text_annotation=document)
    return lambda _: vision.BatchAnnotateImagesResponse(responses=[response])


def test_words_become_lines_where_vision_saw_a_line_end(server: Vision, reader: VisionReader) -> None:
    server.answer = answered(
        word("TOTAL", 0, 0, Break.SPACE, 1.0),
        word("9", 100, 0, Break.UNKNOWN, 0.5),
        word(".90", 110, 0, Break.LINE_BREAK, 0.5),
        word("CASH", 0, 30, Break.LINE_BREAK),
    )
    page = reader.read(PICTURE)
    assert [line.text for line in page.lines] == ["TOTAL 9.90", "CASH"]
    assert page.lines[0].box == (0, 0, 140, 20)
    assert page.lines[0].confidence == pytest.approx((5 * 1.0 + 1 * 0.5 + 3 * 0.5) / 9)
    assert (page.width, page.height) == (200, 300)


def test_the_picture_is_sent_as_jpeg_without_metadata(server: Vision, reader: VisionReader) -> None:
    server.answer = answered(word("A", 0, 0, Break.LINE_BREAK))
    reader.read(PICTURE)
    content = server.asked[0].requests[0].image.content
    assert content.startswith(b"\xff\xd8\xff")
    assert b"Exif" not in content


def test_every_answered_image_is_counted_with_its_price(server: Vision, reader: VisionReader) -> None:
    server.answer = answered(word("A", 0, 0, Break.LINE_BREAK))
    reader.read(PICTURE)
    reader.read(PICTURE)
    assert (reader.spent.images, reader.spent.micro_usd) == (2, 3000)


@pytest.mark.parametrize(
    ("status", "lasting"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, True),
        (grpc.StatusCode.PERMISSION_DENIED, True),
        (grpc.StatusCode.UNAUTHENTICATED, True),
        (grpc.StatusCode.INVALID_ARGUMENT, False),
    ],
)
def test_a_refusal_is_told_with_whether_it_lasts(
    server: Vision, reader: VisionReader, status: grpc.StatusCode, *, lasting: bool
) -> None:
    server.status = status
    with pytest.raises(OcrError) as raised:
        reader.read(PICTURE)
    assert raised.value.is_lasting is lasting
    assert len(server.asked) == 1
    assert reader.spent.images == 0


def test_an_unavailable_server_is_asked_again_until_it_answers(server: Vision, reader: VisionReader) -> None:
    answer = answered(word("A", 0, 0, Break.LINE_BREAK))

    def recovering(request: vision.BatchAnnotateImagesRequest) -> vision.BatchAnnotateImagesResponse:
        return answer(request)

    server.status, server.answer = grpc.StatusCode.UNAVAILABLE, recovering
    threading.Timer(0.5, lambda: setattr(server, "status", None)).start()
    assert [line.text for line in reader.read(PICTURE).lines] == ["A"]
    assert len(server.asked) > 1


def test_a_server_that_does_not_answer_in_time_is_an_error(server: Vision, reader: VisionReader) -> None:
    server.delay = 1.5
    server.answer = answered(word("A", 0, 0, Break.LINE_BREAK))
    reader.timeout = 0.3
    begun = time.monotonic()
    with pytest.raises(OcrError):
        reader.read(PICTURE)
    assert time.monotonic() - begun < 1.2


class Local:
    """A local engine that always reads the same."""

    name = "local"

    def read(self, image: object) -> Page:
        assert image is not None
        return Page(1, 1, (TextLine("here", (0, 0, 1, 0, 1, 1, 0, 1), 1.0),))


def test_after_a_quota_error_the_local_engine_reads_until_the_rest_is_over(
    server: Vision, reader: VisionReader
) -> None:
    now = [0.0]
    both = FallbackReader(reader, Local(), rest=60.0, clock=lambda: now[0])
    server.status = grpc.StatusCode.RESOURCE_EXHAUSTED
    assert both.read(PICTURE).lines[0].text == "here"
    assert both.is_open
    server.status, server.answer = None, answered(word("there", 0, 0, Break.LINE_BREAK))
    both.read(PICTURE)
    assert (both.name, len(server.asked)) == ("local", 1)
    now[0] = 61.0
    assert both.read(PICTURE).lines[0].text == "there"
    assert both.name == "google_vision"


def test_single_failures_do_not_open_the_circuit(server: Vision, reader: VisionReader) -> None:
    both = FallbackReader(reader, Local(), failures=2)
    server.status = grpc.StatusCode.INVALID_ARGUMENT
    both.read(PICTURE)
    assert not both.is_open
    both.read(PICTURE)
    assert both.is_open


@pytest.mark.parametrize("content", ["no JSON", '{"type": "service_account"}', "\ufeff"])
def test_a_file_that_is_no_key_is_told_in_a_line(content: str, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ActionableError, match=r"key\.json: it is no key file .* MITA_VISION_CREDENTIALS$"):
        vision_client(path)
