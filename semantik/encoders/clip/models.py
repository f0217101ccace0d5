"""OpenAI's published CLIP models: names, files, shapes. Plain data, so that listing them needs no torch.

The addresses hold each file's SHA-256 (``clip.clip._MODELS``); dimensions and input sizes are those of
the models' state dicts. Models: Radford et al., 2021, "Learning Transferable Visual Models From Natural
Language Supervision", arXiv:2103.00020; code and weights under the MIT licence.
"""

from __future__ import annotations

from dataclasses import dataclass

from semantik.downloads.model_file import WeightsFile

LICENCE = "MIT"
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True, slots=True)
class ClipModel:
    """One published model. ``resolution`` is the side of its square input in pixels."""

    name: str  # ours, such as clip-vit-b-32
    clip_name: str  # that of the clip package, such as ViT-B/32
    weights: WeightsFile
    dim: int
    resolution: int


def _model(clip_name: str, sha256: str, size: int, dim: int, resolution: int, *, exact: bool = True) -> ClipModel:
    stem = clip_name.replace("/", "-").replace("@", "-")
    url = f"https://openaipublic.azureedge.net/clip/models/{sha256}/{stem}.pt"
    weights = WeightsFile(f"CLIP {clip_name}", url, sha256, size, f"{stem}.pt", exact)
    return ClipModel(f"clip-{stem.lower()}", clip_name, weights, dim, resolution)


MODELS: dict[str, ClipModel] = {
    model.name: model
    for model in (
        _model("ViT-B/32", "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af", 353976522, 512, 224),
        _model("ViT-B/16", "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f", 350837078, 512, 224),
        _model("ViT-L/14", "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836", 932768134, 768, 224),
        _model(
            "ViT-L/14@336px", "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02", 934088680, 768, 336
        ),
        _model("RN50", "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762", 255827503, 1024, 224),
        _model("RN101", "8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599", 291791292, 512, 224),
        _model(
            "RN50x4",
            "7e526bd135e493cef0776de27d5f42653e6b4c8bf9e0f653bb11773263205fdd",
            421854225,
            640,
            288,
            exact=False,
        ),
        _model(
            "RN50x16",
            "52378b407f34354e150460fe41077663dd5b39c54cd0bfd2b27167a4a06ec9aa",
            661125706,
            768,
            384,
            exact=False,
        ),
        _model(
            "RN50x64",
            "be1cfb55d75a9666199fb2206c106743da0f6468c9d327f3e0d0a543a9919d9c",
            1353500174,
            1024,
            448,
            exact=False,
        ),
    )
}
"""By our name, the default first."""
