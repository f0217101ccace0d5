"""The program for Windows, put together on any system: a Python for Windows, wheels for Windows, nothing frozen.

``python windows_folder.py PYTHON FOLDER VERSION`` copies the Python without its packages and installs the program's
wheel with what it requires. uv chooses the packages, as pip takes all conditions in requirements to be about the system
that it runs on.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import contents

COMMAND = '@"%~dp0python.exe" -P -m semantik %*\r\n'


def assemble(python: Path, folder: Path, version: str) -> None:
    """Make ``folder``, anew. Raises OSError, CalledProcessError."""
    for name in ("python.exe", "pythonw.exe", "Lib", "DLLs", "tcl"):
        if not (python / name).exists():
            sys.exit(f"{python / name} is missing: that is no Python for Windows which could be moved")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("Lib", "DLLs", "tcl"):
        unneeded = shutil.ignore_patterns("site-packages", "__pycache__", "test", "config-*", "idlelib", "ensurepip")
        shutil.copytree(python / name, folder / name, ignore=unneeded)
    for path in (*python.glob("*.dll"), python / "python.exe", python / "pythonw.exe"):
        shutil.copy2(path, folder)
    packages = folder / "Lib" / "site-packages"
    with tempfile.TemporaryDirectory() as wheels:
        make = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
        subprocess.run([sys.executable, "-c", make, wheels], cwd=contents.ROOT, check=True)
        (wheel,) = Path(wheels).iterdir()
        choose = ["--python-platform", "x86_64-pc-windows-msvc", "--python-version", version, "--only-binary", ":all:"]
        uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", *choose, "--target", packages, wheel]
        subprocess.run([str(part) for part in uv], check=True)
    # What only compilers read.
    shutil.rmtree(packages / "torch" / "include", ignore_errors=True)
    for path in packages.rglob("*.lib"):
        path.unlink()
    (packages / contents.MARK).touch()
    (folder / "semantik.cmd").write_text(COMMAND, encoding="ascii", newline="")


if __name__ == "__main__":
    assemble(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
