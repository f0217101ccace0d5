"""A program that indexes a folder with a cluster that runs, for tests that kill it: ADDRESS PLACE FOLDER HOME.

A number after these: of pictures between two saves.
"""

from __future__ import annotations

import sys
from pathlib import Path

from semantik.cluster import ray_cluster
from semantik.decoding.pool import DecodePool
from semantik.folders import embedding_run
from semantik.folders.indexed_folder import IndexedFolder
from tests.support.cluster_encoders import recipe


def main() -> None:
    address, place, folder, home = sys.argv[1], *map(Path, sys.argv[2:5])
    embedding_run.CHECKPOINT_IMAGES = int(*sys.argv[5:] or [0]) or embedding_run.CHECKPOINT_IMAGES
    ray_cluster.ON_CPU = 4
    make = recipe(place)
    with DecodePool(1) as pool, ray_cluster.RayCluster(address, home, make(), make, 20.0) as cluster:
        indexed = IndexedFolder(home, folder, make(), pool)
        indexed.embed_by = lambda control: cluster.embedder(folder, indexed.store, control)
        indexed.load()
        indexed.update()


if __name__ == "__main__":
    main()
