"""Names of hosts become addresses in a fixed order, or one sentence that says why not."""

import socket
from typing import Any

import pytest

from chatlib.addresses import resolve
from chatlib.errors import Exit, StartError, words

STREAM = socket.SOCK_STREAM
SIX = (socket.AF_INET6, STREAM, 6, "", ("::1", 80, 0, 0))
OTHER_SIX = (socket.AF_INET6, STREAM, 6, "", ("2001:db8::1", 80, 0, 0))
FOUR = (socket.AF_INET, STREAM, 6, "", ("127.0.0.1", 80))
OTHER_FOUR = (socket.AF_INET, STREAM, 6, "", ("192.0.2.1", 80))


def answer(monkeypatch: pytest.MonkeyPatch, *found: tuple[Any, ...]) -> None:
    """Let the resolver answer this, because its own answers differ between machines."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: list(found))


def test_a_numeric_address_stands_for_itself() -> None:
    """No question is asked about it."""
    assert resolve("127.0.0.1", 7777) == [(socket.AF_INET, ("127.0.0.1", 7777))]
    assert resolve("::1", 7777) == [(socket.AF_INET6, ("::1", 7777, 0, 0))]


def test_localhost_is_127_0_0_1_first() -> None:
    """As on the assignment sheet, on every machine."""
    assert resolve("localhost", 7777)[0] == (socket.AF_INET, ("127.0.0.1", 7777))


def test_ipv4_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the order of the resolver is kept."""
    answer(monkeypatch, SIX, OTHER_FOUR, OTHER_SIX, FOUR)
    assert resolve("example", 80) == [
        (socket.AF_INET, ("192.0.2.1", 80)),
        (socket.AF_INET, ("127.0.0.1", 80)),
        (socket.AF_INET6, ("::1", 80, 0, 0)),
        (socket.AF_INET6, ("2001:db8::1", 80, 0, 0)),
    ]


def test_every_address_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hosts file may name one twice; a server cannot listen there twice."""
    answer(monkeypatch, FOUR, SIX, FOUR, SIX)
    assert resolve("example", 80) == [
        (socket.AF_INET, ("127.0.0.1", 80)),
        (socket.AF_INET6, ("::1", 80, 0, 0)),
    ]


def test_an_unknown_host_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the host and the reason, without the error's number."""

    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # A real question for an unknown name takes as long as the network likes.
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(StartError) as raised:
        resolve("nowhere.example", 7777)
    assert str(raised.value) == (
        "there is no host nowhere.example (Name or service not known)"
    )
    assert raised.value.code == Exit.START


def test_port_0_stays_0() -> None:
    """The resolver is not to make anything of it."""
    assert resolve("127.0.0.1", 0) == [(socket.AF_INET, ("127.0.0.1", 0))]


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("a" * 64, id="label-too-long"),
        pytest.param("ü" * 64, id="unicode-label-too-long"),
        pytest.param("a.." * 100, id="empty-label"),
        pytest.param("\udcff", id="not-unicode"),
    ],
)
def test_a_host_that_no_resolver_can_be_asked_for_is_one_sentence(host: str) -> None:
    """A name that cannot be one is no host either, and no reason for a traceback."""
    with pytest.raises(StartError) as raised:
        resolve(host, 7777)
    sentence = str(raised.value)
    assert sentence.startswith(f"there is no host {host} (")
    assert sentence.endswith(")")
    assert "[Errno" not in sentence
    assert "\n" not in sentence
    assert raised.value.code == Exit.START
    # Not "during handling of the above exception": the person has no use for it.
    assert raised.value.__suppress_context__


def test_words_leave_the_number_out() -> None:
    """`[Errno 111]` is for programmers."""
    assert words(ConnectionRefusedError(111, "Connection refused")) == "Connection refused"
    assert words(ValueError("no number here")) == "no number here"
