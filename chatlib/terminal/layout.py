"""How the line, the search and the status line are arranged at the bottom of the screen.

The talk stays in sight above them: a line gets half of the window at most, and of many
lines only the first and the last are shown.
"""

from collections.abc import Callable
from functools import partial

from prompt_toolkit.application import get_app
from prompt_toolkit.filters import Condition
from prompt_toolkit.layout import ConditionalContainer, Dimension, HSplit, Layout, Window
from prompt_toolkit.layout.controls import BufferControl, FormattedTextControl
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.search import SearchState
from prompt_toolkit.widgets import SearchToolbar

from chatlib.terminal.line import LINE_END, Line
from chatlib.terminal.status import StatusLine

FIRST, LAST = 2, 2
"""How many lines are shown of the beginning of a long paste, and of its end."""

FOLDED = FIRST + 1 + LAST
"""The rows that the input has then; as many lines are shown whole."""

LEAST_ROWS = 8
"""The least rows of a window in which the beginning of a long paste is shown."""


def make_layout(
    line: Line,
    prompt: Callable[[], str],
    status: StatusLine,
    output: Vt100_Output,
    status_wanted: bool,
) -> Layout:
    """Return the windows of the editor; `prompt()` stands before the line."""

    rows = partial(_count_rows, output)
    folded = Condition(lambda: line.count > FOLDED and rows() >= LEAST_ROWS)
    # Asked for, the choices of Tab are shown also where no status line is wanted.
    status_fits = Condition(lambda: rows() > 1 and (status_wanted or status.is_needed))
    # As in most shells today, a capital letter finds a small one, too.
    search = SearchToolbar(
        backward_search_prompt=lambda: _describe_search("search: "),
        forward_search_prompt=lambda: _describe_search("search forward: "),
        ignore_case=True,
    )
    control = BufferControl(
        line.buffer,
        # The first of many lines has the prompt where it is shown.
        input_processors=[BeforeInput(lambda: "" if folded() else prompt())],
        search_buffer_control=search.control,
        # Otherwise a match would be shown only at the second Ctrl-R.
        preview_search=True,
    )
    edited = Window(
        control,
        # The window follows the cursor where the line does not fit.
        height=lambda: Dimension(max=LAST if folded() else max(1, rows() // 2)),
        wrap_lines=~folded,
        dont_extend_height=True,
    )
    # Apart from the line, so that it stays where it is when the cursor moves.
    head = FormattedTextControl(lambda: LINE_END.join(_get_head(line, prompt())))
    above = ConditionalContainer(Window(head, height=FIRST + 1), folded)
    # Not the whole row is in reverse: a terminal would break it in a narrower window.
    shown = FormattedTextControl(lambda: [("reverse", f"{status.text()} ")])
    under = Window(shown, height=1)
    below = ConditionalContainer(under, status_fits)
    return Layout(HSplit([above, edited, search, below]), focused_element=edited)


def _count_rows(output: Vt100_Output) -> int:
    return output.get_size().rows


def _get_head(line: Line, prompt: str) -> list[str]:
    """Return what is shown above the last lines of a long paste."""
    document = line.buffer.document
    row = document.cursor_position_row
    # Where the cursor is in its middle, what is shown below is not its end.
    if row >= line.count - LAST:
        middle = f"... {line.count - FIRST - LAST} more lines ..."
    else:
        middle = f"... line {row + 1} of {line.count} ..."
    return [prompt + document.lines[0], *document.lines[1:FIRST], middle]


def _describe_search(prompt: str) -> str:
    """Return what stands before the words that are searched: whether they were found."""
    target = get_app().layout.search_target_buffer_control
    assert target and target.search_buffer_control, "it is shown during a search alone"
    state, words = target.search_state, target.search_buffer_control.buffer.text
    # Without a match the document is the one that is being edited.
    found = target.buffer.document_for_search(
        SearchState(words, state.direction, state.ignore_case)
    )
    return prompt if words.lower() in found.text.lower() else "no match: "
