"""`make bench` reckons right, and notices what is wrong; nothing is measured here."""

import os
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench import __main__ as bench
from tests.bench import codec, pairs, table
from tests.bench.contenders import CONTENDERS, Contender, available
from tests.bench.limits import LIMITS, Limit
from tests.bench.results import Figure, Results, Sample, percentile, ratios, spread
from tests.bench.suites import SUITES
from tests.bench.table import Column, Job, Scope, Suite, Table


def results_of(suite: str, **figures: dict[str, list[float]]) -> Results:
    """Make results by hand: names, metrics, values."""
    results = Results({"date": "today"})
    for name, metrics in figures.items():
        for metric, values in metrics.items():
            for value in values:
                results.add(suite, Sample(name, metric, value))
    return results


# The arithmetic.


def test_a_ratio_is_taken_pair_by_pair() -> None:
    """A machine that gets three times slower between two rounds changes no ratio."""
    ours, others = [10.0, 30.0, 20.0], [20.0, 60.0, 60.0]
    assert ratios(ours, others) == [1 / 2, 1 / 2, 1 / 3]
    assert (
        spread(ratios(ours, others)).median != spread(ours).median / spread(others).median
    )


def test_values_of_different_rounds_are_no_pairs() -> None:
    """What was left out in a round cannot be compared."""
    with pytest.raises(ValueError):
        ratios([1, 2], [1])


def test_a_spread_is_the_median_and_the_inner_eighty_per_cent() -> None:
    """A tenth is cut off at each end; of few values nothing is."""
    assert spread([*range(1, 21)]) == (10.5, 3, 18)
    assert spread([3, 1, 2]) == (2, 1, 3)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    """Nothing is made up between two values, nor beyond the last."""
    values = [float(each) for each in range(100)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile([7.0], 0.99) == 7


def test_a_figure_of_what_was_not_measured_has_no_values() -> None:
    """A contender that is not installed leaves a gap, not a crash."""
    results = results_of("decode", ours={"64 B": [1.0]})
    assert Figure("decode", "ours", "64 B", ("websockets", "64 B")).values(results) == []
    assert Figure("decode", "ours", "16 B").values(results) == []
    assert Figure("growth", "ours", "64 B").values(results) == []


def test_results_survive_a_file(tmp_path: Path) -> None:
    """What is kept is what is printed later."""
    results = results_of("s", one={"a": [1.25, 3], "b": [2e-9]}, two={"a": [1234567.0]})
    results.save(tmp_path / "kept.json")
    again = Results.load(tmp_path / "kept.json")
    assert again.about == {"date": "today"}
    assert again.suites == results.suites
    assert again.values("s", "two", "a") == [1234600]  # five digits


# Tables.


def test_a_table_is_markdown_with_ratios_and_without_what_is_empty() -> None:
    """Ready to be pasted."""
    results = results_of("s", ours={"t": [1, 2]}, other={"t": [4, 6]}, third={"u": [1]})
    columns = [
        Column("us", "t"),
        Column("not measured", "v"),
        Column("x other", "t", "other", faster=True),
    ]
    suite = Suite("s", "About.", [Table("T", "who", columns)], nothing, 1, 1)
    assert table.show(results, suite).splitlines()[4:] == [
        "**T**",
        "",
        "| who   |   us |    x other |",
        "| ----- | ---: | ---------: |",
        "| ours  | 1.50 | 3.50 (3-4) |",
        "| other |    5 |          1 |",
    ]


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (2.345, "2.35"), (9.997, "10.0"), (45.67, "45.7"), (1234567.8, "1,234,568")],
)
def test_a_value_has_three_digits_or_more(value: float, words: str) -> None:
    """Enough to compare, few enough to read."""
    assert table.plain(value) == words


def test_what_is_measured_may_keep_what_it_compiles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else it is the compiler that is measured: a start takes 20 ms longer."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    bench.measure([], quick=True, rounds=None)
    assert "PYTHONDONTWRITEBYTECODE" not in os.environ


# Limits.


def test_every_limit_is_about_something_that_is_measured() -> None:
    """A name that was changed in one place only would never be judged."""
    for limit in LIMITS:
        assert limit.figure.suite in SUITES
    assert len({limit.what for limit in LIMITS}) == len(LIMITS)


@pytest.mark.parametrize(
    ("least", "most", "good", "bad"),
    [(8.0, None, 8.0, 7.9), (None, 0.4, 0.4, 0.41), (0.8, 1.2, 1.0, 0.7)],
)
def test_a_limit_is_kept_up_to_its_bound(
    least: float | None, most: float | None, good: float, bad: float
) -> None:
    """And not beyond."""
    limit = Limit("x", Figure("s", "ours", "t"), least, most)
    assert limit.holds(good)
    assert not limit.holds(bad)


