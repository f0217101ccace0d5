"""What ONNX Runtime gains over torch in single precision, for the image side of each family of models.

Both run the same network of the same weights on the same fitted photos, in turns, on one thread: CPU seconds per
picture, the quickest turn of each. Then with all cores, as indexing shares a batch out among them: pictures per second
of wall time, which says something only on a machine that has nothing else to do. Weights are random, and of the size
of the published ones, except those of the embedded model. Also: how near the embeddings are, and how many of each
picture's ten nearest are the same.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from semantik.decoding.fitting import InputSpec, fit_pixels
from semantik.encoders.base import unit_rows
from semantik.encoders.clip import models as clip_models
from semantik.encoders.devices import MOST_WORKERS, single_threaded_workers
from semantik.encoders.open_clip import models as open_clip_models
from semantik.encoders.registry import create
from semantik.engine.format_trial import neighbour_recall
from tests.support.clip_checkpoint import FULL_SIZE

REPO = Path(__file__).resolve().parent.parent
RESNET = (1024, 224, (3, 4, 6, 3), 64, None, 77, 49408, 512, 8, 12)  # CLIP's RN50
PASS = {"embedded model": 4}  # pictures that torch gets at once; of the others 8, as when the program indexes

Encode = Callable[[np.ndarray], np.ndarray]


def clip_network(shape: tuple[Any, ...]) -> tuple[Any, Any, InputSpec]:
    """What torch runs, what is exported, and the input: OpenAI's models."""
    from clip.model import CLIP

    from semantik.encoders.clip.towers import ImageTower
    from semantik.encoders.tensor_files import LoadedWeights

    model = CLIP(*shape)
    model.initialize_parameters()
    visual = model.eval().requires_grad_(False).visual
    is_transformer = isinstance(shape[2], int)
    ours = ImageTower(LoadedWeights(model.state_dict())) if is_transformer else visual
    if not is_transformer:
        visual.to(memory_format=torch.channels_last)
    spec = InputSpec(224, 224, "crop", "bicubic", clip_models.MEAN, clip_models.STD)
    return ours, visual, spec


def open_clip_network(name: str) -> tuple[Any, Any, InputSpec]:
    """The same of a model of open_clip."""
    import open_clip

    known = open_clip_models.MODELS[name]
    config = open_clip.get_model_config(known.architecture)
    assert config
    config["text_cfg"] = dict(config["text_cfg"], vocab_size=512)  # only its image side is asked
    kind = open_clip.CustomTextCLIP if config.pop("custom_text", False) else open_clip.CLIP
    visual = kind(**config).visual.eval().requires_grad_(False)
    return visual, visual, known.input_spec


def embedded_network() -> tuple[Any, Any, InputSpec]:
    """The same of the embedded model, up to what its classifier sees."""
    from semantik.encoders.builtin.network import Network

    pooled = Network().exportable()

    def last(pictures: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = pooled(pictures.contiguous(memory_format=torch.channels_last))
        return result

    return last, pooled, create("builtin").input_spec


NETWORKS: dict[str, Callable[[], tuple[Any, Any, InputSpec]]] = {
    "embedded model": embedded_network,
    "CLIP ViT-B/32": lambda: clip_network(FULL_SIZE),
    "CLIP RN50": lambda: clip_network(RESNET),
    **{known.files.name: partial(open_clip_network, name) for name, known in open_clip_models.MODELS.items()},
}


def exported(visual: Any, spec: InputSpec, target: Path) -> Encode:
    """The same network, run by ONNX Runtime."""
    from semantik.encoders.onnx_images import OnnxImages, export

    export(visual, spec.height, spec.width, target)
    network = OnnxImages(target)
    return lambda planes: np.concatenate([network.one(planes[at : at + 1]) for at in range(len(planes))])


def by_torch(network: Any) -> Encode:
    def encode(planes: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(planes)).numpy()

    return encode


def parts(batch: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (batch[at : at + size] for at in range(0, len(batch), size))


def compare(name: str, photos: list[Path], turns: int, folder: Path, workers: ThreadPoolExecutor) -> dict[str, Any]:
    torch.manual_seed(0)
    network, visual, spec = NETWORKS[name]()
    encoder = create("builtin")
    encoder.input_spec = spec
    batch = np.concatenate(
        [encoder.normalise(fit_pixels(Image.open(path).convert("RGB"), spec)[None]) for path in photos]
    )
    ways = {"torch": by_torch(network), "onnx": exported(visual, spec, folder / "exact.onnx")}
    rows, size = {}, PASS.get(name, 8)
    for way, encode in ways.items():
        rows[way] = unit_rows(np.concatenate([workers.submit(encode, part).result() for part in parts(batch, size)]))
    cpu: dict[str, list[float]] = {way: [] for way in ways}
    wall: dict[str, list[float]] = {way: [] for way in ways}
    some = batch[:size]
    for _ in range(turns):
        for way, encode in ways.items():
            started = time.process_time()
            for part in parts(some, size):
                workers.submit(encode, part).result()
            cpu[way].append((time.process_time() - started) / len(some))
        for way, encode in ways.items():
            started = time.perf_counter()
            done = [*workers.map(encode, parts(batch, size))]
            wall[way].append(sum(map(len, done)) / (time.perf_counter() - started))
    return {
        "network": name,
        "torch, CPU ms": 1000 * min(cpu["torch"]),
        "ONNX Runtime, CPU ms": 1000 * min(cpu["onnx"]),
        "ratio": min(cpu["torch"]) / min(cpu["onnx"]),
        "torch, all cores, images/s": max(wall["torch"]),
        "ONNX Runtime, all cores, images/s": max(wall["onnx"]),
        "cosine, min": float((rows["torch"] * rows["onnx"]).sum(axis=1).min()),
        "recall@10": neighbour_recall(rows["torch"], rows["onnx"]),
        "file, MB": (folder / "exact.onnx").stat().st_size / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=REPO.parent / "shared" / "photos", help="JPEG photographs")
    parser.add_argument("--images", type=int, default=64, help="so many of them")
    parser.add_argument("--turns", type=int, default=4, help="turns of each; the quickest counts")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS), help="what to measure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    photos = sorted(options.photos.glob("*.jpg"))[: options.images]
    workers = single_threaded_workers(min(torch.get_num_threads(), MOST_WORKERS))
    found = []
    for name in options.networks:
        with tempfile.TemporaryDirectory() as folder:
            row = compare(name, photos, options.turns, Path(folder), workers)
        if not found:
            print("| " + " | ".join(row) + " |\n" + "|---" * len(row) + "|")
        digits = {"ratio": 2, "cosine, min": 5, "recall@10": 3}
        cells = (f"{row[key]:.{digits.get(key, 1)}f}" if isinstance(row[key], float) else row[key] for key in row)
        print("| " + " | ".join(cells) + " |", flush=True)
        found.append(row)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
