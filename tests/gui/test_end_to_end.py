"""The main job, end to end: real photographs, the real embedded model, the real window, a real browser."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from semantik.storage.settings import CONFIG_NAME
from tests.support.page_program import browser
from tests.support.pictures import sample_image
from tests.support.places import REPO
from tests.support.screens import windows_of
from tests.support.shipped_photos import shipped_photo
from tests.support.waiting import PATIENCE, wait_until
from tests.support.window import TIMEOUT, windows

BROWSER = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Photographs that test-only packages ship, under names that tell nothing."""
    folder = tmp_path_factory.mktemp("fotos")
    names = {}
    for number, name in enumerate(("chelsea.png", "coffee.png", "rocket.jpg", "astronaut.png")):
        names[name] = f"{number:03}{Path(name).suffix}"
        shutil.copy(shipped_photo(Path(name).stem), folder / names[name])
    for name in ("china", "flower"):
        names[f"{name}.jpg"] = f"1{len(names):02}.jpg"
        sample_image(name).save(folder / names[f"{name}.jpg"], quality=92)
    return folder, names


@pytest.fixture
def window(home, pages):
    with windows(home) as begin:
        made = begin(encoder="builtin")
        made.pages = pages
        yield made


@pytest.fixture(scope="module")
def chromium():
    with browser() as launched:
        yield launched


@pytest.fixture
def tab(chromium):
    """A browser's tab, which goes from page to page as a person's does."""
    with chromium.new_page() as page:
        page.set_default_timeout(1000 * PATIENCE)
        yield page


def first_in_browser(tab, page: Path) -> tuple[str, int]:
    """The name of the first hit as the browser shows it, and the width at which its thumbnail really loaded."""
    tab.goto(page.as_uri())
    image = tab.locator("ol.hits img").first
    image.wait_for()
    width = image.evaluate("image => image.decode().then(() => image.naturalWidth)")
    return hits_of(tab)[0], width


def hits_of(tab) -> list[str]:
    """The names of the hits in a browser's tab, in order."""
    links = tab.locator("ol.hits .frame a").evaluate_all("links => links.map(link => link.href)")
    return [Path(unquote(urlsplit(link).path)).name for link in links]


def test_a_person_finds_their_photos(window, photos, tab):
    folder, names = photos
    window.choose_folder(folder)
    assert window.app.loaded.opened.library.count == len(names)
    for words, wanted in (
        ("gato", "chelsea.png"),
        ("taza de café", "coffee.png"),
        ("cohete", "rocket.jpg"),
        ("flor", "flower.jpg"),
        ("a cat", "chelsea.png"),
    ):
        if wanted in names:
            window.search(words)
            name, width = first_in_browser(tab, window.pages[-1])
            assert name == names[wanted], words
            assert width > 100
    window.key(window.type_picture(folder / names["flower.jpg"]), "<Return>")
    window.wait_idle()
    assert first_in_browser(tab, window.pages[-1])[0] == names["flower.jpg"]


def xdotool(*arguments: str) -> str:
    done = subprocess.run(["xdotool", *arguments], capture_output=True, text=True, check=True, timeout=TIMEOUT)
    return done.stdout


@pytest.mark.skipif(not shutil.which("xdotool"), reason="xdotool is not installed")
def test_the_page_leads_back_into_the_program(home, photos, tmp_path, tab):
    """The program as its user starts it, keys from outside, and a browser that goes on from page to page."""
    folder, names = photos
    (home / CONFIG_NAME).write_text(json.dumps({"encoder": "builtin", "image_folder": str(folder)}))
    subprocess.run([sys.executable, "-m", "semantik", "index", folder, "--encoder", "builtin"], cwd=REPO, check=True)
    told = tmp_path / "address"
    script = shlex.join([sys.executable, "-c", BROWSER, str(told)])
    environment = os.environ | {"BROWSER": f"{script} %s", "LANGUAGE": "es"}
    earlier = windows_of("SemantikSearch")
    with subprocess.Popen([sys.executable, REPO / "SemantikSearch.py"], env=environment) as program:
        try:
            window = wait_until(lambda: windows_of("SemantikSearch") - earlier, TIMEOUT, "a window").pop()
            # The model is loaded ahead of the first question once the folder is open.
            log = home / "semantiksearch.log"
            wait_until(lambda: " ahead " in log.read_text(encoding="utf-8"), TIMEOUT, "the model is loaded")
            xdotool("windowfocus", "--sync", window)
            xdotool("key", "ctrl+a")
            xdotool("type", "gato")
            xdotool("key", "Return")
            address = wait_until(lambda: told.exists() and told.read_text(), TIMEOUT, "a page")
            tab.goto(address)
            assert hits_of(tab)[0] == names["chelsea.png"]
            tab.get_by_role("searchbox").fill("taza de café sin gatos")
            with tab.expect_navigation():
                tab.get_by_role("searchbox").press("Enter")
            assert hits_of(tab)[0] == names["coffee.png"]
            flower = hits_of(tab).index(names["flower.jpg"])
            tab.locator("ol.hits .menu").nth(flower).click()
            with tab.expect_navigation():
                tab.get_by_role("menuitem", name="Buscar similares").click()
            assert len(hits_of(tab)) > 1
            assert names["flower.jpg"] not in hits_of(tab)
            assert tab.url.startswith("file://")
            tab.go_back()
            assert hits_of(tab)[0] == names["coffee.png"]
            program.terminate()
            program.wait(TIMEOUT)
            tab.reload()  # without the program the page still shows its pictures
            assert hits_of(tab)[0] == names["coffee.png"]
            assert tab.get_by_role("searchbox").count() == 0
        finally:
            program.kill()
