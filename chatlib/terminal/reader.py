"""Reader: a plain terminal for a screen reader, which speaks what is appended.

Words say what colours and marks say elsewhere: who has said a line stands before each. The
kernel edits the line, nothing is painted and no escape sequence is written. Knows no
protocol; only `program` builds one, for `--reader`.
"""

from contextlib import suppress

from chatlib.errors import ScreenClosedError
from chatlib.loop import Loop
from chatlib.terminal.plain import Plain
from chatlib.terminal.wrap import split_lines

USUAL = ">"
"""The prompt of a person who has chosen none."""

PROMPT = "You say: "
"""What asks for a message; the line that is typed behind it is then a sentence."""


class Reader(Plain):
    """A screen to which sentences are appended, each with the name of who speaks.

    A prompt that the person has chosen is used instead of PROMPT.
    """

    names_turns = True
    says_boards = True

    def __init__(
        self, loop: Loop, prompt: str, *, bell: bool = False, timestamps: bool = False
    ) -> None:
        # The default is a mark, and marks are what a screen reader leaves out or spells.
        prompt = PROMPT if prompt == USUAL else prompt
        super().__init__(loop, prompt, bell=bell, timestamps=timestamps)

    def show_messages(self, speaker: str, texts: list[str]) -> None:
        """Write messages of the peer, line by line; raises ScreenClosedError.

        Each line has the speaker before it, so that none can pass for another's.
        """
        # What is half typed without a prompt is not known here: the kernel has it. So a
        # message always begins on a line of its own, at the cost of an empty one.
        if not self._prompt_open:
            self.begin_line()
        # A line of its own for each: speech has no rows, and so nothing to stand under.
        rows = []
        for text in texts:
            verb = "says"
            for line in split_lines(text):
                rows.append(f"{speaker} {verb}: {line}")
                verb = "goes on"
        super().show_messages("", rows)

    def resume(self) -> None:
        """Write the prompt again on a line of its own, if it is open."""
        # `Plain` goes back to the left edge and writes over what stands there, which a
        # screen reader may read twice or not at all.
        if self._prompt_open:
            with suppress(ScreenClosedError):
                self._screen.write(f"\n{self._prompt}")
