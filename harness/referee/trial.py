"""A trial: all checks of one submission, in order, repeated where they fail.

A check that fails is run again, because a race inside a submission must not decide its
points by luck: what fails three times out of three has failed; what passes once is run
five times, and the majority counts.
"""

import shlex
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from harness.referee import isolation
from harness.referee.bench import Bench, Clock, Outcome, Traces, not_run
from harness.referee.checks import Check
from harness.referee.checks.all import CHECKS
from harness.referee.pair import DEFAULT_PORT, Unreached
from harness.referee.profile import SIDES, Profile, ProfileError
from harness.referee.result import Evidence, Finding, Submission, Verdict
from harness.referee.rubric import Rubric

FIRST, ALL = 3, 5
"""Attempts at a check that fails each time, and at one that fails now and then."""

PREPARING_SECONDS = 60.0
"""Limit for the command that makes the programs."""

Tries = list[tuple[Outcome, Traces]]
"""How each attempt came out, with its evidence."""

Progress = Callable[[str, Callable[[], Submission]], None]
"""Called with each check that begins, and a function that returns the findings so far."""

_Reach = Callable[[str, tuple[Finding, ...]], None]


def judge(
    name: str,
    folder: Path,
    profile: Profile,
    rubric: Rubric,
    term: str,
    only: Iterable[str] = (),
    progress: Progress = lambda check, so_far: None,
    *,
    shared: bool = False,
) -> Submission:
    """Run all checks on one pair and return what was found.

    Where the system allows it, and unless the network is to be `shared`, this process is
    in network namespaces of its own afterwards. Never raises for what the programs do.
    """
    began = time.monotonic()
    try:
        profile = find_commands(profile, folder)
        prepare(profile, folder)
    except ProfileError as error:
        return _submission(name, profile, rubric, began, (), str(error))
    isolated = not shared and isolation.isolate()
    bench = Bench(profile, folder, rubric.terms[term].quit_ends, isolated=isolated)
    found = partial(_submission, name, profile, rubric, began)

    def reached(check: str, so_far: tuple[Finding, ...]) -> None:
        progress(check, partial(found, so_far))

    return found(_run_checks(bench, rubric, set(only), reached))


def _submission(
    name: str,
    profile: Profile,
    rubric: Rubric,
    began: float,
    findings: tuple[Finding, ...],
    problem: str = "",
) -> Submission:
    server, client = (_typed_command(profile, side) for side in SIDES)
    return Submission(
        name,
        findings,
        server,
        client,
        interpreter(server),
        round(time.monotonic() - began, 1),
        problem,
        _notes(profile),
        rubric.manual,
    )


def find_commands(profile: Profile, folder: Path) -> Profile:
    """Find the programs for which the profile has no command. Raises ProfileError."""
    for side in SIDES:
        program = profile.program(side)
        if not program.command:
            path = _find(folder / profile.folder, program.find, side)
            command = f"{{python}} {shlex.quote(path)}"
            program = replace(program, command=command)
            profile = (
                replace(profile, server=program)
                if side == "server"
                else replace(profile, client=program)
            )
    return profile


