"""The packages of the requirements files: installed or not, and within the versions that were tested."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from semantik.doctor.findings import Finding, note, ok, wrong

REQUIRED = "requirements.txt"
OPTIONAL = ("requirements-fast.txt", "requirements-formats.txt")

_LINE = re.compile(r"([A-Za-z0-9._-]+)\s*((?:[=<>]=?\s*[0-9.]+\s*,?\s*)*)")
_BOUND = re.compile(r"(==|>=|<)\s*([0-9.]+)")


def check(folder: Path, *, installed: bool = False) -> Iterator[Finding]:
    """Each package that the requirements files in ``folder`` name.

    Whoever ``installed`` the program has no folder to install from, so the advice names the package itself.
    """
    for file in (REQUIRED, *OPTIONAL):
        try:
            wanted = read_requirements((folder / file).read_text(encoding="utf-8"))
        except OSError:  # an installation without them
            yield note("packages", "doctor.no_requirements", file=file)
            continue
        for name, bounds in wanted:
            yield _package(name, bounds, file, installed=installed)


def _package(name: str, bounds: str, file: str, *, installed: bool) -> Finding:
    advice, optional = "doctor.advice_packages", "doctor.advice_optional"
    if installed:
        advice, optional = "doctor.advice_installed", "doctor.advice_installed_optional"
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
    """Names and version bounds, as ``>=1.0,<2``, of a requirements file."""
    lines = (line.partition("#")[0].strip() for line in content.splitlines())
    return [(found[1], found[2].replace(" ", "")) for line in lines if (found := _LINE.fullmatch(line))]


def within(version: str, bounds: str) -> bool:
    """Whether a version keeps to bounds of the kinds ``==``, ``>=`` and ``<``. Local parts (+cpu) do not count."""
    have = _release(version)
    for sign, bound in _BOUND.findall(bounds):
        limit = _release(bound)
        if not {"==": have == limit, ">=": have >= limit, "<": have < limit}[sign]:
            return False
    return True


def _release(version: str) -> tuple[int, ...]:
    """The numbers of a version, without zeros at its end: 2.1 and 2.1.0 are the same one."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
