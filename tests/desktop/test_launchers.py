"""Entries that open the program by a click: their exact content, and on Linux a real start in a folder of odd name."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from PIL import Image

from semantik.cli import main
from semantik.desktop import launcher_files, launchers
from semantik.desktop.launcher_files import Program, desktop_entry, exec_line, mac_command, windows_environment
from semantik.errors import LauncherNotMade
from semantik.words.text import say
from tests.support.places import REPO
from tests.support.screens import open_and_close
from tests.support.systems import posix_only

ODD = 'Mis fotos 100% "ñ"'
NASTY = (
    ODD,
    "a b",
    "back\\slash\\",
    "dollar $HOME `id` $(id)",
    "it's; rm -rf ~ & #",
    "ni\nnueva\tlínea",
    "%f %U %%",
    "clave=valor",
    "~tilde*?[x]",
    "日本 ☃",
    " blanks ",
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="a desktop entry is Linux's")


def program(folder: str) -> Program:
    place = PurePosixPath("/home/ana") / folder
    return launchers.in_folder(place, place / ".venv/bin/python")


# -- Reading a desktop entry as the specification says --------------------------------------------------


def unescape(value: str) -> str:
    r"""A value of type string: \s \n \t \r and \\ stand for one character each."""
    return re.sub(r"\\(.)", lambda found: {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}[found[1]], value)


def read_entry(content: str) -> dict[str, str]:
    first, *lines = content.splitlines()
    assert first == "[Desktop Entry]"
    return {key: unescape(value.lstrip(" ")) for key, _, value in (line.partition("=") for line in lines)}


def read_exec(value: str) -> list[str]:
    r"""The arguments of an unescaped ``Exec``: quoted ones undo the backslash before ", `, $ and \; then %% is %."""
    arguments = []
    assert value.endswith(" %F")  # the only field code: what is dropped onto it
    rest = value.removesuffix(" %F")
    while rest:
        if rest.startswith('"'):
            found = re.match(r'"((?:[^"`$\\]|\\["`$\\])*)"(?: |$)', rest)
            assert found, rest
            argument = re.sub(r'\\(["`$\\])', r"\1", found[1])
        else:
            found = re.match(r"""([^\s"'\\><~|&;$*?#()`]+)(?: |$)""", rest)
            assert found, rest
            argument = found[1]
        assert "%" not in argument.replace("%%", ""), "a field code"
        arguments.append(argument.replace("%%", "%"))
        rest = rest[found.end() :]
    return arguments


