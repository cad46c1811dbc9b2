"""temp"""
from typing import Any


class Terminal:
    """temp"""

    interactive = False
    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)
