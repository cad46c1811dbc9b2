"""What Tab does: complete a command, or the word behind it, and list the choices.

As in a shell: the first Tab inserts what is certain, a second one lists the rest.
"""

from collections.abc import Callable, Sequence

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.key_binding.key_processor import KeyPressEvent

Complete = Callable[[str], Sequence[str]]
"""Returns the words that may follow a command (`/play`); imports what it needs then."""


def no_words(command: str) -> Sequence[str]:
    """Return nothing: no word is known that may follow a command."""
    return ()


class Completion:
    """The choices for the text before the cursor.

    `commands` are whole lines or beginnings of lines; one that ends in a blank needs a
    word behind it. `complete(command)` returns the words for it.
    """

    def __init__(
        self, buffer: Buffer, commands: Sequence[str], complete: Complete = no_words
    ) -> None:
        # What is listed, once Tab was pressed a second time.
        self.choices: Sequence[str] = ()
        self._buffer = buffer
        self._commands = commands
        self._complete = complete
        # Tab was the last key that did something.
        self._pressed = False
        # Any other key ends the list; one that changes nothing may stay without effect.
        buffer.on_text_changed += lambda buffer: self.clear()
        buffer.on_cursor_position_changed += lambda buffer: self.clear()

    def press(self, event: KeyPressEvent) -> None:
        """Complete as far as it is certain; pressed again, list the choices.

        At once: prompt_toolkit's own way completes after keys that came behind Tab.
        """
        typed, choices = self._find()
        if self._pressed and len(choices) > 1:
            self.choices = [each.rstrip() for each in choices]
            return
        # Of a single choice that is all of it, with a blank where a word is to follow.
        if choices:
            self._buffer.insert_text(_common_beginning(choices)[len(typed) :])
        self._pressed = True

    def clear(self) -> None:
        """List nothing any more."""
        self.choices = ()
        self._pressed = False

    def _find(self) -> tuple[str, Sequence[str]]:
        """Return the word before the cursor that is completed, and what it may become."""
        line = self._buffer.document.text_before_cursor
        command, blank, word = line.partition(" ")
        if not blank:
            return line, _beginning(line, self._commands)
        # Behind all else stands a text, which nobody can complete.
        if f"{command} " not in self._commands:
            return word, ()
        return word, _beginning(word, self._complete(command))


def _beginning(typed: str, words: Sequence[str]) -> Sequence[str]:
    return [each for each in words if each.startswith(typed)]


def _common_beginning(words: Sequence[str]) -> str:
    """Return what all words begin with; the first and the last in order differ most."""
    first, last = min(words), max(words)
    end = 0
    while first[end : end + 1] == last[end : end + 1] != "":
        end += 1
    return first[:end]
