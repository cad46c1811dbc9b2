"""The line being edited: what it may become, and what prompt_toolkit does not keep of it.

A paste, or Alt-Enter, makes it more than one line. Enter then sends each line of a paste
as a message, and all that was typed with Alt-Enter as one. Only `edited` imports this
module.
"""

from collections import deque
from collections.abc import Callable

from prompt_toolkit import search
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.clipboard import DynamicClipboard, InMemoryClipboard
from prompt_toolkit.document import Document
from prompt_toolkit.filters import is_searching
from prompt_toolkit.history import History
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.search import SearchDirection

LINE_END = "\n"
"""What separates lines in the editor and in a message, on every system."""


class _Buffer(Buffer):
    """A buffer of which only `Line` puts anything into the history."""

    def append_to_history(self) -> None:
        """Do nothing: prompt_toolkit calls this after the accept handler.

        By then the buffer has what came back: a refused answer, or the draft set aside.
        """


class Line:
    """The buffer of the editor, and whether its lines are one message.

    `pass_on(text)` is called at Enter, for each text by itself.
    """

    def __init__(self, history: History, pass_on: Callable[[str], None]) -> None:
        self._pass_on = pass_on
        # What was sent with one key is being passed on: the question at which that was
        # typed, and whether there was one; what is still to come, and what was refused and
        # goes back into the editor.
        self._passing: tuple[int, bool] | None = None
        self._coming: deque[str] = deque()
        self._refused: list[str] = []
        # What is typed is an answer that no history may keep; and the text that was being
        # typed when the question came.
        self.is_secret = False
        self._aside = ""
        # Text that was removed, for Ctrl-Y: of the talk, and of the answer to a question,
        # which is not to come back in the talk.
        self._removed, self._removed_answer = InMemoryClipboard(), InMemoryClipboard()
        self.clipboard = DynamicClipboard(
            lambda: self._removed_answer if self.is_secret else self._removed
        )
        # How often a question began or ended.
        self._asked = 0
        self.buffer = _Buffer(multiline=False, accept_handler=self._accept, history=history)
        # A sentence for the person about what was done last, until the text changes.
        self._note = ""
        # The place in the history of the text into which Alt-Enter typed a line end.
        self._typed_at: int | None = None
        # Texts of this run that were one message: they are again, when they are recalled.
        self._wholes: set[str] = set()
        # Place in the history and cursor where the search began.
        self._before_search: tuple[int, int] | None = None
        self.buffer.on_text_changed += self._forget_note

    @property
    def count(self) -> int:
        """How many lines the text has; a line end after the last one begins no other."""
        return self.buffer.text.removesuffix(LINE_END).count(LINE_END) + 1

    @property
    def is_whole(self) -> bool:
        """Whether Enter sends all lines as one message."""
        return self._typed_at == self._place or self.buffer.text in self._wholes

    @property
    def _is_no_answer(self) -> bool:
        """Whether a question is asked, and the text cannot answer it: it has many lines.

        Such a text is not passed on: the lines after the answer would be talk.
        """
        return self.is_secret and self.count > 1

    def describe(self) -> list[str]:
        """Return what the keys do now, the most important first; [] where that is clear."""
        # A search first: it hides the line, whatever stands there.
        if is_searching():
            return ["Right takes it, Esc leaves", "Ctrl-R goes on"]
        if self._is_no_answer:
            return [f"{self.count} lines, but an answer is one: Ctrl-C drops them"]
        if self.count > 1 and self.is_whole:
            return [f"{self.count} lines, one message: Enter sends, Esc drops it"]
        if self.count > 1:
            parts = [f"{self.count} lines: Enter sends, Esc drops them"]
            return [*parts, "Ctrl-O sends one message"]
        return [self._note] if self._note else []

    # What becomes of the text.

    def _accept(self, buffer: Buffer) -> bool:
        """Pass on the lines for Enter; True keeps prompt_toolkit from removing any."""
        if not self._is_no_answer:
            self._submit(self._take())
        return True

    def send_whole(self, event: KeyPressEvent) -> None:
        """Pass on all lines as one message."""
        if self._is_no_answer:
            return
        # A line that was copied as a whole has a line end, and is no more than a line.
        text = self.buffer.text.removesuffix(LINE_END)
        many = LINE_END in text
        if many:
            self._wholes.add(text)
            self.buffer.text = text
        texts = self._take()
        # Pasted text is no command, whatever it begins with: //TEXT sends /TEXT.
        self._submit([f"/{text}"] if many and text.startswith("/") else texts)

    def _submit(self, texts: list[str]) -> None:
        """Pass on texts one by one; what is refused goes back into the editor."""
        self._coming.extend(texts)
        try:
            # A text that ends the conversation empties the queue through `take_unsent`.
            while self._coming:
                self._passing = self._asked, self.is_secret
                self._pass_on(self._coming.popleft())
        finally:
            self._passing = None
        self._return_refused()

    def _return_refused(self) -> None:
        """Put what was refused back into the editor."""
        if self._refused:
            self.put_back(self._refused)
            self._refused = []

    def ask(self, secret: bool) -> None:
        """Set the text aside for a secret answer, or bring it back after that.

        A half-typed answer is dropped with its question, and a refused one, too: as a line
        of talk it would tell what it was to hide.
        """
        if self.is_secret:
            self._refused = []
        if secret and not self.is_secret:
            self._return_refused()  # that is talk, and no answer
            if self.is_whole:
                self._wholes.add(self.buffer.text)
            self._aside = self.buffer.text
            self.reset()
        elif self.is_secret and not secret:
            self.reset()
            self.put_back([self._aside])
            self._aside = ""
        self._removed_answer = InMemoryClipboard()
        self._asked += secret or self.is_secret
        self.is_secret = secret

    def take_back(self, text: str) -> bool:
        """Put a text back into the editor; return whether it was passed on just now.

        An answer is dropped if its question is not asked any more. A line of talk is not
        taken back if a question has come.
        """
        if self._passing is None:
            return False
        asked, is_answer = self._passing
        if asked != self._asked:
            return is_answer
        self._refused.append(text)
        return True

    def _take(self) -> list[str]:
        """Remove the text from the editor into the history; return what is to be sent.

        Blanks are no message: of a paste such lines are left out, and alone they are "".
        """
        text, whole = self.buffer.text.removesuffix(LINE_END), self.is_whole
        if not text.strip():
            self.reset()
            return [""]
        if whole:
            self._wholes.add(text)
        if not self.is_secret:
            self._remember(text)
        self.reset()
        return [text] if whole else [*filter(str.strip, text.split(LINE_END))]

    def _remember(self, text: str) -> None:
        """Append a text to the history, unless that ends with it."""
        if self.buffer.history.get_strings()[-1:] != [text]:
            self.buffer.history.append_string(text)

    def put_back(self, texts: list[str]) -> None:
        """Put texts that were not sent into the editor, before what is typed there."""
        # Of a paste that was set aside it is known whether it was one.
        if len(texts) == 1 and LINE_END in texts[0] and texts != [self._aside]:
            self._wholes.add(texts[0])
        text = LINE_END.join([*texts, self.buffer.text] if self.buffer.text else texts)
        self.buffer.document = Document(text)

    def drop(self, event: KeyPressEvent) -> None:
        """Remove the text from the editor; Ctrl-Y inserts it again."""
        if self.is_whole:
            self._wholes.add(self.buffer.text)
        # Not into the history: what is dropped may be a password, pasted by mistake.
        event.app.clipboard.set_text(self.buffer.text)
        self.reset()
        self._note = "Dropped, Ctrl-Y brings it back"

    def take_unsent(self) -> list[str]:
        """Remove what was typed and not sent; return it line by line, without blank ones.

        Lines that were only recalled from the history are not among it.
        """
        coming = LINE_END.join([*self._coming, self._aside]).split(LINE_END)
        self._coming.clear()
        self._aside = ""
        lines = [*filter(str.strip, coming), *self._list_unsent()]
        self.reset()
        return lines

    def _list_unsent(self) -> list[str]:
        """Return the lines in the editor that were not sent, changed entries included."""
        # prompt_toolkit has a copy of the history in which entries can be changed, the
        # line being typed last. It has no public name.
        texts = reversed(self.buffer._working_lines)
        # Nothing was sent of the line being typed, even if an entry equals it.
        entries = ["", *reversed(self.buffer.history.get_strings())]
        unsent: list[str] = []
        for text, entry in zip(texts, entries, strict=False):
            known = entry.split(LINE_END)
            typed = [each for each in text.split(LINE_END) if each not in known]
            unsent = [*filter(str.strip, typed), *unsent]
        return unsent

    def reset(self) -> None:
        """Empty the editor."""
        self.buffer.reset()
        self._note = ""
        self._typed_at = self._before_search = None

    def type_line_end(self, event: KeyPressEvent) -> None:
        """Insert a line end; from here on the lines are one message."""
        # Kept with its place: Up leaves this text, and may come to a paste of lines.
        self._typed_at = self._place
        self.buffer.insert_text(LINE_END)

    def _forget_note(self, buffer: Buffer) -> None:
        self._note = ""
        if LINE_END not in buffer.text:
            self._typed_at = None

    @property
    def _place(self) -> int:
        """The place in the history, counted from its end: it is loaded at its front."""
        return len(self.buffer._working_lines) - self.buffer.working_index

    # The search in the history.

    def search(self, event: KeyPressEvent) -> None:
        """Begin to search backwards."""
        self._before_search = self._place, self.buffer.cursor_position
        search.start_search(direction=SearchDirection.BACKWARD)

    def search_on(self, event: KeyPressEvent) -> None:
        """Go on to an earlier match; without words there is none to go on from."""
        if event.current_buffer.text:
            search.do_incremental_search(SearchDirection.BACKWARD)

    def accept_match(self, event: KeyPressEvent) -> None:
        """Put what was found into the editor; without words nothing was found."""
        if event.current_buffer.text:
            search.accept_search()
        else:
            self.leave_search(event)

    def accept_match_at_end(self, event: KeyPressEvent) -> None:
        """Put what was found into the editor, with the cursor behind it."""
        self.accept_match(event)
        self.buffer.cursor_position = len(self.buffer.text)

    def leave_search(self, event: KeyPressEvent) -> None:
        """End the search with the text and the cursor as they were before."""
        search.stop_search()
        # Each further Ctrl-R has moved the editor itself in the history.
        if self._before_search:  # the line may have been discarded meanwhile
            place, position = self._before_search
            self.buffer.working_index = len(self.buffer._working_lines) - place
            self.buffer.cursor_position = position
