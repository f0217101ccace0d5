"""How an HEVC stream means its numbers as colours, from its sequence parameter set (ITU-T H.265, 7.3.2.2 and E.2.1)."""

from __future__ import annotations

from dataclasses import dataclass

_SEQUENCE = 33  # nal_unit_type of a sequence parameter set
_UNSPECIFIED = 2  # matrix_coeffs


@dataclass(frozen=True, slots=True)
class HevcColours:
    """``full_range``: whether 0 to 255 are used, or 16 to 235. ``matrix``: matrix_coeffs (ITU-T H.273, table 4)."""

    full_range: bool
    matrix: int


def told_colours(configuration: bytes) -> HevcColours | None:
    """What the content of an ``hvcC`` box (ISO/IEC 14496-15, 8.3.3) tells of the colours.

    None for what is not 8 bits in 4:2:0, is broken, or uses a part of the standard that no photograph needs.
    """
    try:
        sets = [unit for kind, unit in _units(configuration) if kind == _SEQUENCE]
        return _read_set(_Bits(sets[0][2:])) if len(sets) == 1 else None
    except (ValueError, IndexError):
        return None


def _units(configuration: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 23
    for _ in range(configuration[22]):
        kind, count = configuration[at] & 63, int.from_bytes(configuration[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            length = int.from_bytes(configuration[at : at + 2], "big")
            found.append((kind, configuration[at + 2 : at + 2 + length]))
            at += 2 + length
    return found


class _Bits:
    """The bits of a unit, most significant first. Raises ValueError behind the end."""

    def __init__(self, unit: bytes) -> None:
        plain = unit.replace(b"\0\0\3", b"\0\0")  # which keeps start codes out (7.4.2)
        self._value = int.from_bytes(plain, "big")
        self._left = 8 * len(plain)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ValueError("ends early")
        return self._value >> self._left & ((1 << count) - 1)

    def golomb(self) -> int:
        """An unsigned number in Exp-Golomb code (9.2)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def golombs(self, count: int) -> list[int]:
        return [self.golomb() for _ in range(count)]


def _read_set(bits: _Bits) -> HevcColours | None:
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + 96)  # profile, tier and level
    _, sampling, _, _ = bits.golombs(4)
    if layers or sampling != 1:
        return None
    if bits.take(1):
        bits.golombs(4)  # conformance window
    if bits.golombs(2) != [0, 0]:  # bits beyond eight
        return None
    counted = bits.golomb() + 4
    bits.take(1)
    bits.golombs(3 + 6)  # buffering of the one layer, sizes and depths of blocks
    if bits.take(1) and bits.take(1):  # scaling lists of its own
        return None
    bits.take(2)
    if bits.take(1):  # samples as they are
        bits.take(8)
        bits.golombs(2)
        bits.take(1)
    for number in range(bits.golomb()):
        if number and bits.take(1):  # predicted from the set before
            return None
        for _ in range(sum(bits.golombs(2))):
            bits.golomb()
            bits.take(1)
    if bits.take(1):
        for _ in range(bits.golomb()):
            bits.take(counted + 1)
    bits.take(2)
    return _read_usability(bits) if bits.take(1) else HevcColours(False, _UNSPECIFIED)


def _read_usability(bits: _Bits) -> HevcColours:
    if bits.take(1) and bits.take(8) == 255:  # an aspect ratio that is not in the table
        bits.take(32)
    if bits.take(1):
        bits.take(1)
    full, matrix = False, _UNSPECIFIED
    if bits.take(1):
        bits.take(3)
        full = bool(bits.take(1))
        if bits.take(1):
            bits.take(16)
            matrix = bits.take(8)
    return HevcColours(full, matrix)
