"""Make the outline of the land for the results page's map from Natural Earth (public domain): one SVG path.

    npm pack world-atlas@2   # unpacked: package/land-110m.json, package/land-50m.json
    python tools/make_land.py package/land-50m.json

Longitude and latitude are hundredths of degrees, the latter counted from the north pole; what is smaller than a
picture's dot on the map of a country is left out, so that the path has at most 60 KB.
"""

from __future__ import annotations

import itertools
import json
import math
import sys
from pathlib import Path

OUT = Path(__file__).resolve().parents[1] / "semantik" / "results" / "templates" / "land.txt"
MOST_BYTES = 60_000

Point = tuple[float, float]


def rings(path: Path) -> list[list[Point]]:
    """The rings of all polygons of a TopoJSON file, in degrees."""
    topology = json.loads(path.read_text("utf-8"))
    (scale_x, scale_y), (move_x, move_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            points.append((x * scale_x + move_x, y * scale_y + move_y))
        arcs.append(points)
    found = []
    for geometry in topology["objects"]["land"]["geometries"]:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for ring in (ring for polygon in polygons for ring in polygon):
            points = []
            for index in ring:
                arc = arcs[index] if index >= 0 else arcs[~index][::-1]
                points += arc[1:] if points else arc
            found += unwrapped(points)
    return found


def unwrapped(points: list[Point]) -> list[list[Point]]:
    """A ring that goes over the edge of the map, twice: as it goes on behind each edge."""
    if min(y for _, y in points) < -85:  # Antarctica goes around the pole, along the lower edge
        return [points]
    turns, whole = 0, [points[0]]
    for (before, _), (x, y) in itertools.pairwise(points):
        turns += 360 * ((x - before < -180) - (x - before > 180))
        whole.append((x + turns, y))
    if all(-180 <= x <= 180 for x, _ in whole):
        return [whole]
    shift = -360 if max(x for x, _ in whole) > 180 else 360
    return [whole, [(x + shift, y) for x, y in whole]]


def simplified(points: list[Point], tolerance: float) -> list[Point]:
    """Douglas and Peucker's: no point is farther than ``tolerance`` degrees from the line."""
    if len(points) < 3:
        return points
    keep, parts = {0, len(points) - 1}, [(0, len(points) - 1)]
    if points[0] == points[-1]:  # a ring has no farthest point from a line between its ends
        middle = max(range(len(points)), key=lambda at: math.dist(points[at], points[0]))
        keep.add(middle)
        parts = [(0, middle), (middle, len(points) - 1)]
    while parts:
        first, last = parts.pop()
        (ax, ay), (bx, by) = points[first], points[last]
        length = math.dist(points[first], points[last]) or 1.0
        away = [
            (abs((bx - ax) * (ay - points[at][1]) - (ax - points[at][0]) * (by - ay)) / length, at)
            for at in range(first + 1, last)
        ]
        if away and max(away)[0] > tolerance:
            at = max(away)[1]
            keep.add(at)
            parts += [(first, at), (at, last)]
    return [points[at] for at in sorted(keep)]


def area(points: list[Point]) -> float:
    """In square degrees as they are on the globe."""
    pairs = list(itertools.pairwise(points))
    middle = sum(y for _, y in points) / len(points)
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs)) / 2 * math.cos(math.radians(middle))


def svg_path(all_rings: list[list[Point]], tolerance: float, least: float) -> str:
    parts = []
    for ring in all_rings:
        if area(ring) < least:
            continue
        points = simplified(ring, tolerance)
        whole = [(round(x * 100), round((90 - y) * 100)) for x, y in points]
        if len(whole) < 4:
            continue
        (x, y), text = whole[0], f"M{whole[0][0]} {whole[0][1]}l"
        for next_x, next_y in whole[1:-1]:
            step_x, step_y = next_x - x, next_y - y
            text += f"{'' if text.endswith('l') or step_x < 0 else ' '}{step_x}{'' if step_y < 0 else ' '}{step_y}"
            x, y = next_x, next_y
        parts.append(text + "z")
    return "".join(parts)


def main(path: Path) -> None:
    tolerance = 0.02
    all_rings = rings(path)
    while len(text := svg_path(all_rings, tolerance, tolerance / 2)) > MOST_BYTES:
        tolerance *= 1.1
    OUT.write_text(text, "utf-8")
    print(f"{len(text)} bytes, no point farther than {tolerance:.3f} degrees from the line")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
