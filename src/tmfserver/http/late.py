"""What belongs to one contract and is made by its first request: of many, most wait for theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class ByBasePath(dict[str, T], Generic[T]):
    """Base path → what is made for it when it is first asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._makers: dict[str, Callable[[], T]] = {}

    def later(self, base_path: str, make: Callable[[], T]) -> None:
        self._makers[base_path] = make

    def __missing__(self, base_path: str) -> T:
        made = self[base_path] = self._makers[base_path]()
        return made

    def expected(self) -> tuple[str, ...]:
        """All base paths, whether something was made for them or not."""
        return tuple(self._makers)
