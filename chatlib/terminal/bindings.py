"""What the keys of the line editor do.

Backspace, Delete and the arrows go by graphemes, which a person sees as one character
(Unicode Standard Annex 29); prompt_toolkit's own functions go by code points.
"""

import signal
from collections.abc import Callable

from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, is_searching
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.bindings.named_commands import get_by_name
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from wcwidth import grapheme_boundary_before, iter_graphemes

from chatlib.terminal.completion import Completion
from chatlib.terminal.keyboard import ALT_COMMANDS, LINE_END_KEY
from chatlib.terminal.line import Line


def bind_keys(
    line: Line,
    completion: Completion,
    put_off: Callable[[], None],
    input_ended: Callable[[], None],
) -> KeyBindings:
    """Return what each key does that does not type a character.

    `put_off()` is called for Escape at a question, `input_ended()` for Ctrl-D in an empty
    line.
    """
    keys = KeyBindings()
    empty = Condition(lambda: not line.buffer.text)
    # The kernel's meaning of these keys: a signal to all processes of the foreground. As
    # in a shell, Ctrl-C is one in an empty line alone.
    keys.add("c-c", filter=empty & ~is_searching)(_interrupt)
    keys.add("c-c", filter=~empty & ~is_searching)(line.drop)
    keys.add("c-\\")(lambda event: signal.raise_signal(signal.SIGQUIT))
    keys.add("c-d", filter=empty)(lambda event: input_ended())
    keys.add("c-d", filter=~empty)(_delete_after)
    # While a search is on, these three have no line to act on.
    keys.add("tab", filter=~is_searching)(completion.press)
    keys.add(LINE_END_KEY, filter=~is_searching)(line.type_line_end)
    keys.add("c-o", filter=~is_searching)(line.send_whole)
    _bind_editing(keys)
    _bind_search(keys, line)

    # Eager: otherwise the key after Escape would be taken for a part of it.
    @keys.add("escape", filter=~is_searching, eager=True)
    def put_away(event: KeyPressEvent) -> None:
        # The choices first: they may stand under a paste.
        if completion.choices:
            completion.clear()
        elif line.is_secret:
            put_off()
        elif line.count > 1:
            line.drop(event)

    return keys


def _bind_editing(keys: KeyBindings) -> None:
    """Add what keys do in a line, also in the words of a search."""
    for stand_in, command in ALT_COMMANDS.items():
        keys.add(stand_in)(get_by_name(command))
    keys.add("backspace")(_delete_before)
    keys.add("delete")(_delete_after)
    for key in ("left", "c-b"):
        keys.add(key)(_go_left)
    for key in ("right", "c-f"):
        keys.add(key, filter=~is_searching)(_go_right)


def _bind_search(keys: KeyBindings, line: Line) -> None:
    """Add what keys do for the search in the history, as in a shell."""
    keys.add("c-r", filter=~is_searching)(line.search)
    # Up means the same as Ctrl-R there: both go back in time.
    for key in ("c-r", "up"):
        keys.add(key, filter=is_searching)(line.search_on)
    # Tab too: prompt_toolkit would go to the next place in the editor.
    for key in ("right", "c-f", "enter", "tab"):
        keys.add(key, filter=is_searching)(line.accept_match)
    for key in ("end", "c-e"):
        keys.add(key, filter=is_searching)(line.accept_match_at_end)
    # Ctrl-G is what a shell leaves a search with.
    for key in ("c-c", "c-g"):
        keys.add(key, filter=is_searching)(line.leave_search)
    # prompt_toolkit would take the match at Escape.
    keys.add("escape", filter=is_searching, eager=True)(line.leave_search)


def _interrupt(event: KeyPressEvent) -> None:
    signal.raise_signal(signal.SIGINT)


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
