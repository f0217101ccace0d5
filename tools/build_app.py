"""Build what people without Python can install: a .deb on Linux, a .dmg on macOS, an installer on Windows.

``python tools/build_app.py`` makes a venv with the program's packages and PyInstaller, freezes the program into one
folder and packs that into ``dist/``. It needs dpkg-deb on Linux, nothing else on macOS, and NSIS on Windows
(makensis on the PATH). Nothing that it makes is part of the repository.

On Linux, torch from PyPI brings CUDA along and makes the program 5.8 GB large. ``--torch-index`` names the package
index of its CPU builds, which PyTorch's own page on installing it tells.

``--windows-python FOLDER`` makes the installer for Windows on another system, with NSIS (Debian's will do) and uv:
there the program is not frozen, but lies beside a copy of the Python in ``FOLDER``, which must be one that can be
moved, with python.exe, pythonw.exe, their DLLs, ``Lib``, ``DLLs`` and ``tcl``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STANDALONE = ROOT / "tools" / "standalone"
PACKERS = {"linux": "deb", "darwin": "dmg", "win32": "nsis"}


def main() -> None:
    """Read the arguments, build, and say where the result is, how large it is, and how long it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the installer goes")
    parser.add_argument("--work", type=Path, default=ROOT / "build", help="where everything else goes")
    parser.add_argument("--python", type=Path, help="a Python that has it all, instead of a new venv's")
    parser.add_argument("--torch-index", metavar="URL", help="the package index to take torch from")
    parser.add_argument("--windows-python", type=Path, metavar="FOLDER", help="build for Windows, with this Python")
    parser.add_argument("--python-version", default="3.11", help="the version of that Python")
    parser.add_argument("--quick", action="store_true", help="compress little: a larger file, made sooner")
    options = parser.parse_args()
    started = time.monotonic()
    work, out = options.work.resolve(), options.out.resolve()
    for folder in (work, out):
        folder.mkdir(parents=True, exist_ok=True)
    python = str(options.python.absolute()) if options.python else make_venv(work / "venv", options.torch_index)
    if options.windows_python:
        folder, kind = work / "windows" / "SemantikSearch", "nsis"
        call(python, STANDALONE / "windows_folder.py", options.windows_python.resolve(), folder, options.python_version)
    else:
        kind = PACKERS[sys.platform]
        tell_about_torch(python)
        spec = STANDALONE / "semantiksearch.spec"
        places = ("--distpath", work / "frozen", "--workpath", work / "pyinstaller")
        call(python, "-m", "PyInstaller", spec, "--noconfirm", "--log-level", "WARN", *places)
        folder = work / "frozen" / ("SemantikSearch.app" if kind == "dmg" else "SemantikSearch")
    print(f"{folder}: {size(folder):,} bytes after {time.monotonic() - started:.0f} s", flush=True)
    call(python, STANDALONE / "installers.py", kind, folder, out, *(["--quick"] if options.quick else []))
    print(f"done in {time.monotonic() - started:.0f} s")


def make_venv(folder: Path, torch_index: str | None) -> str:
    """A venv with all that is needed; its Python."""
    venv.create(folder, with_pip=True, clear=True)
    python = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    install = (python, "-m", "pip", "install", "--quiet")
    if torch_index:
        call(*install, "--index-url", torch_index, "torch", "torchvision")
    call(*install, "-r", ROOT / "requirements.txt", "-r", STANDALONE / "requirements.txt")
    return python


def tell_about_torch(python: str) -> None:
    """Say so when the program is about to become five times as large as it need be, or to lack models."""
    ask = [python, "-c", "import torch; print(torch.version.cuda or '')"]
    found = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
    if found:
        print(f"torch here comes with CUDA {found}: about 5.8 GB. --torch-index can name a smaller one.", flush=True)
    if subprocess.run([python, "-c", "import torchvision"], check=False, capture_output=True).returncode:
        # torch of one index and torchvision of another: all else works, and the built program would tell nobody.
        print("torchvision here is not for this torch: the program will be without SigLIP and DataComp.", flush=True)


def call(*command: object) -> None:
    """Run a program in the repository's folder. Ends with its exit code when it fails."""
    done = subprocess.run([str(part) for part in command], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def size(folder: Path) -> int:
    """Bytes of all files, each counted once."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


if __name__ == "__main__":
    main()
