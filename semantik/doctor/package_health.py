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


def check(folder: Path) -> Iterator[Finding]:
    """Each package that the requirements files in ``folder`` name."""
    for file in (REQUIRED, *OPTIONAL):
        try:
            wanted = read_requirements((folder / file).read_text(encoding="utf-8"))
        except OSError:  # an installation without them
            yield note("packages", "doctor.no_requirements", file=file)
            continue
        for name, bounds in wanted:
            yield _package(name, bounds, file)


def _package(name: str, bounds: str, file: str) -> Finding:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        if file in OPTIONAL:
            return note("packages", "doctor.package_optional", "doctor.advice_optional", name=name, file=file)
        return wrong("packages", "doctor.package_missing", "doctor.advice_packages", name=name, file=file)
    if within(version, bounds):
        return ok("packages", "doctor.package", name=name, version=version)
    facts = {"name": name, "version": version, "bounds": bounds, "file": file}
    return wrong("packages", "doctor.package_untested", "doctor.advice_packages", **facts)


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