@pytest.mark.parametrize("folder", NASTY)
def test_a_desktop_entry_survives_odd_names(folder, tmp_path):
    made = program(folder)
    content = desktop_entry(made)
    entry = read_entry(content)
    command = read_exec(entry["Exec"])
    if command[0] == "/bin/sh":
        assert command[1:3] == ["-c", 'exec "$0" "$@"']
        assert any(sign in folder for sign in "=%")
        command = command[3:]
    assert command == [str(made.python), str(made.folder / "SemantikSearch.py")]
    assert (entry["Path"], entry["Icon"]) == (str(made.folder), str(made.icon))
    assert len(content.splitlines()) == 16
    if validator := shutil.which("desktop-file-validate"):
        path = tmp_path / "semantiksearch.desktop"
        path.write_text(content, encoding="utf-8")
        checked = subprocess.run([validator, path], capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_the_entry_of_a_plain_folder():
    assert desktop_entry(program("SemantikSearch")) == (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Version=1.4\n"
        "Name=SemantikSearch\n"
        "Comment=Find your pictures by what is in them\n"
        "Comment[es]=Encuentre sus imágenes por lo que se ve en ellas\n"
        "Comment[pt]=Encontre as suas imagens pelo que se vê nelas\n"
        "Keywords=photos;pictures;images;search;\n"
        "Keywords[es]=fotos;imágenes;buscar;\n"
        "Keywords[pt]=fotos;imagens;pesquisar;\n"
        "Exec=/home/ana/SemantikSearch/.venv/bin/python /home/ana/SemantikSearch/SemantikSearch.py %F\n"
        "Path=/home/ana/SemantikSearch\n"
        "Icon=/home/ana/SemantikSearch/SS.png\n"
        "Terminal=false\n"
        "Categories=Graphics;Viewer;\n"
        "StartupWMClass=Semantiksearch\n"
    )


def test_quoting_is_the_specifications():
    # Its own example: a literal $ in a quoted argument is written \\$, a literal backslash \\\\.
    assert exec_line(["/a", "a $ b"]) == r'/a "a \\$ b"'
    assert exec_line(["/a", "a\\ b"]) == r'/a "a\\\\ b"'
    assert exec_line(["/a", '"']) == r'/a "\\""'
    assert exec_line(["/a", "100%", ""]) == '/a 100%% ""'


@posix_only("the paths in it are POSIX")
def test_an_installed_program_is_started_as_a_module(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ana")
    made = launchers.installed(Path("/opt/venv/bin/python"), Path("/opt/SS.png"))
    assert made == Program(
        Path("/opt/venv/bin/python"), ("-P", "-m", "SemantikSearch"), Path("/home/ana"), Path("/opt/SS.png")
    )
    entry = read_entry(desktop_entry(made))
    assert entry["Exec"] == "/opt/venv/bin/python -P -m SemantikSearch %F"
    assert (entry["Path"], entry["Icon"]) == ("/home/ana", "/opt/SS.png")
    assert mac_command(made) == '#!/bin/sh\ncd -- /home/ana && exec /opt/venv/bin/python -P -m SemantikSearch "$@"\n'
    assert windows_environment(made, Path("x.lnk"), "")["SEMANTIK_ARGUMENTS"] == "-P -m SemantikSearch"


# -- macOS and Windows ---------------------------------------------------------------------------------


def test_the_mac_command():
    assert mac_command(program("Mis fotos")) == (
        "#!/bin/sh\n"
        "cd -- '/home/ana/Mis fotos' && "
        "exec '/home/ana/Mis fotos/.venv/bin/python' '/home/ana/Mis fotos/SemantikSearch.py' \"$@\"\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize("folder", NASTY)
def test_the_mac_command_survives_odd_names(folder, tmp_path):
    place = tmp_path / folder
    place.mkdir()
    (place / "python").write_text('#!/bin/sh\npwd\nprintf "%s" "$1"\n')
    (place / "python").chmod(0o755)
    made = tmp_path / "x.command"
    made.write_text(mac_command(launchers.in_folder(place, place / "python")))
    shown = subprocess.run(["sh", made], capture_output=True, text=True, check=True).stdout
    assert shown == f"{place}\n{place / 'SemantikSearch.py'}"


def test_the_windows_shortcut_gets_its_paths_as_data():
    place = PureWindowsPath(r"C:\Users\Ana\Mis fotos 100% 'ñ' $(calc) `n")
    python = place / ".venv/Scripts/pythonw.exe"
    made = Program(python, (str(place / "SemantikSearch.py"),), place, place / "SS.ico")
    link = PureWindowsPath(r"C:\Users\Ana\Desktop\SemantikSearch.lnk")
    assert windows_environment(made, link, "Encuentre") == {
        "SEMANTIK_LINK": r"C:\Users\Ana\Desktop\SemantikSearch.lnk",
        "SEMANTIK_PYTHON": r"C:\Users\Ana\Mis fotos 100% 'ñ' $(calc) `n\.venv\Scripts\pythonw.exe",
        "SEMANTIK_ARGUMENTS": r""""C:\Users\Ana\Mis fotos 100% 'ñ' $(calc) `n\SemantikSearch.py" """.rstrip(),
        "SEMANTIK_FOLDER": r"C:\Users\Ana\Mis fotos 100% 'ñ' $(calc) `n",
        "SEMANTIK_ICON": r"C:\Users\Ana\Mis fotos 100% 'ñ' $(calc) `n\SS.ico",
        "SEMANTIK_COMMENT": "Encuentre",
    }
    script = launcher_files.WINDOWS_SCRIPT
    assert script.isascii()
    assert set(re.findall(r"\$env:(\w+)", script)) == set(windows_environment(made, link, ""))
    lines = script.splitlines()
    assert lines[:3] == [
        "$ErrorActionPreference = 'Stop'",
        "$shell = New-Object -ComObject WScript.Shell",
        "$link = $shell.CreateShortcut($env:SEMANTIK_LINK)",
    ]
    assert lines[lines.index("if ($plain) {") :][:8] == [
        "if ($plain) {",
        "    $link.TargetPath = $env:SEMANTIK_PYTHON",
        "    $link.Arguments = $env:SEMANTIK_ARGUMENTS",
        "    $link.WorkingDirectory = $env:SEMANTIK_FOLDER",
        "    $link.IconLocation = $env:SEMANTIK_ICON + ',0'",
        "}",
        "$link.Description = $env:SEMANTIK_COMMENT",
        "$link.Save()",
    ]
    assert lines[lines.index("if (-not $plain) {") :][1:] == [
        "    $place = (New-Object -ComObject Shell.Application)"
        ".NameSpace([IO.Path]::GetDirectoryName($env:SEMANTIK_LINK))",
        "    $link = $place.ParseName([IO.Path]::GetFileName($env:SEMANTIK_LINK)).GetLink",
        "    $link.Path = $env:SEMANTIK_PYTHON",
        "    $link.Arguments = $env:SEMANTIK_ARGUMENTS",
        "    $link.WorkingDirectory = $env:SEMANTIK_FOLDER",
        "    $link.SetIconLocation($env:SEMANTIK_ICON, 0)",
        "    $link.Save()",
        "}",
    ]
    # Read from standard input, its blocks would never run; as one argument, it must need no quotation marks.
    assert launcher_files.POWERSHELL[-2:] == ("-Command", script)
    assert '"' not in script


def read_command_line(line: str) -> list[str]:
    """What a program for Windows makes of its command line, by the rules of Microsoft's C runtime."""
    arguments, current, quoted, begun = [], "", False, False
    for backslashes, sign in re.findall(r"(\\*)([^\\]|$)", line, re.DOTALL):
        if sign == '"':
            current += "\\" * (len(backslashes) // 2)
            if len(backslashes) % 2:
                current += sign
            else:
                quoted = not quoted
            begun = True
        elif sign in ("", " ", "\t") and not quoted:
            current += backslashes
            if begun or current:
                arguments.append(current)
            current, begun = "", False
        else:
            current += backslashes + sign
    return arguments


def test_powershell_gets_the_script_as_it_is_written():
    """As one argument, with its lines, backslashes and blanks: a program for Windows gets one line, and parts it."""
    assert read_command_line(r'a "b c" d\"e \\"f g\\" ""') == ["a", "b c", 'd"e', "\\f g\\", ""]
    line = subprocess.list2cmdline(launcher_files.POWERSHELL)
    assert len(line) < 32_767  # what CreateProcess takes
    assert tuple(read_command_line(line)) == launcher_files.POWERSHELL
    script = read_command_line(line)[-1]
    assert script.count("\n") > 20
    assert r"'[^\x00-\x7F]'" in script
    # What decides between the two ways, as PowerShell's regular expressions and Python's alike understand it.
    plain = re.search(r"-notmatch '(.+)'", script)[1]
    for text, beyond in ((r"C:\Users\Ana\SemantikSearch.py", False), (r"C:\Users\José Ñandú\x", True), ("日本", True)):
        assert bool(re.search(plain, text)) is beyond


@pytest.mark.skipif(sys.platform != "win32", reason="Windows hands over command lines")
def test_windows_hands_the_script_over_as_it_is_written():
    told = "import json, sys; print(json.dumps(sys.argv[1:]))"
    command = [sys.executable, "-c", told, *launcher_files.POWERSHELL[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert tuple(json.loads(done.stdout)) == launcher_files.POWERSHELL[1:]


def test_on_windows_powershell_makes_the_shortcuts(tmp_path, monkeypatch):
    menu = tmp_path / "Microsoft/Windows/Start Menu/Programs"
    desktop, scripts = tmp_path / "Desktop", tmp_path / ".venv/Scripts"
    for folder in (menu, desktop, scripts):
        folder.mkdir(parents=True)
    for name in ("python.exe", "pythonw.exe"):
        (scripts / name).write_text("")
    asked = []

    def run(command, **options):
        asked.append((command, options))
        return subprocess.CompletedProcess(command, 0)

    say("launcher.comment")  # the catalogue is read with packages that ask for the real system
    monkeypatch.setattr(launchers.sys, "platform", "win32")
    monkeypatch.setenv("APPDATA", str(tmp_path))
    monkeypatch.setattr(launchers.platformdirs, "user_desktop_dir", lambda: str(desktop))
    monkeypatch.setattr(subprocess, "run", run)
    made = launchers.install(launchers.in_folder(REPO, scripts / "python.exe"), tmp_path)
    assert made == [menu / "SemantikSearch.lnk", desktop / "SemantikSearch.lnk"]
    for path, (command, options) in zip(made, asked, strict=True):
        assert command == launcher_files.POWERSHELL
        assert options["input"] == ""
        assert options["env"]["SEMANTIK_LINK"] == str(path)
        assert options["env"]["SEMANTIK_PYTHON"] == str(scripts / "pythonw.exe")
    with Image.open(tmp_path / "SemantikSearch.ico") as icon:
        assert (icon.format, icon.size) == ("ICO", (256, 256))
        assert (16, 16) in icon.info["sizes"]

    def fail(command, **options):
        return subprocess.CompletedProcess(command, 1, stderr="Unable to save shortcut\n")

    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(LauncherNotMade) as caught:
        launchers.install(launchers.in_folder(REPO, scripts / "python.exe"), tmp_path)
    assert caught.value.params == {"path": str(made[0]), "detail": "Unable to save shortcut"}
    assert launchers.remove(tmp_path) == [tmp_path / "SemantikSearch.ico"]


@posix_only("whether a file can be run is not among its bits on Windows")
def test_on_a_mac_the_desktop_gets_a_command(tmp_path, monkeypatch):
    monkeypatch.setattr(launchers.sys, "platform", "darwin")
    monkeypatch.setattr(launchers.platformdirs, "user_desktop_dir", lambda: str(tmp_path))
    monkeypatch.setattr(
        "semantik.storage.atomic_files._sync", lambda descriptor: None
    )  # it would ask for macOS's own call
    program = Program(Path(sys.executable), (str(REPO / "SemantikSearch.py"),), REPO, REPO / "SS.png")
    (made,) = launchers.install(program, tmp_path)
    assert made == tmp_path / "SemantikSearch.command"
    assert made.stat().st_mode & 0o777 == 0o755
    assert made.read_text() == mac_command(program)
    assert launchers.remove(tmp_path) == [made]
    assert launchers.remove(tmp_path) == []


# -- Linux, for real -----------------------------------------------------------------------------------


@pytest.fixture
def user(tmp_path, monkeypatch) -> Path:
    """A user's folder with a desktop of its own language."""
    folder = tmp_path / "ana"
    (folder / "Escritorio").mkdir(parents=True)
    (folder / ".config").mkdir()
    (folder / ".config/user-dirs.dirs").write_text('XDG_DESKTOP_DIR="$HOME/Escritorio"\n')
    monkeypatch.setenv("HOME", str(folder))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_DESKTOP_DIR"):
        monkeypatch.delenv(name, raising=False)
    return folder


@linux
def test_the_command_makes_and_removes_both_entries(user, home, capsys):
    menu = user / ".local/share/applications/semantiksearch.desktop"
    desktop = user / "Escritorio/semantiksearch.desktop"
    assert main.main(["launcher"]) == 0
    assert capsys.readouterr().out == f"creado: {menu}\ncreado: {desktop}\n"
    for path in (menu, desktop):
        assert path.stat().st_mode & 0o777 == 0o755
        entry = read_entry(path.read_text(encoding="utf-8"))
        assert read_exec(entry["Exec"])[-2:] == [sys.executable, str(REPO / "SemantikSearch.py")]
        assert Path(entry["Icon"]).is_file()
    assert main.main(["launcher"]) == 0  # again: they are replaced
    capsys.readouterr()
    assert main.main(["launcher", "--remove"]) == 0
    assert capsys.readouterr().out == f"quitado: {menu}\nquitado: {desktop}\n"
    assert not menu.exists()
    assert main.main(["launcher", "--remove"]) == 0
    assert capsys.readouterr().out == "No había ninguna entrada.\n"


@linux
def test_without_a_desktop_only_the_menu_gets_one(user):
    (user / ".config/user-dirs.dirs").write_text('XDG_DESKTOP_DIR="$HOME/"\n')
    assert launchers.places() == [user / ".local/share/applications/semantiksearch.desktop"]


@linux
def test_a_folder_that_cannot_be_written_is_told(user, home, capsys):
    (user / ".local").write_text("in the way")
    assert main.main(["launcher"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("semantik: No se pudo crear la entrada «")
    assert err.count("\n") == 1


@linux
def test_a_name_that_is_not_unicode_is_told(user, tmp_path):
    folder = tmp_path / os.fsdecode(b"\xff")
    with pytest.raises(LauncherNotMade):
        launchers.install(launchers.in_folder(folder, folder / "python"), tmp_path)


@linux
@pytest.mark.skipif(not os.environ.get("DISPLAY") or not shutil.which("xdotool"), reason="needs a screen and xdotool")
def test_the_entry_opens_the_window(user, tmp_path):
    folder = tmp_path / ODD
    shutil.copytree(REPO / "semantik", folder / "semantik", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("SemantikSearch.py", "SS.png", "image_search_config.json"):
        shutil.copy(REPO / name, folder)
    (folder / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    python = folder / ".venv" / Path(sys.executable).relative_to(sys.prefix)
    made = launchers.install(launchers.in_folder(folder, python), tmp_path)
    entry = read_entry(made[0].read_text(encoding="utf-8"))
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SEMANTIK_HOME")}
    open_and_close(read_exec(entry["Exec"]), entry["StartupWMClass"], cwd=entry["Path"], env=environment)
    assert (folder / "semantiksearch.log").is_file()  # it was this copy that ran