def test_a_figure_over_its_limit_makes_the_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And stderr names it; one that keeps it does neither."""
    kept = tmp_path / "kept.json"
    for times, code in ((9.0, 0), (7.0, 1)):
        results_of("decode", ours={"64 B": [1]}, websockets={"64 B": [times]}).save(kept)
        assert bench.main(["--from-json", str(kept)]) == code
        told = capsys.readouterr()
        assert "decode 64-byte messages in 64 KiB chunks" in told.out
        assert told.err.count("decode 64-byte") == code


def test_a_limit_of_a_suite_that_was_not_asked_for_is_not_judged(tmp_path: Path) -> None:
    """`--suite` is about what it names."""
    kept = tmp_path / "kept.json"
    results_of("decode", ours={"64 B": [1]}, websockets={"64 B": [1]}).save(kept)
    assert bench.main(["--from-json", str(kept), "--suite", "encode"]) == 0
    assert bench.main(["--from-json", str(kept), "--suite", "decode"]) == 1


# The rounds.


@contextmanager
def nothing(scope: Scope):  # type: ignore[no-untyped-def]
    """Yield no jobs."""
    yield []


def test_rounds_are_interleaved() -> None:
    """A B A B, never A A B B; each has a value a round."""
    order: list[str] = []

    def job(name: str) -> Job:
        def measure() -> Sequence[Sample]:
            order.append(name)
            return [Sample(name, "t", float(len(order)))]

        return measure

    @contextmanager
    def jobs(scope: Scope):  # type: ignore[no-untyped-def]
        yield [job("a"), job("b")]

    results = Results()
    bench.run(Suite("s", "", [], jobs, 9, 2), results, quick=True)
    assert order == ["a", "b", "a", "b"]
    assert results.values("s", "b", "t") == [2, 4]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--suite", "decode,nonsense"], "no suite 'nonsense'"),
        (["--from-json", "/nowhere"], "cannot read /nowhere"),
        (["--rounds", "0"], "at least 1"),
    ],
)
def test_a_wrong_call_is_said_in_a_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the exit code is 2."""
    try:
        code = bench.main(arguments)
    except SystemExit as end:
        code = int(str(end.code))
    assert code == 2
    assert words in capsys.readouterr().err


# The contenders.

INSTALLED = available(CONTENDERS, lambda words: None)


@pytest.mark.parametrize("contender", INSTALLED, ids=lambda each: each.name)
def test_a_contender_gives_what_it_was_given(contender: Contender) -> None:
    """However the bytes are cut; what is compared must do the same work."""
    bodies = [b"a", b"x" * 125, b"y" * 126, b"z" * 4096]
    for scenario in (codec.MIXED, codec.SPLIT, codec.BYTEWISE[0]):
        codec.check_decoder(contender, bodies, scenario)
    codec.check_encoder(contender, bodies)


def test_a_contender_that_loses_a_message_is_noticed() -> None:
    """The check itself can fail."""
    lossy = CONTENDERS[0]._replace(decode=lambda chunks, take: None, encode=b"".join)
    with pytest.raises(codec.Wrong):
        codec.check_decoder(lossy, [b"a"], codec.MIXED)
    with pytest.raises(codec.Wrong):
        codec.check_encoder(lossy, [b"a"])


def test_what_is_not_installed_is_named_and_left_out() -> None:
    """With the module that is missing."""
    told: list[str] = []
    missing = CONTENDERS[0]._replace(name="other", library="no_such_module")
    assert available([missing, CONTENDERS[0]], told.append) == [CONTENDERS[0]]
    chat = pairs.OURS._replace(name="other chat", needs="no_such_command")
    assert pairs.available([chat, pairs.OURS], told.append) == [pairs.OURS]
    assert told == [
        "other is left out: no_such_module is not installed",
        "other chat is left out: no_such_command is not installed",
    ]


def test_scenarios_are_the_same_in_every_run() -> None:
    """Chance is seeded: two runs can be compared."""
    assert codec.MIXED.bodies() == codec.MIXED.bodies()
    assert codec.SPLIT.chunks(b"x" * 1000) == codec.SPLIT.chunks(b"x" * 1000)
    assert b"".join(codec.SPLIT.chunks(b"abc" * 999)) == b"abc" * 999


SMALL = [
    chat
    for chat in pairs.available(pairs.CHATS, lambda words: None)
    if chat.name in ("ours", "nc", "blocking sockets")
]


@pytest.mark.parametrize("chat", SMALL, ids=lambda chat: chat.name)
def test_a_pair_carries_every_line_in_its_place(chat: pairs.Chat) -> None:
    """Real programs, on pipes."""
    with pairs.Pair(chat) as pair:
        pair.pour(0, 1000)
        pair.pour(1000, 10, 4096)
        pair.settle()


def test_a_line_that_differs_is_noticed() -> None:
    """As long as what is expected, but not the same."""
    with pairs.Pair(pairs.OURS) as pair:
        pair.listener.prefix = b"CLIENT: "
        with pytest.raises(pairs.Broken, match="differs"):
            pair.pour(0, 1)
