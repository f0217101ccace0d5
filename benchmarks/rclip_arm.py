"""rclip indexing a folder with given weights, measured as ``indexing_arms.py`` does. Run it with rclip's own Python.

rclip reads its models from a cache; an ONNX export of the same ViT-B/32 is put there, and its input size set to
that model's 224 pixels. All else is rclip's own: the loader threads, the default batch size, the database.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="pictures to index")
    parser.add_argument("--onnx", type=Path, required=True, help="the image side of the model, exported")
    parser.add_argument("--vectors", type=Path, help="write the embeddings here (.npy), in the order of the names")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["RCLIP_DATADIR"] = home
        import numpy as np
        from rclip import db, model, model_download
        from rclip.main import RClip
        from rclip.utils import helpers, preprocess

        preprocess.IMAGE_SIZE = 224
        models = Path(home) / model_download.MODEL_SUBDIR
        models.mkdir(parents=True)
        (models / model_download.VISUAL_ONNX).symlink_to(options.onnx.resolve())
        network = model.Model()
        batch = helpers.init_arg_parser().get_default("indexing_batch_size")
        network.compute_preprocessed_image_features(list(np.zeros((batch, 3, 224, 224), np.float32)), for_indexing=True)
        database = db.DB(Path(home) / "db.sqlite3")
        program = RClip(network, database, batch, None)
        print("ready", flush=True)
        sys.stdin.readline()
        started = time.perf_counter()
        program.ensure_index(str(options.folder.resolve()))
        seconds = time.perf_counter() - started
        paths, features = program._get_features(str(options.folder.resolve()))
        if options.vectors:
            np.save(options.vectors, features[np.argsort(paths)])
        print(json.dumps({"images": len(paths), "seconds": seconds}), flush=True)
        program.close()


if __name__ == "__main__":
    main()