def prepare(profile: Profile, folder: Path) -> None:
    """Run the profile's command that makes the programs. Raises ProfileError."""
    if not profile.prepare:
        return
    try:
        run = subprocess.run(
            shlex.split(profile.prepare),
            cwd=folder / profile.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PREPARING_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProfileError(f"{profile.prepare!r} did not work: {error}") from error
    if run.returncode:
        said = (run.stderr or run.stdout).decode("utf-8", "replace").strip()
        raise ProfileError(
            f"{profile.prepare!r} ended with {run.returncode}: {said[-400:]}"
        )


@cache
def interpreter(command: str) -> str:
    """Return the Python that runs the programs, with its version; empty: none does."""
    program = shlex.split(command)[0] if command else ""
    if "python" not in Path(program).name:
        return ""
    try:
        run = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return program
    return f"{program}: {(run.stdout or run.stderr).strip()}"


def _find(folder: Path, patterns: Iterable[str], side: str) -> str:
    """Find a side's file. Raises ProfileError unless there is exactly one."""
    for pattern in patterns:
        found = sorted(folder.glob(pattern))
        if len(found) > 1:
            names = ", ".join(each.name for each in found)
            raise ProfileError(
                f"several files could be the {side}: {names}: say which in the profile, "
                f"as {side}.command."
            )
        if found:
            return str(found[0].relative_to(folder))
    raise ProfileError(
        f"no file in {folder} looks like the {side} ({', '.join(patterns)}): say which it "
        f"is in the profile, as {side}.command or {side}.find."
    )


def _run_checks(
    bench: Bench, rubric: Rubric, only: set[str], reached: _Reach
) -> tuple[Finding, ...]:
    """Run the checks that the rubric has, in order, as long as there is time."""
    clock = Clock(bench.profile.limits.submission)
    found: dict[str, Finding] = {}
    aside: set[str] = set()
    wanted = _with_needs(only)

    def graded() -> tuple[Finding, ...]:
        return tuple(
            replace(each, out_of=0.0) if each.check in aside else each
            for each in rubric.complete(found.values(), "it was not reached in time")
            if not only or each.check in only
        )

    for check in CHECKS:
        if check.name not in rubric.by_name or (only and check.name not in wanted):
            continue
        reached(check.name, graded())
        found[check.name], applies = _run_check(bench, check, found, clock)
        aside |= set() if applies else {check.name}
    return graded()


def _with_needs(only: set[str]) -> set[str]:
    """Return these checks, those that they need, and those that begin every talk."""
    wanted = set(only)
    for check in reversed(CHECKS):
        if check.name in wanted:
            wanted |= {*check.needs, *(("six-lines", "connects", "starts") * check.talks)}
    return wanted


def _run_check(
    bench: Bench, check: Check, found: dict[str, Finding], clock: Clock
) -> tuple[Finding, bool]:
    """Run a check, unless something is in its way; return also whether it applies."""
    began = time.monotonic()
    reason = _obstacle(bench, check, found, clock)
    if reason:
        outcome, evidence = not_run(reason), Evidence()
    else:
        outcome, evidence = _repeat(bench, check, clock)
    finding = Finding(
        check.name,
        check.about,
        check.layer,
        outcome.verdict,
        outcome.explanation,
        seconds=round(time.monotonic() - began, 2),
        evidence=evidence,
    )
    return finding, outcome.applies


def _obstacle(bench: Bench, check: Check, found: dict[str, Finding], clock: Clock) -> str:
    """Return why a check need not even be tried; empty: nothing is in its way."""
    bad = (Verdict.FAIL, Verdict.NOT_RUN, Verdict.ERROR)
    for need in check.needs:
        if need in found and found[need].verdict in bad:
            return f"it needs {need}, which did not pass"
    if check.talks and not bench.can_talk:
        return "plain lines do not get through between the two programs"
    if clock.is_over:
        return f"the {bench.profile.limits.submission:g} s of this submission were over"
    return ""


def _repeat(bench: Bench, check: Check, clock: Clock) -> tuple[Outcome, Evidence]:
    """Try a check until it is clear how it comes out; keep the evidence of a failure."""
    tries: Tries = []
    goal = 1
    while len(tries) < goal:
        bench.attempt, bench.traces = len(tries), Traces()
        outcome = _try(bench, check)
        tries.append((outcome, bench.traces))
        fails = sum(each.verdict is Verdict.FAIL for each, _ in tries)
        if clock.is_over or outcome.verdict is Verdict.ERROR:
            break
        # One pass is enough. A failure is tried again; if it comes and goes, more often.
        if fails:
            goal = FIRST if fails == len(tries) else ALL
    outcome, traces, attempts = decide(tries)
    return outcome, _evidence(outcome, traces, bench, attempts)


def decide(tries: Tries) -> tuple[Outcome, Traces, str]:
    """Decide by the majority of the attempts; explain it where they differ."""
    bad = [each for each in tries if each[0].verdict is Verdict.FAIL]
    good = [each for each in tries if each[0].verdict is not Verdict.FAIL]
    outcome, traces = (bad or tries)[0]
    attempts = ""
    if bad and good:
        attempts = f"failed {len(bad)} of {len(tries)}"
        often = len(bad) > len(good)
        outcome = replace(
            outcome,
            verdict=Verdict.FAIL if often else Verdict.TOLERATED,
            explanation=f"it does not always come out the same ({attempts} times), "
            f"because something in it depends on who is faster. {outcome.explanation}",
        )
    return outcome, traces, attempts


def _try(bench: Bench, check: Check) -> Outcome:
    """Try a check once; a fault of the referee itself becomes an ERROR."""
    try:
        return check.play(bench)
    except Unreached as unreached:
        return not_run(f"it was not reached: {unreached}")
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Outcome(
            Verdict.ERROR,
            f"the referee itself failed: {type(error).__name__}: {error} "
            f"({Path(where.filename).name}, line {where.lineno}); please report it.",
        )


def _evidence(outcome: Outcome, traces: Traces, bench: Bench, attempts: str) -> Evidence:
    return Evidence(
        outcome.expected,
        outcome.seen,
        tuple(traces.moments),
        tuple(traces.sides),
        _steps_by_hand(traces, bench) if outcome.verdict is not Verdict.PASS else (),
        attempts,
    )


def _steps_by_hand(traces: Traces, bench: Bench) -> tuple[str, ...]:
    """Return how to see the same by hand: two terminals, and what to type in each."""
    steps = [f"cd {shlex.quote(str(bench.folder / bench.profile.folder))}"]
    steps += [
        f"{each.command}    # in the {each.actor}'s terminal" for each in traces.sides
    ]
    for moment in traces.moments:
        if moment.sign == ">":
            steps.append(f"type in the {moment.actor}'s terminal: {moment.text}")
        elif moment.actor in ("referee", "network") and moment.sign == ":":
            steps.append(f"then the {moment.actor} {moment.text}")
    return tuple(steps[:40])


def _typed_command(profile: Profile, side: str) -> str:
    """Return a side's command line as a person would type it."""
    python = shlex.quote(profile.python or sys.executable)
    command = profile.program(side).command.replace("{python}", python)
    return command.replace("{port}", str(profile.port or DEFAULT_PORT))


def _notes(profile: Profile) -> tuple[str, ...]:
    return (f"prepared by {profile.prepare}",) if profile.prepare else ()
