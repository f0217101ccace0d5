"""Draw SS.png, the window's icon, from semantik/results/templates/mark.svg.

The picture is rendered by Chromium at four times its size and reduced with Lanczos, so that its
edges stay smooth at 256 pixels and when a window manager reduces it to 32 or 16.

Needs Playwright and a Chromium: ``python tools/draw_icon.py [--chromium PATH] [--out SS.png]``.
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
MARK = ROOT / "semantik" / "results" / "templates" / "mark.svg"
SIDE = 256
OVERSAMPLING = 4


def rasterise(svg: str, chromium: str | None) -> Image.Image:
    """The drawing as an RGBA picture of SIDE x SIDE pixels with a transparent ground."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": SIDE, "height": SIDE}, device_scale_factor=OVERSAMPLING)
        page.set_content(f"<style>body{{margin:0}} svg{{display:block;width:{SIDE}px}}</style>{svg}")
        png = page.screenshot(omit_background=True)
        browser.close()
    large = Image.open(io.BytesIO(png)).convert("RGBA")
    # Reduced with premultiplied alpha: the transparent pixels' colour must not bleed into the edge.
    return large.convert("RGBa").resize((SIDE, SIDE), Image.Resampling.LANCZOS).convert("RGBA")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    parser.add_argument("--out", type=Path, default=ROOT / "SS.png")
    arguments = parser.parse_args()
    rasterise(MARK.read_text(encoding="utf-8"), arguments.chromium).save(arguments.out, optimize=True)


if __name__ == "__main__":
    main()
