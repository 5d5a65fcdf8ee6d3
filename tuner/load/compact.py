"""Offsets of arrivals as short text: differences in whole milliseconds, seven bits a byte, zlib, base64."""

import zlib
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Sequence

MOST_BYTES = 64 << 20
"""What an encoded text may unfold to: about 50 million arrivals."""


def encode(offsets_ms: Sequence[int]) -> str:
    """Return offsets, in order and from 0, as text."""
    data = bytearray()
    before = 0
    for offset_ms in offsets_ms:
        step = offset_ms - before
        before = offset_ms
        while step > 127:
            data.append(step & 127 | 128)
            step >>= 7
        data.append(step)
    return b64encode(zlib.compress(bytes(data), 9)).decode("ascii")


def decode(text: str) -> list[int]:
    """Return the offsets of a text. Raises ValueError for one that `encode` did not make."""
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(b64decode(text, validate=True), MOST_BYTES)
    except (zlib.error, Error, ValueError) as error:
        raise ValueError(f"not the text of encoded arrivals: {error}") from None
    if not unpacker.eof:
        raise ValueError("not the text of encoded arrivals: it is cut off, or too long")
    offsets_ms: list[int] = []
    offset_ms = step = shift = 0
    for byte in data:
        step |= (byte & 127) << shift
        shift += 7
        if byte > 127:
            if shift > 63:
                raise ValueError("not the text of encoded arrivals: a number without end")
            continue
        offset_ms += step
        offsets_ms.append(offset_ms)
        step = shift = 0
    if shift:
        raise ValueError("not the text of encoded arrivals: it ends within a number")
    return offsets_ms
