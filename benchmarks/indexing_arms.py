"""One way to index a folder, measured in a process of its own. Started by ``indexing_speed.py``.

Prints "ready" once the model is loaded and has encoded one batch, waits for a line on its input, works, and
prints its result as one line of JSON: images, seconds, and CPU seconds where they are known.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from semantik.encoders.number_formats import FORMATS, NumberFormat

if TYPE_CHECKING:
    from semantik.encoders.base import Encoder

Result = dict[str, float]

CLIP = "clip-vit-b-32"


def wait_for_start() -> None:
    """Say that everything is loaded, and wait for the word to begin."""
    print("ready", flush=True)
    sys.stdin.readline()


def pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def straightforward(folder: Path, checkpoint: Path, vectors: Path | None, upright: bool = False) -> Result:
    """The specification's pipeline: verify, reopen, clip's preprocessing, batches of 32, no overlap.

    ``upright`` turns pictures as their EXIF data say, which that pipeline does not do.
    """
    import clip
    import faiss
    import torch
    from PIL import Image, ImageOps

    model, preprocess = clip.load(str(checkpoint), device="cpu")
    with torch.no_grad():
        model.encode_image(torch.zeros(32, 3, 224, 224))
    wait_for_start()
    started = time.perf_counter()
    index, names, rows = faiss.IndexFlatIP(512), [], []
    files = pictures(folder)
    for start in range(0, len(files), 32):
        batch = []
        for path in files[start : start + 32]:
            with Image.open(path) as image:
                image.verify()
            with Image.open(path) as image:
                shown = ImageOps.exif_transpose(image) if upright else image
                batch.append(preprocess(shown.convert("RGB")))
            names.append(str(path))
        with torch.no_grad():
            features = model.encode_image(torch.stack(batch))
            features /= features.norm(dim=-1, keepdim=True) + 1e-8
        index.add(features.numpy().astype("float32"))
        rows.append(features.numpy())
    with tempfile.TemporaryDirectory() as home:
        faiss.write_index(index, str(Path(home) / "image_index.bin"))
        (Path(home) / "image_index.json").write_text(json.dumps(names))
    seconds = time.perf_counter() - started
    if vectors:
        np.save(vectors, np.concatenate(rows))
    return {"images": len(files), "seconds": seconds}


def straightforward_upright(folder: Path, checkpoint: Path, vectors: Path | None) -> Result:
    return straightforward(folder, checkpoint, vectors, upright=True)


def encoder_of(checkpoint: Path, number_format: NumberFormat, name: str = CLIP) -> Encoder:
    from semantik.encoders.registry import create

    if name == "builtin":
        return create(name, weights_folder=checkpoint.parent, number_format=number_format)
    return create(name, weights_folder=checkpoint.parent, checkpoint=checkpoint, number_format=number_format)


def choice(folder: Path, checkpoint: Path, vectors: Path | None) -> dict[str, object]:
    """The number format that the program chooses by itself for a first folder, why, and how long it took."""
    from semantik.decoding.pool import DecodePool
    from semantik.encoders.format_records import FormatRecords
    from semantik.engine.format_choice import FormatChoice
    from semantik.folders.indexed_folder import IndexedFolder

    exact = encoder_of(checkpoint, "fp32")
    with tempfile.TemporaryDirectory() as home, DecodePool() as pool:
        chooser = FormatChoice(Path(home), lambda name, each: encoder_of(checkpoint, each), exact=False)
        exact.load(texts=False)
        wait_for_start()
        started, cpu = time.perf_counter(), time.process_time()
        chosen = chooser.settle(IndexedFolder(Path(home), folder, exact, pool), exact)
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        tried = {
            each: asdict(found) if found else None for each, found in FormatRecords(Path(home)).of(CLIP).tried.items()
        }
    return {"format": chosen.number_format, "tried": tried, "seconds": seconds, "cpu": cpu, "images": 64}


def ours(folder: Path, checkpoint: Path, vectors: Path | None, number_format: NumberFormat, name: str = CLIP) -> Result:
    """This program: ``IndexedFolder.update`` into an empty home, decoder processes started within the time."""
    from semantik.decoding.pool import DecodePool
    from semantik.folders.indexed_folder import IndexedFolder

    encoder = encoder_of(checkpoint, number_format, name)
    spec = encoder.input_spec
    encoder.encode_images(np.zeros((encoder.batch_size, 3, spec.height, spec.width), dtype=np.float32))
    with tempfile.TemporaryDirectory() as home, DecodePool() as pool:
        library = IndexedFolder(Path(home), folder, encoder, pool)
        wait_for_start()
        started, cpu = time.perf_counter(), os.times()
        report = library.update()
        seconds, after = time.perf_counter() - started, os.times()
        pool.close()  # what the decoder processes spent counts once they have ended
        spent = os.times()
        if vectors and library.index:
            rows = [library.index.vector(path.name) for path in pictures(folder)]
            np.save(vectors, np.stack(rows))
    return {
        "images": report.added,
        "seconds": seconds,
        "encoder_cpu": after.user + after.system - cpu.user - cpu.system,
        "decoder_cpu": spent.children_user + spent.children_system - cpu.children_user - cpu.children_system,
    }


def embedded(folder: Path, checkpoint: Path, vectors: Path | None) -> Result:
    """This program with the embedded model in single precision, by torch."""
    return ours(folder, checkpoint, None, "fp32", "builtin")


def embedded_onnx(folder: Path, checkpoint: Path, vectors: Path | None) -> Result:
    """The same by ONNX Runtime."""
    return ours(folder, checkpoint, None, "fp32-onnx", "builtin")


def _timed_batches(encode: Callable[[np.ndarray], object], batch: np.ndarray, images: int) -> Result:
    encode(batch)
    wait_for_start()
    started, done = time.perf_counter(), 0
    while done < images:
        encode(batch)
        done += len(batch)
    return {"images": done, "seconds": time.perf_counter() - started}


def encoder_limit(folder: Path, checkpoint: Path, vectors: Path | None, number_format: NumberFormat) -> Result:
    """The bare encoder of this program on tensors that are ready."""
    encoder = encoder_of(checkpoint, number_format)
    batch = np.random.default_rng(0).normal(size=(encoder.batch_size, 3, 224, 224)).astype(np.float32)
    return _timed_batches(encoder.encode_images, batch, min(256, len(pictures(folder))))


def clip_encoder_limit(folder: Path, checkpoint: Path, vectors: Path | None) -> Result:
    """clip's own network on tensors that are ready, in batches of 32."""
    import clip
    import torch

    model, _ = clip.load(str(checkpoint), device="cpu")
    batch = np.random.default_rng(0).normal(size=(32, 3, 224, 224)).astype(np.float32)

    def encode(pixels: np.ndarray) -> object:
        with torch.no_grad():
            return model.encode_image(torch.from_numpy(pixels))

    return _timed_batches(encode, batch, min(256, len(pictures(folder))))


