"""SVG: drawn as large as it is wanted, and kept from files, the network and bombs."""

from __future__ import annotations

import base64
import gzip
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semantik.decoding.decoded import Description
from semantik.decoding.pictures.decode import describe_image, load_image
from semantik.records import Reason
from tests.support.pictures import BLUE, RED, WHITE, corners, failure, near

pytest.importorskip("resvg_py")


def svg(inside: str, root: str = 'width="40" height="40"', before: str = "") -> bytes:
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f"{before}<svg {spaces} {root}>{inside}</svg>".encode()


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    from http.server import BaseHTTPRequestHandler, HTTPServer

    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    listener = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listener.server_port}", asked
    listener.shutdown()
    thread.join()
    listener.server_close()


def test_svg_reads_no_other_file_and_asks_no_network(
    tmp_path: Path, server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, asked = server
    red = Image.new("RGB", (40, 40), RED)
    red.save(tmp_path / "red.png")
    monkeypatch.chdir(tmp_path)
    data = base64.b64encode((tmp_path / "red.png").read_bytes()).decode()
    inner = base64.b64encode(svg(f'<image href="{tmp_path}/red.png" width="40" height="40"/>')).decode()
    for number, href in enumerate(
        [
            f"{tmp_path}/red.png",
            f"file://{tmp_path}/red.png",
            "red.png",
            " red.png",
            "./red.png",
            f"{address}/red.png",
            f"data:image/svg+xml;base64,{inner}",
        ]
    ):
        for attribute in ("href", "xlink:href"):
            path = tmp_path / f"{number}.svg"
            path.write_bytes(svg(f'<image {attribute}="{href}" width="40" height="40"/>'))
            near(corners(load_image(path, 20)), [WHITE] * 4, 0)
    (tmp_path / "feImage.svg").write_bytes(
        svg('<filter id="f"><feImage href="red.png"/></filter><rect width="40" height="40" filter="url(#f)"/>')
    )
    assert RED not in corners(load_image(tmp_path / "feImage.svg", 20))
    (tmp_path / "data.svg").write_bytes(svg(f'<image href="data:image/png;base64,{data}" width="40" height="40"/>'))
    near(corners(load_image(tmp_path / "data.svg", 20)), [RED] * 4, 0)
    assert asked == []


def test_svg_entities_fetch_nothing_and_do_not_multiply(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("#f00", encoding="ascii")
    fetch = f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file://{tmp_path}/secret.txt">]>'
    (tmp_path / "fetch.svg").write_bytes(svg('<rect width="40" height="40" fill="&x;"/>', before=fetch))
    assert failure(tmp_path / "fetch.svg")[0] is Reason.DAMAGED
    levels = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    (tmp_path / "lol.svg").write_bytes(svg("<text>&a11;</text>", before=f'<!DOCTYPE svg [<!ENTITY a0 "lol">{levels}]>'))
    assert failure(tmp_path / "lol.svg")[0] is Reason.DAMAGED
    plain = '<!DOCTYPE svg [<!ENTITY red "#f00">]>'
    (tmp_path / "plain.svg").write_bytes(svg('<rect width="40" height="40" fill="&red;"/>', before=plain))
    near(corners(load_image(tmp_path / "plain.svg", 20)), [RED] * 4, 0)


def test_svg_bombs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "deep.svg").write_bytes(svg("<g>" * 5000 + "</g>" * 5000))
    assert failure(tmp_path / "deep.svg")[0] is Reason.TOO_LARGE
    levels = "".join(f'<g id="g{i}">{f"""<use href="#g{i - 1}"/>""" * 10}</g>' for i in range(1, 9))
    (tmp_path / "use.svg").write_bytes(svg(f'<defs><g id="g0"><rect/></g>{levels}</defs><use href="#g8"/>'))
    assert failure(tmp_path / "use.svg")[0] is Reason.DAMAGED
    (tmp_path / "zip.svgz").write_bytes(gzip.compress(svg(" " * 40_000_000)))
    assert failure(tmp_path / "zip.svgz")[0] is Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("root", "size"),
    [
        ('width="40" height="20"', (40, 20)),
        ('width="1in" height="25.4mm"', (96, 96)),
        ('width="100%" height="100%" viewBox="0 0 30 60"', (30, 60)),
        ('width="100" viewBox="0 0 30 60"', (100, 200)),
        ('height="3e1px" viewBox="0,0 ,30,60"', (15, 30)),
        ("", (300, 150)),
        ('width="-5" height="nan" viewBox="0 0 0 5"', (300, 150)),
        ('width="1e30" height="1e30"', (1_000_000, 1_000_000)),
        ('viewBox="0 0 1e9 1"', (1_000_000, 1)),
    ],
)
def test_the_size_of_an_svg(tmp_path: Path, root: str, size: tuple[int, int]) -> None:
    (tmp_path / "a.svg").write_bytes(svg('<rect width="100%" height="100%" fill="#00f"/>', root))
    assert describe_image(tmp_path / "a.svg") == Description(*size)
    loaded = load_image(tmp_path / "a.svg", 50)
    assert (loaded.width, loaded.height) == size
    assert max(loaded.image.size) <= 4096


def test_an_svg_is_drawn_as_large_as_it_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_bytes(svg('<circle cx="20" cy="20" r="20" fill="#00f"/>'))
    loaded = load_image(tmp_path / "a.svg", 224)
    assert loaded.image.size == (448, 448)
    near([loaded.image.getpixel((224, 224)), loaded.image.getpixel((3, 3))], [BLUE, WHITE], 0)
    edge = np.asarray(loaded.image)[224, :4, 0]
    assert edge.max() < 255 or edge[0] > edge[-1]  # sharp, not scaled up
