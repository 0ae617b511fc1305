"""gzip and zstd: told by a file's first bytes when it is read, by its name when it is written."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import IO, Any

from tmfserver.errors import BrokenFile

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
# Zstandard gives all that its input says at once, at worst 32 KB a byte: little input at a time.
PIECE = 1024
CHUNK = 256 * 1024


class Peekable(io.RawIOBase):
    """A file whose beginning was looked at, a pipe's too. Only `read` counts."""

    def __init__(self, file: IO[bytes], head: bytes) -> None:
        self._file, self._head = file, head

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        head, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        part = head + self._file.read(len(buffer) - len(head))
        buffer[: len(part)] = part
        return len(part)


def unpacked(file: IO[bytes]) -> io.BufferedReader[Any]:
    """The file's content, unpacked if it is packed.

    What is read from it raises errors.BrokenFile where the packed file ends too soon or is damaged.
    """
    head = file.read(4)
    whole: io.BufferedReader[Any] = io.BufferedReader(Peekable(file, head), CHUNK)
    if head.startswith(GZIP):
        return io.BufferedReader(_Gzip(whole), CHUNK)
    if head == ZSTD:
        return io.BufferedReader(_Zstd(whole), CHUNK)
    return whole


class _Gzip(io.RawIOBase):
    def __init__(self, file: io.BufferedReader[Any]) -> None:
        self._file = gzip.GzipFile(fileobj=file, mode="rb")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            part = self._file.read1(len(buffer))
        except EOFError:
            raise BrokenFile(problem="the gzip file ends too soon") from None
        except (OSError, zlib.error) as error:
            raise BrokenFile(problem=f"the gzip file is damaged ({error})") from None
        buffer[: len(part)] = part
        return len(part)


class _Zstd(io.RawIOBase):
    """One frame after the other; the library's own reader does not tell a file that was cut."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._zstd = file, zstandard()
        self._unpacker: Any = None
        self._ready = memoryview(b"")
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            part = self._rest or self._file.read(PIECE)
            self._rest = b""
            if not part:
                if self._unpacker is not None:
                    raise BrokenFile(problem="the zstd file ends too soon")
                return 0
            self._unpack(part)
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _unpack(self, part: bytes) -> None:
        if self._unpacker is None:
            self._unpacker = self._zstd.ZstdDecompressor().decompressobj()
        try:
            self._ready = memoryview(self._unpacker.decompress(part))
        except self._zstd.ZstdError as error:
            raise BrokenFile(problem=f"the zstd file is damaged ({error})") from None
        if self._unpacker.eof:
            self._rest, self._unpacker = self._unpacker.unused_data, None


def packed(file: IO[bytes], name: str) -> IO[bytes]:
    """Where to write what is to be packed as the name's ending says (.gz, .zst); to be closed,
    which leaves the file itself open."""
    if name.endswith(".gz"):
        return gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0)  # type: ignore[return-value]
    if name.endswith(".zst"):
        made: Any = zstandard().ZstdCompressor(level=3).stream_writer(file, closefd=False)
        return made  # type: ignore[no-any-return]
    return file


def zstandard() -> Any:
    try:
        import zstandard as library
    except ImportError:
        problem = "zstd needs a library: pip install 'tmfserver[files]'"
        raise BrokenFile(problem=problem) from None
    return library
