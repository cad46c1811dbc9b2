"""The line under the input: the state of the conversation, or what the keys do now."""

from collections.abc import Sequence

from prompt_toolkit.output.vt100 import Vt100_Output
from wcwidth import wcswidth, wcwidth

from chatlib.terminal.completion import Completion
from chatlib.terminal.line import Line


class StatusLine:
    """The line under the input.

    It shows the first of these that there is: the choices after Tab, what the keys do at
    the moment, and the state of the conversation.
    """

    def __init__(
        self,
        output: Vt100_Output,
        completion: Completion,
        line: Line,
    ) -> None:
        # The state of the conversation, the most important part first.
        self.parts: tuple[str, ...] = ()
        # What knows the width of the window.
        self._output = output
        # What Tab has found, and what the keys do.
        self._completion = completion
        self._line = line

    @property
    def is_needed(self) -> bool:
        """Whether it shows something that even a person without status line asked for."""
        return bool(self._completion.choices or self._line.describe())

    def text(self) -> str:
        """Return what fits into the window; what does not is left out from the right."""
        width = self._output.get_size().columns - 1
        if choices := self._completion.choices:
            return f" {_fit('  ', choices, width, '  ...')}"
        parts = self._line.describe() or [
            *self.parts,
            "/help lists the commands",
        ]
        return f" {_fit(' | ', parts, width)}"


def _fit(separator: str, parts: Sequence[str], width: int, more: str = "") -> str:
    """Return as many parts as fit into a width, one at least, and then `more`."""
    # From the right, because the first part is the most important.
    shown = text = separator.join(parts)
    left = len(parts)
    while left > 1 and wcswidth(shown) > width:
        left -= 1
        text = separator.join(parts[:left])
        shown = text + more
    return _cut(shown, width) if left == 1 else shown


def _cut(text: str, width: int) -> str:
    """Return the beginning of a text that fits, with "..." where that is not all of it."""
    if wcswidth(text) <= width:
        return text
    # Counted in columns: a wide character has two.
    room = width - len("...")
    end = 0
    while end < len(text) and room >= wcwidth(text[end]):
        room -= wcwidth(text[end])
        end += 1
    return f"{text[:end]}..."
