"""The time line of a run: what happened, in order, a moment for every line."""

from harness.referee.moments import WIDTH, Moments, shorten


def rows(moments: Moments) -> list[tuple[str, str, str]]:
    """Return the time line without its times."""
    return [(each.actor, each.sign, each.text) for each in moments.all()]


def test_everything_is_kept_in_the_order_in_which_it_happened() -> None:
    """Typed, shown, waited for, and what just happened; the times never fall."""
    moments = Moments()
    moments.note("client", ">", "Hello")
    moments.wait("server", "to show 'Hello'")
    moments.show("server", "Hello\n")
    moments.note("network", ":", "resets the connection")
    assert rows(moments) == [
        ("client", ">", "Hello"),
        ("server", "?", "to show 'Hello'"),
        ("server", "<", "Hello"),
        ("network", ":", "resets the connection"),
    ]
    times = [each.seconds for each in moments.all()]
    assert times == sorted(times) and times[0] >= 0


def test_output_in_several_reads_is_split_at_line_ends_only() -> None:
    """As long as nothing else happens in between; empty lines are left out."""
    moments = Moments()
    for text in ("He", "llo\n\n> ", "\n"):
        moments.show("server", text)
    moments.show("client", "a")
    moments.show("server", "b")
    assert [text for _, _, text in rows(moments)] == ["Hello", "> ", "a", "b"]


def test_an_empty_line_that_was_typed_is_a_moment() -> None:
    """A person presses Enter; a screen that shows nothing new is no news."""
    moments = Moments()
    moments.note("client", ">", "")
    assert rows(moments) == [("client", ">", "")]


def test_a_long_line_is_cut_in_the_middle() -> None:
    """Both its ends can be read, and how much is missing."""
    assert shorten("x" * WIDTH) == "x" * WIDTH
    assert shorten("a" * 100 + "b" * 200) == f"{'a' * 80} ... 140 characters ... {'b' * 80}"
