"""Pictures with Spanish text that is known, for ``read_texts.py``. Two sets share no words, fonts or photos."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

Colour = tuple[int, int, int]

FOLDERS = (Path("/usr/share/fonts/truetype"), Path("/usr/share/fonts/opentype"))


@dataclass(frozen=True)
class Material:
    """What one set is made of."""

    fonts: tuple[str, ...]  # beginnings of the names of files
    signs: tuple[str, ...]
    goods: tuple[str, ...]
    messages: tuple[str, ...]
    seed: int


TUNING = Material(
    fonts=("DejaVuSans-Bold.", "DejaVuSans.", "DejaVuSansCondensed.", "LiberationSans-Reg", "LiberationMono-Bold."),
    signs=(
        "FARMACIA LÓPEZ", "Panadería San José", "ESTACIÓN DEL NORTE", "Prohibido aparcar", "Salida de emergencia",
        "Taberna El Rincón", "PELUQUERÍA ÍÑIGO", "Ayuntamiento de Cádiz", "Se alquila piso", "Librería Cervantes",
        "CUIDADO CON EL PERRO", "Mercado Central", "Avenida de la Constitución", "Playa de la Concha", "ABIERTO",
        "Museo Arqueológico", "Churros y chocolate", "Plaza Mayor", "Ferretería Muñoz", "Hotel Miramar",
        "Vuelo IB3170 Madrid", "4821 KLM", "Feliz cumpleaños Ana", "CERRADO POR VACACIONES", "Carnicería Hermanos Peña",
        "Boda de Luis y Marta", "Instituto Ramón y Cajal", "Piscina municipal", "Autobús línea 27", "Café de Levante",
    ),
    goods=(
        "Leche entera", "Pan de molde", "Huevos camperos", "Aceite de oliva", "Jamón ibérico", "Queso manchego",
        "Tomates", "Plátanos", "Café molido", "Detergente", "Yogur natural", "Arroz", "Atún en aceite", "Champú",
        "Servilletas", "Cerveza", "Galletas", "Salmón ahumado", "Patatas", "Agua mineral", "Lechuga", "Garbanzos",
    ),
    messages=(
        "¿Quedamos mañana a las ocho?", "Llego tarde, hay mucho tráfico", "Feliz cumpleaños, abuela",
        "He comprado las entradas del teatro", "¿Has visto mis llaves?", "Nos vemos en la estación",
        "El médico dice que todo está bien", "Pásame la receta de las croquetas", "Vale, perfecto, gracias",
        "La reunión es el miércoles", "Acuérdate de sacar la basura", "Estoy aparcando enfrente",
        "Qué ilusión me hace verte", "Mi número nuevo es 654 209 871", "Reserva mesa para cinco", "Buen viaje, cariño",
    ),
    seed=1,
)  # fmt: skip

HELD_OUT = Material(
    fonts=("LiberationSerif-Regular.", "LiberationSansNarrow-Bold.", "NotoSansMono-Regular.", "URWGothic-Demi.",
           "NimbusSans-Bold.", "C059-Bold.", "DejaVuSerif."),
    signs=(
        "CLÍNICA DENTAL", "Zapatería Gutiérrez", "AEROPUERTO DE MÁLAGA", "Calle sin salida", "Aseos y vestuarios",
        "Mesón La Dehesa", "ÓPTICA RODRÍGUEZ", "Biblioteca pública", "Se vende terreno", "Floristería Begoña",
        "PELIGRO ALTA TENSIÓN", "Lonja de pescado", "Paseo Marítimo", "Parque Güell", "REBAJAS", "Teatro Romano",
        "Helados artesanos", "Puerta de Alcalá", "Cerrajería Vázquez", "Camping Los Pinos", "Tren AVE 02173 Sevilla",
        "7359 BCZ", "Enhorabuena graduados", "PRÓXIMA APERTURA", "Frutería Núñez", "Comunión de Lucía",
        "Colegio Miguel Hernández", "Polideportivo", "Metro Sol", "Confitería Ochoa", "Sendero del acantilado",
        "Mirador de los buitres", "Escuela de equitación", "Cofradía de la Esperanza", "Garaje Quiñones",
    ),
    goods=(
        "Merluza congelada", "Mantequilla", "Zumo de naranja", "Vino tinto", "Chorizo", "Pimientos", "Cebollas",
        "Manzanas", "Infusión de manzanilla", "Lejía", "Nata líquida", "Macarrones", "Sardinillas", "Jabón líquido",
        "Papel higiénico", "Vermú", "Magdalenas", "Bacalao", "Berenjenas", "Gaseosa", "Espinacas", "Lentejas",
        "Azúcar moreno", "Pechuga de pollo", "Mermelada", "Pilas alcalinas", "Fregona", "Vinagre",
    ),
    messages=(
        "Te recojo después del trabajo", "No encuentro el paraguas azul", "Enhorabuena por el premio",
        "¿Puedes llamar al fontanero?", "Mándame la ubicación exacta", "El niño tiene fiebre otra vez",
        "Qué paella más rica hicisteis", "Se ha roto la lavadora", "Apunta: matrícula del seminario",
        "Ojalá deje de llover pronto", "Los billetes cuestan 84 euros", "Tu paquete llegó ayer",
        "Cuando aterrices, escríbeme", "Falta firmar el contrato", "Jorge juega al ajedrez el sábado",
        "Dúchate y bajamos al muelle", "Código del portal 4930", "Perdona, me quedé dormida",
    ),
    seed=2,
)  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """A picture, what stands in it, and what kind it is of."""

    image: Image.Image
    words: tuple[str, ...]
    kind: str


class Artist:
    """Draws the pictures of one set on parts of ``photos``, always the same ones."""

    def __init__(self, material: Material, photos: list[Path]) -> None:
        self._material = material
        self._photos = photos
        self._chance = random.Random(material.seed)
        names = sorted(path for folder in FOLDERS for path in folder.rglob("*.[ot]tf"))
        self._fonts = [path for path in names if path.name.startswith(material.fonts)]
        if not self._fonts:
            raise SystemExit("none of the fonts is here: " + ", ".join(material.fonts))

    def draw(self, kind: str) -> Drawn:
        """One more picture of a kind."""
        return KINDS[kind](self)

    def _font(self, size: int) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(self._chance.choice(self._fonts), size)

    def _ground(self, size: tuple[int, int]) -> Image.Image:
        with Image.open(self._chance.choice(self._photos)) as photo:
            ground = photo.convert("RGB").filter(ImageFilter.GaussianBlur(3))
        return ground.resize(size, Image.Resampling.BICUBIC)

    def _plate(self, text: str, size: int, *, contrast: int = 255) -> Image.Image:
        """A board with ``text`` in one line; ``contrast`` of its letters, in steps of 255."""
        font = self._font(size)
        left, top, right, bottom = font.getbbox(text)
        edge = size // 2
        dark = self._chance.random() < 0.5
        base = self._chance.randrange(0, 50) if dark else self._chance.randrange(205, 256)
        tint = [min(255, max(0, base + self._chance.randrange(-25, 26))) for _ in range(3)]
        ink = [min(255, value + contrast) if dark else max(0, value - contrast) for value in tint]
        plate = Image.new("RGB", (round(right - left) + 2 * edge, round(bottom - top) + 2 * edge), tuple(tint))
        ImageDraw.Draw(plate).text((edge - left, edge - top), text, fill=tuple(ink), font=font)
        return plate

    def _sign(
        self, size: tuple[int, int], letters: float, *, slant: float = 0.0, contrast: int = 255, signs: int = 1
    ) -> tuple[Image.Image, tuple[str, ...]]:
        """Boards on a photo, one below the other; ``letters``: their height as a share of the picture's."""
        ground, words = self._ground(size), []
        for at in range(signs):
            text = self._chance.choice(self._material.signs)
            plate = self._plate(text, max(9, round(letters * size[1])), contrast=contrast)
            most = (round(size[0] * 0.92), round(size[1] * 0.9 / signs))
            if plate.width > most[0] or plate.height > most[1]:
                plate.thumbnail(most, Image.Resampling.LANCZOS)
            mask = Image.new("L", plate.size, 255)
            if slant:
                angle = self._chance.uniform(-slant, slant)
                plate, mask = (part.rotate(angle, Image.Resampling.BICUBIC, expand=True) for part in (plate, mask))
                scale = min(1.0, size[0] / plate.width, size[1] / signs / plate.height)
                shrunk = (max(1, int(plate.width * scale)), max(1, int(plate.height * scale)))
                plate, mask = plate.resize(shrunk), mask.resize(shrunk)
            room = size[1] // signs
            place = (
                self._chance.randint(0, max(0, size[0] - plate.width)),
                at * room + self._chance.randint(0, max(0, room - plate.height)),
            )
            ground.paste(plate, place, mask)
            words += text.split()
        return ground, tuple(words)

    def sign(self) -> Drawn:
        return Drawn(*_jpeg(*self._sign((640, 480), self._chance.uniform(0.06, 0.14), signs=2)), "sign")

    def slanted(self) -> Drawn:
        return Drawn(*self._sign((800, 600), self._chance.uniform(0.06, 0.11), slant=25.0), "slanted")

    def small(self) -> Drawn:
        image, words = self._sign((640, 480), self._chance.uniform(12, 15) / 480, signs=3)
        return Drawn(image, words, "small")

    def pale(self) -> Drawn:
        picture = self._sign((640, 480), self._chance.uniform(0.06, 0.1), contrast=self._chance.randint(35, 55))
        return Drawn(*picture, "pale")

    def camera(self) -> Drawn:
        """12 megapixels, with letters of 45 to 120 pixels."""
        picture = self._sign((4000, 3000), self._chance.uniform(0.015, 0.04), signs=3)
        return Drawn(*picture, "camera")

    def turned(self) -> Drawn:
        """As a camera leaves it that was held on its side, or a scanner: nothing tells which way is up."""
        image, words = self._sign((800, 600), self._chance.uniform(0.06, 0.1), signs=2)
        return Drawn(image.rotate(self._chance.choice((90, 180, 270)), expand=True), words, "turned")

    def receipt(self) -> Drawn:
        """On paper, photographed."""
        chance, lines, words = self._chance, [], []
        shop = chance.choice(self._material.signs)
        lines.append(shop)
        words += shop.split()
        for item in chance.sample(self._material.goods, chance.randint(6, 12)):
            price = f"{chance.randint(0, 29)},{chance.randint(0, 99):02}"
            lines.append(f"{item:<24}{price:>7}")
            words += [*item.split(), price]
        total = f"{chance.randint(30, 99)},{chance.randint(0, 99):02}"
        lines.append(f"{'TOTAL':<24}{total:>7}")
        words += ["TOTAL", total]
        font = ImageFont.truetype(FOLDERS[0] / "dejavu/DejaVuSansMono.ttf", 22)
        paper = Image.new("RGB", (480, 34 * len(lines) + 60), (244, 242, 236))
        draw = ImageDraw.Draw(paper)
        for at, line in enumerate(lines):
            draw.text((28, 30 + 34 * at), line, fill=(70, 70, 74), font=font)
        ground = self._ground((720, paper.height + 140))
        turned = paper.rotate(chance.uniform(-4, 4), Image.Resampling.BICUBIC, expand=True)
        mask = Image.new("L", paper.size, 255).rotate(0)
        mask = mask.resize(turned.size)
        ground.paste(turned, ((720 - turned.width) // 2, 50), mask)
        return Drawn(ImageEnhance.Brightness(ground).enhance(chance.uniform(0.75, 1.05)), tuple(words), "receipt")

    def chat(self) -> Drawn:
        """A telephone's picture of its own screen."""
        chance, words = self._chance, []
        screen = Image.new("RGB", (1080, 2160), (236, 229, 221))
        draw, top = ImageDraw.Draw(screen), 160
        font = self._font(40)
        for message in chance.sample(self._material.messages, 9):
            mine = chance.random() < 0.5
            width = round(font.getlength(message)) + 60
            left = 1080 - width - 40 if mine and width < 1000 else 40
            draw.rounded_rectangle((left, top, left + width, top + 90), 24, (220, 248, 198) if mine else "white")
            draw.text((left + 30, top + 20), message, fill=(17, 27, 33), font=font)
            words += message.split()
            top += chance.randint(130, 210)
        return Drawn(screen, tuple(words), "chat")


KINDS: dict[str, Callable[[Artist], Drawn]] = {
    "sign": Artist.sign,
    "receipt": Artist.receipt,
    "chat": Artist.chat,
    "slanted": Artist.slanted,
    "small": Artist.small,
    "pale": Artist.pale,
    "camera": Artist.camera,
    "turned": Artist.turned,
}


def _jpeg(image: Image.Image, words: tuple[str, ...]) -> tuple[Image.Image, tuple[str, ...]]:
    """As it comes out of a camera that saves space."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    out.seek(0)
    return Image.open(out), words
