"""The pictures by which a model shows that it works, drawn here, and what they show in three languages.

Half of them is what every textbook draws (shapes, colours, counts, a word), half are things that a model knows from
photographs: the embedded one has seen nothing else. What each is worth is in ``benchmarks/model_proof.md``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

SIDE = 288
_MIDDLE = SIDE // 2

_Draw = Callable[[ImageDraw.ImageDraw], None]


@dataclass(frozen=True, slots=True)
class ProofPicture:
    """A drawing and what it shows, by language: "es", "en" and "pt"."""

    ground: str
    draw: _Draw
    shows: dict[str, str]

    def image(self) -> Image.Image:
        """The picture, RGB, ``SIDE`` pixels square."""
        image = Image.new("RGB", (SIDE, SIDE), self.ground)
        self.draw(ImageDraw.Draw(image))
        return image


def _circle(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, fill: str) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)


def _around(angle: float, radius: float) -> tuple[float, float]:
    """The point at an angle in degrees, 0 upwards, clockwise."""
    turn = math.radians(angle - 90)
    return _MIDDLE + radius * math.cos(turn), _MIDDLE + radius * math.sin(turn)


def _dots(count: int) -> _Draw:
    def draw(draw: ImageDraw.ImageDraw) -> None:
        for number in range(count):
            _circle(draw, _MIDDLE + 90 * (number - (count - 1) / 2), _MIDDLE, 30, "black")

    return draw


def _word(draw: ImageDraw.ImageDraw) -> None:
    draw.text((_MIDDLE, _MIDDLE), "HOLA", fill="black", font=ImageFont.load_default(90), anchor="mm")


def _clock(draw: ImageDraw.ImageDraw) -> None:
    _circle(draw, _MIDDLE, _MIDDLE, 110, "#333333")
    _circle(draw, _MIDDLE, _MIDDLE, 96, "white")
    font = ImageFont.load_default(26)
    for hour in range(1, 13):
        draw.text(_around(30 * hour, 78), str(hour), fill="black", font=font, anchor="mm")
    for angle, length, width in ((54, 47, 8), (338, 63, 5)):
        draw.line((_MIDDLE, _MIDDLE, *_around(angle, length)), fill="black", width=width)
    _circle(draw, _MIDDLE, _MIDDLE, 7, "black")


def _traffic_light(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((136, 240, 152, SIDE), fill="#444444")
    draw.rounded_rectangle((94, 24, 194, 246), 18, fill="#1c1c1c")
    for y, colour in ((64, "#ff2a1a"), (135, "#ffb400"), (206, "#18d050")):
        _circle(draw, _MIDDLE, y, 30, colour)


def _football(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse((44, 44, 244, 244), fill="white", outline="black", width=3)
    draw.regular_polygon((_MIDDLE, _MIDDLE, 42), 5, fill="black")
    for angle in range(0, 360, 72):
        draw.regular_polygon((*_around(angle, 84), 24), 5, rotation=36, fill="black")
        draw.line((*_around(angle, 40), *_around(angle, 92)), fill="black", width=4)


def _house(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 220, SIDE, SIDE), fill="#4c9a3c")
    draw.rectangle((70, 130, 218, 240), fill="#e8d8b0")
    draw.polygon([(50, 135), (144, 50), (238, 135)], fill="#a03020")
    draw.rectangle((125, 175, 163, 240), fill="#604020")
    for left in (85, 176):
        draw.rectangle((left, 150, left + 27, 178), fill="#a8d8f0", outline="white", width=3)


def _beach(draw: ImageDraw.ImageDraw) -> None:
    for y in range(150):
        draw.line((0, y, SIDE, y), fill=(90 + y // 2, 160 + y // 3, 235))
    for y in range(75):
        draw.line((0, 150 + y, SIDE, 150 + y), fill=(10, 90 + y // 2, 150))
    draw.rectangle((0, 225, SIDE, SIDE), fill="#e8d29a")
    _circle(draw, 225, 55, 25, "#ffe870")


def _umbrella(draw: ImageDraw.ImageDraw) -> None:
    draw.pieslice((34, 50, 254, 270), 180, 360, fill="#d02040")
    for left in range(34, 254, 55):
        draw.ellipse((left, 145, left + 55, 175), fill="#dfe6ee")
    draw.line((144, 60, 144, 235), fill="#333333", width=6)
    draw.arc((114, 220, 147, 255), 0, 180, fill="#333333", width=6)
    draw.line((144, 40, 144, 52), fill="#333333", width=6)


def _orange(draw: ImageDraw.ImageDraw) -> None:
    _circle(draw, _MIDDLE, 154, 90, "#ff8c00")
    for number in range(160):  # pores, spread evenly as the seeds of a sunflower are
        radius, turn = 85 * math.sqrt(number / 160), 2.4 * number
        _circle(draw, _MIDDLE + radius * math.cos(turn), 154 + radius * math.sin(turn), 1, "#e87a00")
    draw.ellipse((80, 85, 130, 120), fill="#ffb04a")
    draw.ellipse((138, 62, 150, 74), fill="#406020")
    draw.ellipse((145, 40, 205, 68), fill="#2e8b20")


def _strawberry(draw: ImageDraw.ImageDraw) -> None:
    draw.pieslice((54, 30, 234, 210), 180, 360, fill="#d8142a")
    draw.polygon([(54, 118), (234, 118), (144, 262)], fill="#d8142a")
    for row in range(6):
        for column in range(-3 + row // 2, 4 - row // 2):
            x, y = 144 + 26 * column + 13 * (row % 2), 90 + 26 * row
            draw.ellipse((x - 3, y - 4, x + 3, y + 4), fill="#ffd86a")
    for side in (-1, 1):
        leaf = [(0, 20), (24, 70), (64, 50), (34, 40), (54, 25), (14, 30)]
        draw.polygon([(144 + side * x, y) for x, y in leaf], fill="#2f8f2a")


def _banana(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse((20, -80, 270, 230), fill="#ffdc28")
    draw.ellipse((5, -120, 285, 160), fill="#f4f4ff")
    for left in (28, 245):
        draw.ellipse((left, 60, left + 17, 90), fill="#604810")


def _bus(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 225, SIDE, SIDE), fill="#666666")
    draw.rounded_rectangle((24, 80, 264, 225), 14, fill="#f4b400")
    for left in range(38, 215, 44):
        draw.rectangle((left, 98, left + 34, 140), fill="#20303c")
    for top in (160, 180):
        draw.rectangle((24, top, 264, top + 6), fill="black")
    for x in (76, 212):
        _circle(draw, x, 226, 26, "black")
        _circle(draw, x, 226, 11, "#aaaaaa")


def _picture(ground: str, draw: _Draw, spanish: str, english: str, portuguese: str) -> ProofPicture:
    return ProofPicture(ground, draw, {"es": spanish, "en": english, "pt": portuguese})


PICTURES = (
    _picture(
        "white",
        lambda draw: draw.ellipse((64, 64, 224, 224), fill="red"),
        *("un círculo rojo", "a red circle", "um círculo vermelho"),
    ),
    _picture(
        "white",
        lambda draw: draw.rectangle((64, 64, 224, 224), fill="blue"),
        *("un cuadrado azul", "a blue square", "um quadrado azul"),
    ),
    _picture(
        "white",
        lambda draw: draw.polygon([(144, 50), (240, 230), (48, 230)], fill="#00a020"),
        *("un triángulo verde", "a green triangle", "um triângulo verde"),
    ),
    _picture("white", _dots(1), "un punto negro", "one black dot", "um ponto preto"),
    _picture("white", _dots(3), "tres puntos negros", "three black dots", "três pontos pretos"),
    _picture("white", _word, "la palabra HOLA", "the word HOLA", "a palavra HOLA"),
    _picture("#d8c8a8", _clock, "un reloj de pared", "a wall clock", "um relógio de parede"),
    _picture("skyblue", _traffic_light, "un semáforo", "a traffic light", "um semáforo"),
    _picture("#3a8a30", _football, "un balón de fútbol", "a soccer ball", "uma bola de futebol"),
    _picture("#9bd0f5", _house, "una casa", "a house", "uma casa"),
    _picture("white", _beach, "una playa y el mar", "a beach and the sea", "uma praia e o mar"),
    _picture("#dfe6ee", _umbrella, "un paraguas", "an umbrella", "um guarda-chuva"),
    _picture("#f4f0e8", _orange, "una naranja", "an orange, the fruit", "uma laranja"),
    _picture("#f8f4f0", _strawberry, "una fresa", "a strawberry", "um morango"),
    _picture("#f4f4ff", _banana, "un plátano", "a banana", "uma banana"),
    _picture("#bcd8f0", _bus, "un autobús escolar", "a school bus", "um ônibus escolar"),
)
