"""Whose query is it: Spanish, English or another language, told from captions and from one or two words."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading

import pytest

from semantik.encoders.clip.query_language import NEIGHBOURS, _picture_words, language_of
from tests.support.places import REPO

SPANISH = """perro|gato|playa|niña jugando|montaña|coche rojo|bicicleta|mar|atardecer|boda|cumpleaños|comida|abuela
flores|árbol|nieve|caballo|tren|puesta de sol|familia|amigos|fiesta|verano|casa blanca|mesa|cielo azul|pájaro|barco
niños|calle de noche""".replace("\n", "|").split("|")
ENGLISH = """dog|cat|beach|girl playing|mountain|red car|bicycle|sea|sunset|wedding|birthday|food|grandmother|flowers
tree|snow|horse|train|sunrise|family|friends|party|summer|white house|table|blue sky|bird|boat|children
street at night""".replace("\n", "|").split("|")
OTHERS = {
    "fr": ["femme avec un chapeau", "une voiture rouge dans la rue"],
    "pt": ["cachorro na praia", "menina com vestido azul", "bicicleta na rua"],
    "it": ["cane sulla spiaggia", "donna con cappello", "bambini che giocano"],
    "de": ["Frau mit Hut", "rotes Auto auf der Straße", "Kinder spielen im Schnee"],
    "ca": ["gos a la platja", "nens jugant a la neu", "una dona amb barret"],
    "eu": ["txakurra hondartzan", "umeak elurretan"],
}


@pytest.fixture(scope="module")
def captions() -> tuple[list[str], list[str]]:
    shared = REPO.parent / "shared"
    if not shared.is_dir():
        pytest.skip("the shared sample folder is not beside this clone")
    paths = (REPO / "benchmarks" / "captions_es.json", shared / "photos" / "captions.json")
    spanish, english = (
        [caption for entry in json.loads(path.read_text("utf-8")) for caption in entry["captions"]] for path in paths
    )
    return spanish, english


def share(texts: list[str], code: str, users: str) -> float:
    return sum(language_of(text, users) == code for text in texts) / len(texts)


@pytest.mark.parametrize("users", ["es", "en"])
def test_short_queries(users: str) -> None:
    assert len(SPANISH) == len(ENGLISH) == 30
    assert [text for text in SPANISH if language_of(text, users) != "es"] == []
    assert [text for text in ENGLISH if language_of(text, users) != "en"] == []


@pytest.mark.parametrize("users", ["es", "en"])
def test_captions(captions: tuple[list[str], list[str]], users: str) -> None:
    spanish, english = captions
    assert len(spanish) == len(english) == 710
    assert share(spanish, "es", users) == 1
    assert share(english, "en", users) >= 0.995


def test_words_of_captions(captions: tuple[list[str], list[str]]) -> None:
    """Words on their own that only one of the languages has: hardly a Spanish one may reach the English tower."""
    spanish, english = ({w for c in side for w in re.findall(r"[^\W\d_]{3,}", c.lower())} for side in captions)
    only_spanish, only_english = sorted(spanish - english), sorted(english - spanish)
    assert min(len(only_spanish), len(only_english)) > 1000
    assert share(only_spanish, "en", "es") <= 0.015
    assert share(only_english, "en", "es") >= 0.68
    assert share(only_spanish, "en", "en") <= 0.16
    assert share(only_english, "en", "en") >= 0.94


@pytest.mark.parametrize("code", sorted(OTHERS))
def test_other_languages_do_not_reach_the_english_tower(code: str) -> None:
    assert code in NEIGHBOURS
    found = [language_of(text) for text in OTHERS[code]]
    assert "en" not in found
    assert code in found


def test_other_scripts() -> None:
    for text in ("собака на пляже", "犬", "كلب على الشاطئ", "σκύλος", "개"):
        assert language_of(text) == language_of(text, "en") == "other"


def test_what_is_no_language_is_the_users() -> None:
    for text in ("", "   ", "2023", "🚀", "?!", "10:30"):
        assert language_of(text) == "es"
        assert language_of(text, "en") == "en"
    assert language_of("xzq") == "es"
    assert language_of("radio", "es") == "es"


def test_how_a_query_is_written_does_not_matter() -> None:
    for text in ("NIÑA EN LA PLAYA", "niña en la playa", "  nin\u0303a   en la playa ", "nina en la playa", "¿niña?"):
        assert language_of(text, "en") == "es"
    for text in ("A DOG ON THE BEACH", "a dog, on the beach!", "the   dog"):
        assert language_of(text, "es") == "en"
    assert language_of("avion", "en") == "es"  # without its accent
    assert language_of("lone \udc80 perro") == "es"
    assert language_of("perro " * 5000) == "es"


def test_lists_hold_words_of_one_language() -> None:
    english, spanish = _picture_words()
    assert len(english) > 350
    assert len(spanish) > 400
    assert not english & spanish
    assert not {"animal", "color", "hotel", "piano", "radio", "sofa", "no", "a", "me"} & (english | spanish)
    source = (REPO / "semantik/encoders/clip/picture_words.txt").read_text(encoding="utf-8")
    listed = [word for line in source.splitlines() if line[:1] not in "#[" for word in line.split()]
    assert len(listed) == len(set(listed))


def test_from_many_threads() -> None:
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append([*map(language_of, SPANISH + ENGLISH)])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["es"] * 30 + ["en"] * 30] * 4


def test_offline_and_light() -> None:
    code = (
        "import sys, socket\n"
        "from semantik.encoders.clip import query_language as language\n"
        "print('py3langid' in sys.modules)\n"
        "def no(*_): raise AssertionError('network')\n"
        "socket.socket = socket.create_connection = no\n"
        "print(language.language_of('perro'), sorted({'torch', 'transformers', 'requests'} & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == ["False", "es []"]
