"""The line under the input: the state of the conversation, or what Tab may complete."""

from collections.abc import Sequence

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import (
    CompleteEvent,
    WordCompleter,
    get_common_complete_suffix,
)
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.output.vt100 import Vt100_Output
from wcwidth import wcswidth


class StatusLine:
    """The line under the input: the state of the conversation, or what Tab may complete."""

    def __init__(
        self, output: Vt100_Output, buffer: Buffer, commands: Sequence[str]
    ) -> None:
        # The state of the conversation, the most important part first.
        self.parts: tuple[str, ...] = ()
        # The commands that begin with what is typed, after Tab.
        self._choices = ""
        # What knows the width of the window.
        self._output = output
        self._buffer = buffer
        self._completer = WordCompleter(list(commands), sentence=True)
        buffer.on_text_changed += self._clear_choices

    def text(self) -> str:
        """Return what fits into the window; parts are left out from the right, whole."""
        if self._choices:
            return self._choices
        parts = [*self.parts, "/help lists the commands"]
        width = self._output.get_size().columns - 1
        while len(parts) > 1 and wcswidth(" | ".join(parts)) > width:
            parts.pop()
        return f" {' | '.join(parts)}"

    def complete(self, event: KeyPressEvent) -> None:
        """Complete the command in the buffer as far as it is unique; list the choices.

        At once: prompt_toolkit's own way completes after keys that came behind Tab.
        """
        document = self._buffer.document
        found = list(self._completer.get_completions(document, CompleteEvent()))
        if len(found) == 1:
            self._buffer.apply_completion(found[0])
        elif found:
            self._buffer.insert_text(get_common_complete_suffix(document, found))
            self._choices = " " + "  ".join(each.text.rstrip() for each in found)

    def _clear_choices(self, buffer: Buffer) -> None:
        self._choices = ""
