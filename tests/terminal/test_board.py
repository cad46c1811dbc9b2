"""Where the last board is, and when that is certain enough to paint over it."""

import pytest

from chatlib.terminal.board import LastBoard, count_rows

SIZE = (20, 10)
BOARD = "head\n 1 | 2\n 3 | 4"


def write(text: str) -> None:
    """Write nothing: the functions are only compared."""


def write_error(text: str) -> None:
    """Write nothing, to another stream."""


@pytest.fixture
def board() -> LastBoard:
    """Return the board of game 1, three rows high, in a window of 20 by 10."""
    board = LastBoard()
    board.place(1, BOARD, SIZE)
    return board


def test_before_the_first_board_there_is_nothing_to_lift() -> None:
    """What is written then is not kept."""
    board = LastBoard()
    board.add(write, "hello")
    assert board.lift(1, SIZE) == (0, [])


def test_a_board_is_lifted_with_what_was_written_below_it(board: LastBoard) -> None:
    """Each text with its own stream, in order; looks take no room, long lines more rows."""
    assert board.lift(1, SIZE) == (3, [])
    board.add(write, "\x1b[1;36mBob:\x1b[m hi")
    board.add(write_error, "x" * 21)
    assert board.lift(1, SIZE) == (
        6,
        [(write, "\x1b[1;36mBob:\x1b[m hi"), (write_error, "x" * 21)],
    )
    board.place(1, BOARD, SIZE)
    assert board.lift(1, SIZE) == (3, [])


def test_a_board_of_another_game_stays(board: LastBoard) -> None:
    """It is the last one of a game that is over."""
    assert board.lift(2, SIZE) == (0, [])


def test_a_board_is_not_lifted_out_of_the_scrollback(board: LastBoard) -> None:
    """The line being edited pushes up what is above it by as many rows as it takes."""
    board.note_painting(7, SIZE)
    assert board.lift(1, SIZE) == (3, [])
    board.note_painting(8, SIZE)
    board.note_painting(1, SIZE)
    assert board.lift(1, SIZE) == (0, [])


def test_without_a_line_being_edited_the_cursor_takes_a_row(board: LastBoard) -> None:
    """It stands below what was written."""
    for _ in range(6):
        board.add(write, "")
    assert board.lift(1, SIZE)[0] == 9
    board.add(write, "")
    assert board.lift(1, SIZE) == (0, [])
    board.add(write, "")
    assert board._below == []


@pytest.mark.parametrize("size", [(21, 10), (20, 11)], ids=["wider", "higher"])
def test_in_another_window_nothing_is_certain(
    board: LastBoard, size: tuple[int, int]
) -> None:
    """Not even when it has the old size again."""
    assert board.lift(1, size) == (0, [])
    board.note_painting(2, size)
    board.note_painting(2, SIZE)
    assert board.lift(1, SIZE) == (0, [])


def test_a_board_is_left_where_others_may_have_written(board: LastBoard) -> None:
    """As a shell does while the program is stopped."""
    board.forget()
    board.add(write, "hello")
    assert board.lift(1, SIZE) == (0, [])


@pytest.mark.parametrize(
    "text", ["\N{CJK UNIFIED IDEOGRAPH-4E00}" * 11, "\u0301" * 30, "bell \a", "\x1b[5A"]
)
def test_a_text_of_unknown_height_leaves_the_board(board: LastBoard, text: str) -> None:
    """Terminals differ about where it is wrapped, or the cursor moves."""
    board.add(write, text)
    assert board.lift(1, SIZE) == (0, [])
    board.place(1, text, SIZE)
    assert board.lift(1, SIZE) == (0, [])


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("", 1),
        ("x" * 20, 1),
        ("x" * 21, 2),
        ("x" * 40, 2),
        ("x" * 41, 3),
        ("\N{CJK UNIFIED IDEOGRAPH-4E00}" * 10, 1),
        ("\N{CJK UNIFIED IDEOGRAPH-4E00}" * 11, None),
        ("é" * 10, 1),
        ("\t", None),
    ],
)
def test_rows_are_counted_where_all_terminals_agree(line: str, rows: int | None) -> None:
    """A full row is one row: the line end follows before anything wraps."""
    assert count_rows(line, 20) == rows


def test_a_window_without_columns_has_no_certain_rows() -> None:
    """Some terminals say that they have none."""
    assert count_rows("x", 0) is None
