"""The packages of the requirements files: installed or not, and within the versions that were tested."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion

from semantik.doctor.findings import Finding, note, ok, wrong

REQUIRED = "requirements.txt"
OPTIONAL = ("requirements-formats.txt",)


def check(folder: Path, *, installed: bool = False, standalone: bool = False) -> Iterator[Finding]:
    """Each package that the requirements files in ``folder`` name.

    Whoever ``installed`` the program has no folder to install from, so the advice names the package itself. A
    ``standalone`` program takes no packages.
    """
    advice = ("doctor.advice_packages", "doctor.advice_optional")
    if installed:
        advice = ("doctor.advice_installed", "doctor.advice_installed_optional")
    if standalone:
        advice = ("doctor.advice_standalone", "doctor.advice_standalone_optional")
    for file in (REQUIRED, *OPTIONAL):
        try:
            wanted = read_requirements((folder / file).read_text(encoding="utf-8"))
        except OSError:  # an installation without them
            yield note("packages", "doctor.no_requirements", file=file)
            continue
        for name, bounds in wanted:
            yield _package(name, bounds, file, advice)


def _package(name: str, bounds: str, file: str, advices: tuple[str, str]) -> Finding:
    advice, optional = advices
    facts = {"name": name, "bounds": bounds, "file": file}
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        if file in OPTIONAL:
            return note("packages", "doctor.package_optional", optional, **facts)
        return wrong("packages", "doctor.package_missing", advice, **facts)
    if within(version, bounds):
        return ok("packages", "doctor.package", name=name, version=version)
    return wrong("packages", "doctor.package_untested", advice, version=version, **facts)


def read_requirements(content: str) -> list[tuple[str, str]]:
    """Names and version bounds, as ``>=1.0,<2``, of a requirements file; other lines, as of options, are left out."""
    wanted = []
    for line in content.splitlines():
        try:
            requirement = Requirement(line.partition("#")[0])
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate():
            lower_first = sorted(map(str, requirement.specifier), reverse=True)
            wanted.append((requirement.name, ",".join(lower_first)))
    return wanted


def within(version: str, bounds: str) -> bool:
    """Whether a version keeps to bounds, as PEP 440 has it. Local parts (+cpu) do not count."""
    try:
        return SpecifierSet(bounds).contains(version, prereleases=True)
    except InvalidVersion:  # a package that somebody made by hand
        return False
