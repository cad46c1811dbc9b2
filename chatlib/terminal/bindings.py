"""What the keys of the line editor do.

Backspace, Delete and the arrows go by graphemes, which a person sees as one character
(Unicode Standard Annex 29); prompt_toolkit's own functions go by code points.
"""

import os
import signal
from collections.abc import Callable

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, is_searching
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.bindings.named_commands import get_by_name
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from wcwidth import grapheme_boundary_before, iter_graphemes

from chatlib.terminal.keyboard import ALT_COMMANDS


def bind_keys(
    buffer: Buffer,
    complete: Callable[[KeyPressEvent], None],
    put_off: Callable[[], None],
    input_ended: Callable[[], None],
) -> KeyBindings:
    """Return what each key does that does not type a character.

    `complete` is called for Tab, `put_off()` for Escape, and `input_ended()` for Ctrl-D in
    an empty line.
    """
    keys = KeyBindings()
    empty = Condition(lambda: not buffer.text)
    # The kernel's meaning of these keys: a signal to all processes of the foreground.
    keys.add("c-c", filter=~is_searching)(lambda event: signal.raise_signal(signal.SIGINT))
    keys.add("c-\\")(lambda event: signal.raise_signal(signal.SIGQUIT))
    keys.add("c-z")(lambda event: os.kill(0, signal.SIGTSTP))
    keys.add("c-d", filter=empty)(lambda event: input_ended())
    # Without this the key after Escape would be taken for a part of it.
    keys.add("escape", filter=~is_searching, eager=True)(lambda event: put_off())
    for stand_in, command in ALT_COMMANDS.items():
        keys.add(stand_in)(get_by_name(command))
    keys.add("backspace")(_delete_before)
    keys.add("delete")(_delete_after)
    keys.add("c-d", filter=~empty)(_delete_after)
    for key in ("left", "c-b"):
        keys.add(key)(_go_left)
    for key in ("right", "c-f"):
        keys.add(key)(_go_right)
    keys.add("tab")(complete)
    return keys


def _delete_before(event: KeyPressEvent) -> None:
    buffer = event.current_buffer
    buffer.delete_before_cursor(_length_before(buffer.document))


def _delete_after(event: KeyPressEvent) -> None:
    buffer = event.current_buffer
    buffer.delete(_length_after(buffer.document))


def _go_left(event: KeyPressEvent) -> None:
    buffer = event.current_buffer
    buffer.cursor_position -= _length_before(buffer.document)


def _go_right(event: KeyPressEvent) -> None:
    buffer = event.current_buffer
    buffer.cursor_position += _length_after(buffer.document)


def _length_before(document: Document) -> int:
    """Return the code points of the grapheme before the cursor."""
    text = document.text_before_cursor
    return len(text) - grapheme_boundary_before(text, len(text)) if text else 0


def _length_after(document: Document) -> int:
    """Return the code points of the grapheme after the cursor."""
    return len(next(iter_graphemes(document.text_after_cursor), ""))
