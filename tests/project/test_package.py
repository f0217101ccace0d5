"""The package that pip and pipx install: what is in it, and that both of its commands start from it alone."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from semantik import __version__
from tests.support.libraries import paint
from tests.support.places import REPO
from tests.support.screens import open_and_close

SHIPPED = {
    "SS.png",
    "image_search_config.json",
    "requirements.txt",
    "requirements-formats.txt",
    "requirements-cluster.txt",
}
ABOUT = f"semantiksearch-{__version__}.dist-info"


def pip(*arguments: object) -> None:
    """Run pip without a network."""
    command = [sys.executable, "-m", "pip", *map(str, arguments), "--quiet", "--no-deps", "--no-index"]
    subprocess.run(command, cwd=REPO, check=True, timeout=240)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory) -> Path:
    """The source distribution."""
    folder = tmp_path_factory.mktemp("sdist")
    make = "import sys; from hatchling.build import build_sdist; build_sdist(sys.argv[1])"
    subprocess.run([sys.executable, "-c", make, folder], cwd=REPO, check=True, timeout=240)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory, sdist) -> Path:
    """The wheel, made of the source distribution, so that this one must be complete."""
    if importlib.util.find_spec("pip") is None:
        pytest.skip("this Python has no pip")
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-build-isolation", "--wheel-dir", folder, sdist)
    (made,) = folder.iterdir()
    return made


def bare(folder: Path, wheel: Path) -> Path:
    """The folder of the commands of a venv that has the wheel and nothing else."""
    venv.create(folder, with_pip=False)
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    pip("--python", commands / "python", "install", wheel)
    return commands


@pytest.fixture(scope="module")
def commands(tmp_path_factory, wheel) -> Path:
    """The folder of the commands of a venv that has the wheel, and the packages of these tests."""
    folder = tmp_path_factory.mktemp("venv")
    made = bare(folder, wheel)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    (own / "packages_of_the_tests.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return made


@pytest.fixture
def user(tmp_path) -> dict[str, str]:
    """The environment of somebody with a home of their own, who knows nothing of this checkout."""
    left_out = {"PYTHONPATH", "SEMANTIK_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_DESKTOP_DIR"}
    return {name: value for name, value in os.environ.items() if name not in left_out} | {
        "HOME": str(tmp_path),
        "LANGUAGE": "es",
    }


@pytest.fixture
def call(commands, user, tmp_path):
    """Run one of the venv's commands in the user's folder."""

    def run(name: str, *arguments: object, environment: dict[str, str] = user) -> subprocess.CompletedProcess[str]:
        command = [str(commands / name), *map(str, arguments)]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    return run


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


# -- What is in it -------------------------------------------------------------------------------------


def test_the_wheel_holds_the_program_and_nothing_else(wheel):
    files = {path.relative_to(REPO).as_posix() for path in (REPO / "semantik").rglob("*") if path.is_file()}
    wanted = {name for name in files if "__pycache__" not in name} | {"SemantikSearch.py"}
    wanted |= {f"semantik/shipped/{name}" for name in SHIPPED}
    wanted |= {f"{ABOUT}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")}
    assert names(wheel) == wanted
    with zipfile.ZipFile(wheel) as archive:
        for name in SHIPPED:
            assert archive.read(f"semantik/shipped/{name}") == (REPO / name).read_bytes()


def test_the_source_distribution_holds_what_a_checkout_does(sdist):
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    tops = {name.split("/")[0] for name in inside}
    wanted = {"SemantikSearch.py", "semantik", "tests", "benchmarks", "docs", "tools", ".ci", ".gitignore"} | SHIPPED
    wanted |= {"SemantikSearch.pyw", "SemantikSearch.command"}
    wanted |= {"README.md", "README.es.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"}
    assert tops == wanted | {"pyproject.toml", "PKG-INFO"}
    assert not [name for name in inside if "__pycache__" in name or name.endswith((".pyc", ".log"))]
    assert {"tests/run", "docs/window.png", "benchmarks/startup.py"} <= inside


def test_it_requires_what_the_requirements_files_say(wheel):
    with zipfile.ZipFile(wheel) as archive:
        about = Parser().parsestr(archive.read(f"{ABOUT}/METADATA").decode("utf-8"))
    assert (about["Name"], about["Version"], about["Requires-Python"]) == ("semantiksearch", __version__, ">=3.11")

    def bounds(line: str) -> tuple[str, object, str]:
        wanted = Requirement(line)
        return re.sub("[-_.]+", "-", wanted.name).lower(), wanted.specifier, str(wanted.marker or "")

    def listed(file: str, mark: str) -> set[tuple[str, object, str]]:
        lines = (REPO / file).read_text(encoding="utf-8").splitlines()
        return {bounds(line + mark) for line in lines if line and not line.startswith("#")}

    told = [bounds(line) for line in about.get_all("Requires-Dist")]
    for extra, file in (
        ("", "requirements.txt"),
        ("formats", "requirements-formats.txt"),
        ("cluster", "requirements-cluster.txt"),
    ):
        mark = f"; extra == '{extra}'" if extra else ""
        found = {one for one in told if extra == "".join(re.findall(r'extra == "(\w+)"', one[2]))}
        assert found == listed(file, mark), file
    assert about.get_all("Provides-Extra") == ["cluster", "formats"]


# -- The command line ----------------------------------------------------------------------------------


def test_it_indexes_and_searches_from_the_command_line(call, commands, tmp_path):
    photos = tmp_path / "fotos"
    paint(photos / "rojo.png", (255, 0, 0))
    paint(photos / "azul.png", (0, 0, 255))
    indexed = call("semantik", "index", photos, "--encoder", "builtin", "--json")
    assert indexed.returncode == 0, indexed.stderr
    assert json.loads(indexed.stdout)["count"] == 2
    found = call("semantik", "search", photos, "--text", "rojo", "-k", "2", "--json", "--html", tmp_path / "p.html")
    assert found.returncode == 0, found.stderr
    assert {Path(hit["path"]).name for hit in json.loads(found.stdout)} == {"rojo.png", "azul.png"}
    assert "rojo.png" in (tmp_path / "p.html").read_text(encoding="utf-8")
    # Everything is kept in the user's folder, nothing among Python's packages.
    assert len(list(tmp_path.rglob("semantiksearch.log"))) == 1
    assert list(commands.parent.rglob("*.log")) == []
    assert list(commands.parent.rglob("indexes")) == []


def test_it_calls_itself_by_its_name(call, user):
    assert call("semantik", "--help").stdout.split()[:2] == ["uso:", "semantik"]
    assert call("python", "-m", "semantik", "--help").stdout.split()[:4] == ["uso:", "python", "-m", "semantik"]
    assert call("semantik").returncode == 2


def test_its_reader_may_have_enough(commands, user, tmp_path):
    listing = [str(commands / "semantik"), "doctor"]
    with subprocess.Popen(listing, cwd=tmp_path, env=user, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        program.stdout.close()
        assert program.stderr.read() == b""
        assert program.wait(240) == 1


def test_its_doctor_finds_the_requirements_that_it_was_shipped_with(call):
    findings = json.loads(call("semantik", "doctor", "--json").stdout)["findings"]
    packages = [finding for finding in findings if finding["topic"] == "packages"]
    listed = [
        Requirement(line)
        for name in SHIPPED
        if name.startswith("requirements") and name != "requirements-cluster.txt"  # who asks for that is told by it
        for line in (REPO / name).read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert len(packages) == len([one for one in listed if one.marker is None or one.marker.evaluate()])


# -- The window ----------------------------------------------------------------------------------------

needs_screen = pytest.mark.skipif(
    not os.environ.get("DISPLAY") or not shutil.which("xdotool"), reason="needs a screen and xdotool"
)


@needs_screen
def test_the_command_opens_the_window(commands, user, tmp_path):
    open_and_close([str(commands / "semantiksearch")], "Semantiksearch", cwd=str(tmp_path), env=user)
    assert len(list(tmp_path.rglob("semantiksearch.log"))) == 1


@needs_screen
@pytest.mark.skipif(sys.platform != "linux", reason="a desktop entry is Linux's")
def test_the_entry_in_the_menu_opens_the_window(call, commands, user, tmp_path):
    assert call("semantik", "launcher").returncode == 0
    content = (tmp_path / ".local/share/applications/semantiksearch.desktop").read_text(encoding="utf-8")
    entry = dict(line.split("=", 1) for line in content.splitlines()[1:])
    assert Path(entry["Icon"]).read_bytes() == (REPO / "SS.png").read_bytes()
    assert entry["Exec"] == f"{commands / 'python'} -P -m SemantikSearch %F"
    open_and_close(entry["Exec"].split()[:-1], entry["StartupWMClass"], cwd=entry["Path"], env=user)


def test_missing_packages_say_what_to_run(wheel, user, tmp_path):
    commands = bare(tmp_path / "bare", wheel)
    environment = {name: value for name, value in user.items() if name != "DISPLAY"}
    shown = subprocess.run(
        [str(commands / "semantiksearch")], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert shown.returncode == 1
    assert "Faltan paquetes: cv2, clip" in shown.stderr
    command = re.search(r'^"(.+)" -m pip install -r "(.+)"$', shown.stderr, re.MULTILINE)
    assert command, shown.stderr
    assert Path(command[1]) == commands / "python"
    assert Path(command[2]).read_bytes() == (REPO / "requirements.txt").read_bytes()
    assert "Traceback" not in shown.stderr
