"""From the folder of the built program to one file that people install: .deb, .dmg, or a setup program for Windows.

``python installers.py deb|dmg|nsis FOLDER OUT [--quick]``; it runs in the Python that has the program's packages.
"""

from __future__ import annotations

import email.utils
import gzip
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path, PurePosixPath

import contents

sys.path.insert(0, str(contents.ROOT))

from PIL import Image

from semantik import __version__
from semantik.desktop.launcher_files import Program, close_first, desktop_entry
from semantik.words.text import say

NAME = "semantiksearch"
DESCRIPTION = "Find your own pictures by what is in them"
HERE = Path(__file__).resolve().parent

OTHER_LICENCES = f"""
What the program brings along has licences of its own, which are in /usr/lib/{NAME}/_internal/{contents.LICENCES}.
"""

LINTIAN_OVERRIDES = f"""\
# The program brings its own Python and every library, so that it needs nothing else and meets no other version.
{NAME}: embedded-library *
"""


def make_deb(folder: Path, out: Path, *, quick: bool) -> Path:
    """A package for Debian and what comes of it, with an entry in the menu and both commands."""
    answer = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True)
    architecture = answer.stdout.strip()
    made = out / f"{NAME}_{__version__}_{architecture}.deb"
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        root = Path(temporary)
        root.chmod(0o755)
        program = root / "usr/lib" / NAME
        shutil.copytree(folder, program, symlinks=True)
        for command, target in ((NAME, "SemantikSearch"), ("semantik", "semantik")):
            link = root / "usr/bin" / command
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(f"../lib/{NAME}/{target}")
        entry = desktop_entry(
            # An icon without a folder is one of the theme's.
            Program(PurePosixPath("/usr/bin", NAME), (), PurePosixPath("/usr/lib", NAME), PurePosixPath(NAME))
        )
        _write(root / "usr/share/applications" / f"{NAME}.desktop", entry)
        icon = root / "usr/share/icons/hicolor/256x256/apps" / f"{NAME}.png"
        icon.parent.mkdir(parents=True)
        shutil.copy(contents.ROOT / "SS.png", icon)
        documents = root / "usr/share/doc" / NAME
        _write(documents / "copyright", (contents.ROOT / "LICENSE").read_text(encoding="utf-8") + OTHER_LICENCES)
        (documents / "changelog.gz").write_bytes(gzip.compress(debian_changelog().encode(), 9, mtime=0))
        _write(root / "usr/share/lintian/overrides" / NAME, LINTIAN_OVERRIDES)
        size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink())
        control = {
            "Package": NAME,
            "Version": __version__,
            "Architecture": architecture,
            "Maintainer": maintainer(),
            "Section": "graphics",
            "Priority": "optional",
            "Installed-Size": str(size // 1024),
            "Depends": f"libc6 (>= {platform.libc_ver()[1]})",
            "Recommends": "xdg-utils",
            "Description": f"{DESCRIPTION}\n Nothing leaves your machine. It brings its own Python with all packages.",
        }
        _write(root / "DEBIAN/control", "".join(f"{key}: {value}\n" for key, value in control.items()))
        effort = ["-Zgzip", "-z1"] if quick else ["-Zxz", "-z6"]
        subprocess.run(["dpkg-deb", "--root-owner-group", *effort, "--build", str(root), str(made)], check=True)
    return made


def maintainer() -> str:
    """Whoever builds the package answers for it, by the variables of Debian's own tools."""
    return f"{os.environ.get('DEBFULLNAME', 'SemantikSearch')} <{os.environ.get('DEBEMAIL', 'noreply@localhost')}>"


def debian_changelog() -> str:
    """The one entry of a package that is made anew for each version, in the form that Debian reads."""
    made = email.utils.formatdate(float(os.environ.get("SOURCE_DATE_EPOCH", time.time())))
    news = f"  * Version {__version__}; CHANGELOG.md in the program's repository says what is new."
    return f"{NAME} ({__version__}) unstable; urgency=medium\n\n{news}\n\n -- {maintainer()}  {made}\n"


def make_dmg(folder: Path, out: Path, *, quick: bool) -> Path:
    """A disk image with the program and a way into the Applications folder."""
    made = out / f"SemantikSearch-{__version__}-{platform.machine()}.dmg"
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        subprocess.run(["ditto", str(folder), str(Path(temporary, folder.name))], check=True)
        Path(temporary, "Applications").symlink_to("/Applications")
        kind = ["-format", "UDZO"] if quick else ["-format", "ULMO"]
        image = ["hdiutil", "create", "-ov", *kind, "-volname", "SemantikSearch", "-srcfolder", temporary, str(made)]
        subprocess.run(image, check=True)
    return made


def make_nsis(folder: Path, out: Path, *, quick: bool) -> Path:
    """A setup program for the user alone, so that nobody is asked for an administrator's password."""
    made = out / f"SemantikSearch-{__version__}-setup.exe"
    frozen = (folder / "SemantikSearch.exe").is_file()
    with Image.open(contents.ROOT / "SS.png") as picture:
        picture.save(folder / "SemantikSearch.ico", sizes=[(side, side) for side in (16, 24, 32, 48, 64, 128, 256)])
    with tempfile.TemporaryDirectory() as temporary:
        # The uninstaller removes what was installed and nothing that somebody may have put beside it.
        tops = Path(temporary, "remove.nsh")
        lines = [
            f'RMDir /r "$INSTDIR\\{path.name}"' if path.is_dir() else f'Delete "$INSTDIR\\{path.name}"'
            for path in sorted(folder.iterdir())
        ]
        tops.write_text("\n".join(lines) + "\n", encoding="utf-8")
        defined = {
            "FOLDER": folder,
            "MADE": made,
            "REMOVE": tops,
            "VERSION": __version__,
            "PROGRAM": "SemantikSearch.exe" if frozen else "pythonw.exe",
            "CONSOLE": "semantik.exe" if frozen else "python.exe",
            "ARGUMENTS": "" if frozen else "-P -m SemantikSearch",
            "SIZE": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // 1024,
            "COMMENT": say("launcher.comment"),
            **{f"CLOSE_{code.upper()}": words for code, words in close_first().items()},
        }
        if quick:
            defined["QUICK"] = 1
        if Path("/usr/share/nsis/Stubs/lzma-amd64-unicode").exists():
            defined["TARGET"] = "amd64-unicode"
        options = [f"-D{key}={value}" for key, value in defined.items()]
        subprocess.run(["makensis", "-V2", "-INPUTCHARSET", "UTF8", *options, str(HERE / "windows.nsi")], check=True)
    return made


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


MAKERS = {"deb": make_deb, "dmg": make_dmg, "nsis": make_nsis}


if __name__ == "__main__":
    result = MAKERS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]), quick="--quick" in sys.argv[4:])
    print(f"{result}: {result.stat().st_size:,} bytes")
