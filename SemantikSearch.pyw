"""SemantikSearch by a double click on Windows, without the console that a click on the .py would open."""

import runpy
from pathlib import Path

runpy.run_path(str(Path(__file__).resolve().with_name("SemantikSearch.py")), run_name="__main__")