def decoder_limit(folder: Path, checkpoint: Path, vectors: Path | None) -> Result:
    """The decoder processes alone, nothing encoded."""
    from semantik.decoding.pool import DecodePool

    spec = encoder_of(checkpoint, "fp32").input_spec
    files = pictures(folder)
    with DecodePool() as pool:
        wait_for_start()
        started = time.perf_counter()
        done = sum(1 for _ in pool.fit_all(files, spec))
        return {"images": done, "seconds": time.perf_counter() - started}


IN_A_FORMAT = {"ours": ours, "encoder_limit": encoder_limit}
ARMS: dict[str, Callable[[Path, Path, Path | None], Mapping[str, object]]] = {
    "straightforward": straightforward,
    "straightforward_upright": straightforward_upright,
    "choice": choice,
    "embedded": embedded,
    "embedded_onnx": embedded_onnx,
    "clip_encoder_limit": clip_encoder_limit,
    "decoder_limit": decoder_limit,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arm", choices=[*IN_A_FORMAT, *ARMS])
    parser.add_argument("--folder", type=Path, required=True, help="pictures to index")
    parser.add_argument("--checkpoint", type=Path, required=True, help="a full-size ViT-B/32 in OpenAI's format")
    parser.add_argument("--vectors", type=Path, help="write the embeddings here (.npy), in the order of the names")
    parser.add_argument("--format", choices=FORMATS, default="fp32", help="numbers of the image side")
    options = parser.parse_args()
    where = (options.folder, options.checkpoint, options.vectors)
    arm = IN_A_FORMAT.get(options.arm)
    print(json.dumps(arm(*where, options.format) if arm else ARMS[options.arm](*where)), flush=True)


if __name__ == "__main__":
    main()
