"""Further models, published for open-clip-torch: names, files, shapes. Plain data, so that listing them needs no torch.

All are safetensors files at a fixed commit, with the SHA-256 that Hugging Face shows for it; nothing in such a
file is executed. Licences allow any use, commercial use included (hence no model of Apple's DFN and MobileCLIP,
of Meta's MetaCLIP 2, no nllb-clip), and no model is here that comes as a pickle only (xlm-roberta-base-ViT-B-32).
Shapes are those of open_clip's own ``model_configs``, preprocessing that of its ``pretrained`` table.

Recall of Spanish and English captions (Crossmodal-3600, mean of R@1, R@5 and R@10, published by Immich):
siglip2-b-16 82 and 75, siglip2-b-32-256 79 and 73, siglip-b-16 75 and 72; for comparison OpenAI's ViT-B/32 has
30 and 59, and a ViT-L SigLIP 2, four times slower, 83 and 74.

Models: Tschannen et al., 2025, "SigLIP 2", arXiv:2502.14786; Zhai et al., 2023, "Sigmoid Loss for Language Image
Pre-Training", arXiv:2303.15343; Gadre et al., 2023, "DataComp", arXiv:2304.14108.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from semantik.decoding.fitting import InputSpec
from semantik.downloads.model_file import WeightsFile, weights_path
from semantik.downloads.model_file_set import ModelFiles, Repository
from semantik.encoders.clip import models
from semantik.encoders.int8_images import int8_path

INCEPTION = (0.5, 0.5, 0.5)


@dataclass(frozen=True, slots=True)
class TextSpec:
    """How texts become tokens, and what of the text transformer its weights do not tell.

    ``tokens``: "clip" is CLIP's own byte-pair encoding, "canonical" lower case without punctuation through the
    model's ``tokenizer.json``, then always ``end``, then ``pad`` up to ``context``. SigLIP embeds the padding, too.
    """

    tokens: Literal["clip", "canonical"]
    context: int
    causal: bool
    gelu: Literal["none", "tanh"]  # torch's names of the exact function and of its approximation
    epsilon: float  # of layer normalisation
    end: str = ""
    pad: str = ""


@dataclass(frozen=True, slots=True)
class OpenClipModel:
    """One published model. ``files`` are the weights and, unless the tokens are CLIP's, ``tokenizer.json``.

    ``languages`` are ISO 639-1 codes of those in which it is known to be good ("many": a hundred).
    """

    name: str  # ours
    architecture: str  # open_clip's name
    tag: str  # open_clip's name of the weights
    files: ModelFiles
    dim: int
    input_spec: InputSpec
    text: TextSpec
    licence: str
    languages: tuple[str, ...]


def _squash(side: int) -> InputSpec:
    return InputSpec(side, side, "squash", "bicubic", INCEPTION, INCEPTION)


_SIGLIP2_TEXT = TextSpec("canonical", 64, causal=False, gelu="tanh", epsilon=1e-6, end="<eos>", pad="<pad>")
_SIGLIP_TEXT = TextSpec("canonical", 64, causal=False, gelu="none", epsilon=1e-6, end="</s>", pad="</s>")
_CLIP_TEXT = TextSpec("clip", 77, causal=True, gelu="none", epsilon=1e-5)
_WEIGHTS = "open_clip_model.safetensors"


def _siglip2_tokenizer(repository: Repository) -> WeightsFile:
    sha256 = "220c63d496e0c14e63eb656c91e0215e926202e4c74b1f089e09f1920d779b04"
    return repository.file("tokenizer.json", sha256, 34362885)


def _siglip2_b_32() -> OpenClipModel:
    repository = Repository(
        "SigLIP 2 B/32", "timm/ViT-B-32-SigLIP2-256", "cd1efb47643f2794413dd79ef24397c175032780", "siglip2-b-32-256"
    )
    sha256 = "7cdccf256ee0e4a9908c365f8e1c88d5db171980a3350c214f5221d50f8d9927"
    return OpenClipModel(
        name=repository.folder,
        architecture="ViT-B-32-SigLIP2-256",
        tag="webli",
        files=ModelFiles(
            repository.title,
            (repository.file(_WEIGHTS, sha256, 1507459216, exact=False), _siglip2_tokenizer(repository)),
        ),
        dim=768,
        input_spec=_squash(256),
        text=_SIGLIP2_TEXT,
        licence="Apache-2.0",
        languages=("many",),
    )


def _siglip2_b_16() -> OpenClipModel:
    # 224 pixels of 224, 256, 384 and 512: a larger side takes time as its square and more, and gains little.
    repository = Repository(
        "SigLIP 2 B/16", "timm/ViT-B-16-SigLIP2", "eee10eff6dd8cabae2d7f379d4e8cfcd352030aa", "siglip2-b-16"
    )
    sha256 = "d0a51069d2fa6c95b371b3bffd2a2c765c1815004798ee99f075290dbca73041"
    return OpenClipModel(
        name=repository.folder,
        architecture="ViT-B-16-SigLIP2",
        tag="webli",
        files=ModelFiles(
            repository.title, (repository.file(_WEIGHTS, sha256, 1500786832), _siglip2_tokenizer(repository))
        ),
        dim=768,
        input_spec=_squash(224),
        text=_SIGLIP2_TEXT,
        licence="Apache-2.0",
        languages=("many",),
    )


def _siglip_b_16() -> OpenClipModel:
    # Half the download and a third of the memory of SigLIP 2, whose vocabulary is eight times as large. The
    # tokenizer is that of Google's own repository, made from the same vocabulary (c4-en, 32000 pieces).
    repository = Repository(
        "SigLIP B/16", "timm/ViT-B-16-SigLIP", "41f575766f40e752fdd1383e9565b7f02388c1c4", "siglip-b-16"
    )
    google = Repository(
        "SigLIP B/16",
        "google/siglip-base-patch16-224",
        "7fd15f0689c79d79e38b1c2e2e2370a7bf2761ed",
        repository.folder,
    )
    sha256 = "81942ea8c09b9e41963357cca5d2682118bf7eb7491c2ae51a28bc4f4f95b194"
    tokenizer = "c6e405cb7c670d56636a9402c81023a55bc6c3c53d89cf02b92f5c5005bfe920"
    return OpenClipModel(
        name=repository.folder,
        architecture="ViT-B-16-SigLIP",
        tag="webli",
        files=ModelFiles(
            repository.title,
            (
                repository.file(_WEIGHTS, sha256, 812658408, exact=False),
                google.file("tokenizer.json", tokenizer, 2399357),
            ),
        ),
        dim=768,
        input_spec=_squash(224),
        text=_SIGLIP_TEXT,
        licence="Apache-2.0",
        languages=("en", "es"),
    )


def _vit_b_32_datacomp() -> OpenClipModel:
    repository = Repository(
        "DataComp ViT-B/32",
        "laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K",
        "f0e2ffa09cbadab3db6a261ec1ec56407ce42912",
        "vit-b-32-datacomp",
    )
    sha256 = "3c00043509d2e3f35ec62bd85a643a393883dcda624d8208d034cc390c708297"
    return OpenClipModel(
        name=repository.folder,
        architecture="ViT-B-32",
        tag="datacomp_xl_s13b_b90k",
        files=ModelFiles(repository.title, (repository.file(_WEIGHTS, sha256, 605143284, exact=False),)),
        dim=512,
        input_spec=InputSpec(224, 224, "crop", "bicubic", models.MEAN, models.STD),
        text=_CLIP_TEXT,
        licence="MIT",
        languages=("en",),
    )


MODELS: dict[str, OpenClipModel] = {
    model.name: model for model in (_siglip2_b_32(), _siglip2_b_16(), _siglip_b_16(), _vit_b_32_datacomp())
}
"""By our name, the best for most people first."""


def kept_in_int8(model: OpenClipModel, folder: Path | None) -> Path:
    """Where a model's image side in 8-bit integers is kept, named after the file that it was made from."""
    weights = model.files.files[0]
    path = weights_path(weights, folder)
    return int8_path(path.with_name(f"{path.stem}-{weights.sha256[:12]}{path.suffix}"))
