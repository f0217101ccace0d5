"""File names and queries that try to be more than text. Shared by the tests of everything that shows or opens them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.systems import WINDOWS, raw_name

# Relative to a folder; "/" makes folders, so that a whole path can spell a closing tag.
NAMES: list[str] = [
    # quotes and markup
    '"comillas".jpg',
    "'apóstrofos'.jpg",
    "`acento grave`.jpg",
    "«españolas».jpg",
    '"><img src=x onerror=alert(1)>.jpg',
    'a"><img src=x onerror=alert(1)>.jpg',
    "'><svg onload=alert(1)>.jpg",
    "<b>negrita.jpg",
    "<script>alert(1)<script>.jpg",
    "<!-- comentario -->.jpg",
    "<![CDATA[x]]>.jpg",
    "<style>*{display:none}.jpg",
    "<meta http-equiv=refresh content=0>.jpg",
    "<base href=x>.jpg",
    "<iframe srcdoc=x>.jpg",
    "a</title><script>alert(1)</script>.jpg",
    "b</style><style>body{display:none}</style>.jpg",
    '" onmouseover=alert(1) x=".jpg',
    "x onfocus=alert(1) autofocus .jpg",
    # entities
    "&lt;b&gt;.jpg",
    "&amp;.jpg",
    "&quot; onload=alert(1) x=&quot;.jpg",
    "&#x22;&#62;&#60;script&#62;.jpg",
    "&copy.jpg",
    # templates and formats
    "{{7*7}}.jpg",
    "{{ page.folder }}.jpg",
    "{% raw %}.jpg",
    "{# nada #}.jpg",
    "${7*7}.jpg",
    "{0}{name}.jpg",
    "%(name)s %s.jpg",
    # addresses
    "javascript:alert(1).jpg",
    "data:text,html<script>.jpg",
    "file:x.jpg",
    "http:example.com.jpg",
    "#ancla.jpg",
    "?x=1.jpg",
    "a?b#c&d=e.jpg",
    "%3Cscript%3E.jpg",
    "%00.jpg",
    "%2e%2e.jpg",
    "..%2f..%2fetc%2fpasswd.jpg",
    "100%.jpg",
    "%ZZ.jpg",
    "a+b;c=d.jpg",
    "a\\b.jpg",
    "..\\..\\x.jpg",
    "C:\\x.jpg",
    "~.jpg",
    "-rf.jpg",
    "--help.jpg",
    # dots and spaces
    ".oculta.jpg",
    "...jpg",
    " delante.jpg",
    "detrás .jpg",
    "dos  espacios.jpg",
    "fin.jpg ",
    "fin.jpg.",
    "no\u00a0separable.jpg",
    # controls
    "tab\tulador.jpg",
    "salto\nde línea.jpg",
    "retorno\r\n.jpg",
    "campana\x07.jpg",
    "\x1b[31mrojo.jpg",
    "borrar\x7f.jpg",
    "nel\x85.jpg",
    "línea\u2028párrafo\u2029.jpg",
    # disguises
    "foto\u202egpj.exe.jpg",
    "\u2066aislado\u2069.jpg",
    "\u200f\u200emarcas.jpg",
    "\u061cárabe.jpg",
    "nada\u200b\u2060.jpg",
    "\ufeffbom.jpg",
    # other scripts and forms
    "caf\u00e9.jpg",
    "cafe\u0301.jpg",
    "ﬁ ligadura.jpg",
    "שלום.jpg",
    "صورة ١٢٣.jpg",
    "שלום abc عالم 123.jpg",
    "写真　全角.jpg",
    "👨‍👩‍👧 familia.jpg",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f.jpg",
    "Z̸̡͎a̡͓l̵͎g̴o̷̤͖.jpg",
    # lengths and system names
    "a" * 251 + ".jpg",
    "ñ" * 125 + ".jpg",
    "CON.jpg",
    "sin extensión",
    "archivo.tar.gz.jpg",
    # bytes that are not UTF-8
    raw_name(b"latin1-\xe9\xf1.jpg"),
    raw_name(b"\xff\xfe.jpg"),
    raw_name(b"cortado-\xc3.jpg"),
]

QUERIES: list[str] = [
    *(name.removesuffix(".jpg") for name in NAMES[::3]),
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</h1></header><img src=x onerror=alert(1)>",
    "--><img src=x onerror=alert(1)>",
    "<img src=http://example.invalid/x.png>",
    "<link rel=stylesheet href=http://example.invalid/x.css>",
    '<iframe src="javascript:alert(1)"></iframe>',
    "<details open ontoggle=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<form action=http://example.invalid/><button>x</button></form>",
    '<a href="javascript:alert(1)">x</a>',
    "<object data=http://example.invalid/></object>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext></mtext></math>",
    "<template><p></template>",
    "<plaintext>",
    "<textarea><title>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "varias\nlíneas\r\ny\ttabuladores",
    "  espacios   por todas partes  ",
    "\x00nulo\x00",
    "perro\u202eojor",
    "\u2066\u2067\u2068\u2069\u200e\u200f",
    "medio \ud83d par",
    raw_name(b"bytes \xff\xfe"),
    "שלום עולם",
    "صور العائلة ١٢٣",
    "👩🏽‍🚀🏳️‍🌈",
    "Z̸̡͎a̡͓l̵͎g̴o̷̤͖",
    "palabra" * 200,
    "frase larga " * 300,
    "\u0301" * 50,
    "'; DROP TABLE fotos; --",
    "$(touch x) `touch x`",
]


# Windows would write these to other places: streams, devices, drives, a name without its last dot.
_ELSEWHERE = re.compile(r"[:\\]|[. ](?=/|$)|^CON\.")


def lay_out(folder: Path, write) -> list[Path]:
    """Make a file for every name that this file system admits, with ``write(path, number)``; returns their paths."""
    made = []
    for number, name in enumerate(NAMES):
        if WINDOWS and _ELSEWHERE.search(name):
            continue
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, number)
        except (OSError, UnicodeError):
            continue  # Windows and macOS refuse some
        made.append(path)
    return made
