"""temp"""
from typing import Any


class Terminal:
    """temp"""

    interactive = False
    def take_unsent(self) -> Any: ...
    show_messages: Any
