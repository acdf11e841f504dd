"""What can be read of a damaged SQLite file, page by page, without SQLite.

SQLite stops at a damaged page, and a damaged first page makes it refuse the whole file. The rows
are in it all the same: a page that holds rows says so, and a row stands in it whole or goes on in
a chain of pages. The format is that of https://www.sqlite.org/fileformat2.html, sections 1.6, 2.1
and 4.1. Whether a row is as it was written is for the caller to check.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

LEAF = 0x0D  # the first byte of a page that holds rows of a table
FILE_HEADER, WAL_HEADER, FRAME_HEADER = 100, 32, 24  # bytes
PAGE_SIZE = 4096  # SQLite's default, and so ours
WIDTHS = (0, 1, 2, 3, 4, 6, 8)  # bytes of an integer, by its type


def read_log(path: Path) -> bytes:
    """Read the write-ahead log of a SQLite file, which a process that was killed leaves behind.

    SQLite deletes one that it cannot use, so it is read before the file is opened.
    """
    log = path.with_name(path.name + "-wal")
    return log.read_bytes() if log.is_file() else b""


def readable_records(path: Path, log: bytes) -> Iterator[tuple[Any, ...]]:
    """Yield every row that can be read in a SQLite file and in its write-ahead log.

    Old versions of a row may come, too.
    """
    images = list(_pages(path.read_bytes(), log))
    latest = dict(images)
    for number, page in images:
        try:
            yield from _records(page, FILE_HEADER if number == 1 else 0, latest)
        except (LookupError, ValueError):  # the page only looked like one with rows
            continue


def _pages(content: bytes, log: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the pages of the file, then those of the log, each with its number."""
    for start in range(0, len(content), PAGE_SIZE):
        yield start // PAGE_SIZE + 1, content[start : start + PAGE_SIZE]
    for start in range(WAL_HEADER, len(log), FRAME_HEADER + PAGE_SIZE):
        body = start + FRAME_HEADER
        yield int.from_bytes(log[start : start + 4]), log[body : body + PAGE_SIZE]


def _records(page: bytes, start: int, pages: dict[int, bytes]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a page whose header stands at `start`; none if it holds no rows."""
    if len(page) != PAGE_SIZE or page[start] != LEAF:
        return
    count = int.from_bytes(page[start + 3 : start + 5])
    pointers = page[start + 8 : start + 8 + 2 * count]  # damaged, it may name a place many times
    for at in dict.fromkeys(int.from_bytes(pair) for pair in _pairs(pointers)):
        try:
            yield _values(_payload(page, at, pages))
        except (LookupError, ValueError):  # this row is damaged
            continue


def _pairs(content: bytes) -> Iterator[bytes]:
    return (content[i : i + 2] for i in range(0, len(content), 2))


def _payload(page: bytes, at: int, pages: dict[int, bytes]) -> bytes:
    """Return the bytes of the row at this place, with those that overflowed to other pages."""
    size, at = _varint(page, at)
    _, at = _varint(page, at)  # the row's number
    most, least = PAGE_SIZE - 35, (PAGE_SIZE - 12) * 32 // 255 - 23
    here = size
    if size > most:
        here = least + (size - least) % (PAGE_SIZE - 4)
        here = here if here <= most else least
    payload, at = page[at : at + here], at + here
    if size > len(pages) * PAGE_SIZE:
        raise ValueError("the row is longer than the file")
    following, parts, left = int.from_bytes(page[at : at + 4]), [payload], size - len(payload)
    while left > 0:
        overflow = pages[following]
        if len(overflow) != PAGE_SIZE:
            raise ValueError("the file is cut here")
        parts.append(overflow[4:][:left])
        left -= PAGE_SIZE - 4
        following = int.from_bytes(overflow[:4])
    return b"".join(parts)


def _values(payload: bytes) -> tuple[Any, ...]:
    """Decode a row: the types of its values, then the values."""
    end, at = _varint(payload, 0)
    types = []
    while at < end:
        kind, at = _varint(payload, at)
        types.append(kind)
    values: list[Any] = []
    at = end
    for kind in types:
        if kind >= 12:
            width = (kind - 12) // 2
        elif kind in (8, 9):  # the numbers 0 and 1
            width = 0
        else:
            width = WIDTHS[kind]
        part = payload[at : at + width]
        if len(part) != width:
            raise ValueError("the row is cut")
        if kind >= 13 and kind % 2:
            values.append(part.decode())
        elif kind in (8, 9):
            values.append(kind - 8)
        else:
            values.append(int.from_bytes(part, signed=True) if kind in range(1, 7) else None)
        at += width
    return tuple(values)


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Read a number of one to nine bytes; also return where it ends."""
    number = 0
    for i in range(8):
        byte = content[at + i]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, at + i + 1
    return number << 8 | content[at + 8], at + 9
