"""The main job, end to end: real photographs, the real embedded model, the real window, a real browser."""

from __future__ import annotations

import gc
import json
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from window import Window

from semantik import results_page
from semantik.config import CONFIG_NAME

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Photographs that test-only packages ship, under names that tell nothing."""
    import skimage
    from sklearn.datasets import load_sample_images

    folder = tmp_path_factory.mktemp("fotos")
    bundled = Path(skimage.__file__).parent / "data"
    names = {}
    for number, name in enumerate(("chelsea.png", "coffee.png", "rocket.jpg", "astronaut.png")):
        if (bundled / name).is_file():
            names[name] = f"{number:03}{Path(name).suffix}"
            shutil.copy(bundled / name, folder / names[name])
    from PIL import Image

    for image, path in zip(load_sample_images().images, load_sample_images().filenames, strict=True):
        name = Path(path).name
        names[name] = f"1{len(names):02}.jpg"
        Image.fromarray(image).save(folder / names[name], quality=92)
    return folder, names


@pytest.fixture
def window(home, monkeypatch):
    (home / CONFIG_NAME).write_text(json.dumps({"encoder": "builtin"}))
    pages: list[Path] = []

    def open_new_tab(address):
        pages.append(Path(unquote(urlsplit(address).path)))
        return True

    monkeypatch.setattr(results_page.webbrowser, "open_new_tab", open_new_tab)
    made = Window(home)
    made.pages = pages
    made.wait_idle()
    yield made
    made.close()
    assert made.failures == []
    del made
    gc.collect()


def first_in_browser(page: Path) -> tuple[str, int]:
    """The name of the first hit as the browser shows it, and the width at which its thumbnail really loaded."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page()
        tab.goto(page.as_uri())
        image = tab.locator("main img, ol img, ul img").first
        image.wait_for()
        width = image.evaluate("image => image.decode().then(() => image.naturalWidth)")
        link = tab.locator("a[href^='file:']").first.get_attribute("href")
        browser.close()
    return Path(unquote(urlsplit(link).path)).name, width


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_a_person_finds_their_photos(window, photos):
    folder, names = photos
    window.choose_folder(folder)
    assert window.app.engine.library.count == len(names)
    for words, wanted in (
        ("gato", "chelsea.png"),
        ("taza de café", "coffee.png"),
        ("cohete", "rocket.jpg"),
        ("flor", "flower.jpg"),
        ("a cat", "chelsea.png"),
    ):
        if wanted in names:
            window.search(words)
            name, width = first_in_browser(window.pages[-1])
            assert name == names[wanted], words
            assert width > 100
    window.type_into(window.app.view.image_entry, str(folder / names["flower.jpg"]))
    window.app.view.image_entry.event_generate("<Return>")
    window.wait_idle()
    assert first_in_browser(window.pages[-1])[0] == names["flower.jpg"]
