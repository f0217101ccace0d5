"""Makes tiny models with random weights in the formats of the published ones: files, names and tokenizers alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SENTENCES = [
    "un perro corre por la playa",
    "a dog runs along the beach",
    "¡La niña comió ñoquis en París!",
    "a red car in front of an old house",
    "dos gatos negros duermen en el sofá",
    "un coche rojo delante de una casa antigua",
    "日本の寺 im Schnee, œuvre d'été",
]

# In the JSON of open_clip's own model_configs. "test_vit" is timm's smallest transformer, of 160 pixels.
SIGLIP = {
    "embed_dim": 64,
    "init_logit_bias": -10,
    "custom_text": True,
    "vision_cfg": {
        "image_size": 160,
        "timm_model_name": "test_vit",
        "timm_model_pretrained": False,
        "timm_pool": "map",
        "timm_proj": "none",
    },
    "text_cfg": {
        "context_length": 64,
        "vocab_size": 512,
        "hf_tokenizer_name": "",
        "tokenizer_kwargs": {"clean": "canonicalize"},
        "width": 64,
        "heads": 1,
        "layers": 2,
        "no_causal_mask": True,
        "proj_bias": True,
        "pool_type": "last",
        "norm_kwargs": {"eps": 1e-6},
        "act_kwargs": {"approximate": "tanh"},
    },
}
CLIP = {
    "embed_dim": 32,
    # Two heads: torch fuses the attention of an even number, as that of the published models.
    "vision_cfg": {"image_size": 64, "layers": 2, "width": 64, "head_width": 32, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 2},
}


def write_open_clip(folder: Path, name: str, config: dict[str, Any]) -> Any:
    """Register an architecture, write its weights as ``<name>.safetensors``; returns open_clip's own model."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    (folder / f"{name}.json").write_text(json.dumps(config))
    open_clip.add_model_config(folder / f"{name}.json")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = open_clip.create_model(name, pretrained=None).eval()
        for parameter in model.parameters():  # biases and the attention pool start as zeros or nearly so
            parameter.data.add_(torch.randn_like(parameter) * 0.05)
    save_file(model.state_dict(), folder / f"{name}.safetensors")
    return model


def write_gemma_tokenizer(folder: Path) -> None:
    """A byte-pair tokenizer as Gemma's, whose ``tokenizer.json`` SigLIP 2 uses."""
    from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
    from tokenizers.models import BPE
    from tokenizers.processors import TemplateProcessing
    from tokenizers.trainers import BpeTrainer

    special = ["<pad>", "<eos>", "<bos>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokenizer = Tokenizer(BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.train_from_iterator(
        [sentence.lower() for sentence in SENTENCES],
        BpeTrainer(vocab_size=400, special_tokens=special[:4], initial_alphabet=[]),
    )
    tokenizer.post_processor = TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    data = json.loads(tokenizer.to_str())
    vocabulary = data["model"]["vocab"]
    for token in special[4:]:
        vocabulary[token] = len(vocabulary)
    data["model"]["vocab"] = vocabulary
    _write(
        folder,
        json.dumps(data, ensure_ascii=False),
        tokenizer_class="GemmaTokenizer",
        pad_token="<pad>",
        eos_token="<eos>",
        bos_token="<bos>",
        unk_token="<unk>",
        add_bos_token=False,
        add_eos_token=True,
    )


def write_t5_tokenizer(folder: Path) -> None:
    """A unigram tokenizer as T5's, whose kind SigLIP uses."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import Unigram
    from tokenizers.processors import TemplateProcessing
    from tokenizers.trainers import UnigramTrainer

    tokenizer = Tokenizer(Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    trainer = UnigramTrainer(vocab_size=120, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>")
    tokenizer.train_from_iterator([sentence.lower() for sentence in SENTENCES], trainer)
    tokenizer.post_processor = TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    _write(
        folder,
        tokenizer.to_str(),
        tokenizer_class="PreTrainedTokenizerFast",
        pad_token="</s>",
        eos_token="</s>",
        unk_token="<unk>",
    )


def write_bert_tokenizer(folder: Path, sentences: Sequence[str] = SENTENCES) -> None:
    """A cased WordPiece tokenizer as multilingual BERT's: ``tokenizer.json`` and the ``vocab.txt`` of old."""
    from tokenizers import Tokenizer, normalizers, pre_tokenizers
    from tokenizers.models import WordPiece
    from tokenizers.processors import TemplateProcessing
    from tokenizers.trainers import WordPieceTrainer

    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=None, handle_chinese_chars=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(sentences, WordPieceTrainer(vocab_size=200, special_tokens=special))
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.enable_truncation(512)  # as published: the program's own limit counts
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    words = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word, _ in words), encoding="utf-8")


def write_distilbert(folder: Path, *, vocabulary: int = 200, bias: bool = False) -> tuple[Any, Any]:
    """``model.safetensors`` and ``2_Dense-model.safetensors``; returns transformers' model and torch's linear map."""
    import torch
    from safetensors.torch import save_file
    from transformers import DistilBertConfig, DistilBertModel

    folder.mkdir(parents=True, exist_ok=True)
    config = DistilBertConfig(
        vocab_size=vocabulary, dim=128, hidden_dim=256, n_heads=2, n_layers=2, max_position_embeddings=128
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = DistilBertModel(config).eval()
        for parameter in model.parameters():
            parameter.data.add_(torch.randn_like(parameter) * 0.05)
        dense = torch.nn.Linear(128, 512, bias=bias)
    save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    state = {f"linear.{name}": tensor for name, tensor in dense.state_dict().items()}
    save_file(state, folder / "2_Dense-model.safetensors", metadata={"format": "pt"})
    return model, dense


def _write(folder: Path, tokenizer: str, **config: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    settings = {"model_max_length": 64, "padding_side": "right", "clean_up_tokenization_spaces": False, **config}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
