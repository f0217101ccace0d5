"""The pages: links lead somewhere, both languages say the same, and nothing names a page that is not there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.places import REPO

PAGES = sorted([*REPO.glob("*.md"), *REPO.glob("docs/*.md"), *REPO.glob("benchmarks/*.md")])
ENGLISH_ONLY = {"ARCHITECTURE.md"}  # of docs/, for who works on the code, whose names and comments are English
TWINS = [REPO / "README.md", *sorted(REPO.glob("docs/*.md"))]
TWINS = [page for page in TWINS if not page.name.endswith(".es.md") and page.name not in ENGLISH_ONLY]

FENCE = re.compile(r"^```[a-z]*\n.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")


def name(page: Path) -> str:
    return page.relative_to(REPO).as_posix()


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """What a page says outside of its blocks of code and its words of code, where brackets mean something else."""
    text = FENCE.sub("", read(page))
    return re.sub(r"`[^`\n]*`", lambda code: re.sub(r"[\[(]", " ", code.group()), text)


def twin(page: Path) -> Path:
    return page.with_name(page.stem + ".es.md")


def headings(page: Path) -> list[tuple[int, str]]:
    """(level, words) of each heading."""
    return [(len(marks), words) for marks, words in re.findall(r"^(#+) (.+)$", FENCE.sub("", read(page)), re.MULTILINE)]


def anchors(page: Path) -> set[str]:
    """The fragments by which a page's headings are reached, made as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-") for _, words in headings(page)}


def tables(page: Path) -> list[list[str]]:
    """The rows of all tables, heads included, as lists of cells."""
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in read(page).splitlines()
        if line.startswith("|") and not line.startswith("|---")
    ]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_and_picture_leads_somewhere(page):
    for words, target in LINK.findall(prose(page)) + IMAGE.findall(prose(page)):
        assert words, target
        if target.startswith("https://"):
            continue
        path, _, fragment = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.is_relative_to(REPO.resolve()), target
        assert there.exists(), target
        if fragment:
            assert fragment in anchors(there), target


def test_anchors_are_made_as_github_makes_them(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Cómo, y `cuándo`?\n\n```sh\n# no heading\n```\n## Two-sided: a  b\n", encoding="utf-8")
    assert anchors(page) == {"cómo-y-cuándo", "two-sided-a--b"}


@pytest.mark.parametrize("page", TWINS, ids=name)
def test_both_languages_have_the_same_sections_commands_pictures_and_links(page):
    spanish = twin(page)
    assert [level for level, _ in headings(spanish)] == [level for level, _ in headings(page)]
    assert FENCE.findall(read(spanish)) == FENCE.findall(read(page))
    assert [target for _, target in IMAGE.findall(read(spanish))] == [target for _, target in IMAGE.findall(read(page))]

    def targets(one: Path) -> list[str]:
        """What a page links to, as in English, without the line that leads to the other language."""
        text = prose(one).replace(f"({twin(page).name})", "").replace(f"({page.name})", "")
        return [target.partition("#")[0].replace(".es.md", ".md") for _, target in LINK.findall(text)]

    assert sorted(targets(spanish)) == sorted(targets(page))


@pytest.mark.parametrize("page", TWINS, ids=name)
def test_both_languages_have_the_same_tables(page):
    english, spanish = tables(page), tables(twin(page))
    assert [len(cells) for cells in spanish] == [len(cells) for cells in english]
    for ours, theirs in zip(english, spanish, strict=True):
        assert re.findall(r"`[^`]+`", theirs[0]) == re.findall(r"`[^`]+`", ours[0])


@pytest.mark.parametrize("page", TWINS, ids=name)
def test_each_page_leads_to_its_other_language_and_back_to_readme(page):
    spanish = twin(page)
    assert f"*[En español: {spanish.name}]({spanish.name})" in read(page)
    assert f"*[In English: {page.name}]({page.name})" in read(spanish)
    if page.parent != REPO:
        assert "[README](../README.md)" in read(page)
        assert "[README](../README.es.md)" in read(spanish)


def test_every_spanish_page_has_an_english_one():
    found = {name(page) for page in PAGES if page.name.endswith(".es.md")}
    assert found == {name(twin(page)) for page in TWINS}


@pytest.mark.parametrize("readme", ["README.md", "README.es.md"])
def test_readme_fits_on_two_screens_and_leads_to_all_pages(readme):
    text = read(REPO / readme)
    shown = re.sub("<details>.*?</details>", "", text, flags=re.DOTALL)  # folded until somebody asks for it
    assert len(shown.splitlines()) <= 80
    linked = {target.partition("#")[0] for _, target in LINK.findall(text)}
    spanish = readme.endswith(".es.md")
    wanted = {name(twin(page) if spanish else page) for page in TWINS if page.parent != REPO}
    assert wanted | {"SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md"} <= linked


@pytest.mark.parametrize("page", ["docs/settings.md", "docs/settings.es.md"])
def test_settings_are_listed_in_their_order_with_their_defaults(page):
    shipped = json.loads(read(REPO / "image_search_config.json"))
    listed = [(cells[0].strip("`"), json.loads(cells[1].strip("`"))) for cells in tables(REPO / page)[1:]]
    assert listed == list(shipped.items())


def test_nothing_names_a_page_that_is_not_there():
    files = [REPO / "SemantikSearch.py", REPO / "pyproject.toml", REPO / ".ci/run", REPO / "tests/run"]
    files += REPO.glob("requirements*.txt")
    for folder in ("semantik", "tests", "benchmarks"):
        for kind in ("py", "txt", "po", "html", "css", "js"):
            files += (REPO / folder).rglob(f"*.{kind}")
    missing = {
        f"{name(file)}: {page}"
        for file in files
        if file != Path(__file__)
        for page in re.findall(r"[\w./-]*[\w-]\.md\b", read(file))
        if not (REPO / page).exists() and not (file.parent / page).exists()
    }
    assert missing == set()


def test_the_architecture_names_files_that_are_there():
    named = set(re.findall(r"`([\w/]+\.(?:py|js))`", read(REPO / "docs/ARCHITECTURE.md")))
    places = [path.relative_to(REPO).as_posix() for path in (REPO / "semantik").rglob("*.*")]
    places += [path.relative_to(REPO).as_posix() for path in (REPO / "tests").rglob("*.py")] + ["SemantikSearch.py"]
    assert len(named) > 30
    assert {name for name in named if not any(f"/{place}".endswith(f"/{name}") for place in places)} == set()


def test_the_architecture_names_every_wing():
    wings = {path.name for path in (REPO / "semantik").iterdir() if (path / "__init__.py").exists()}
    assert {wing for wing in wings if f"`{wing}`" not in read(REPO / "docs/ARCHITECTURE.md")} == set()
