"""One call of the referee: the command line is read, pairs are judged, reports written."""

import argparse
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from harness.referee import isolation
from harness.referee import profile as profiles
from harness.referee.checks.all import CHECKS
from harness.referee.profile import Profile, ProfileError
from harness.referee.reports import WRITERS, ReportError, write
from harness.referee.reports.text import show
from harness.referee.result import Class, Finding, Layer, Submission, Verdict
from harness.referee.rubric import Rubric, RubricError
from harness.referee.tables import table
from harness.referee.trial import judge
from harness.referee.workers import Job, judge_all

STOPPED = 130
"""The exit code after Ctrl-C, as shells have it."""


class WrongCall(Exception):
    """The command line asks for something that cannot be; the message is one sentence."""


def run(options: argparse.Namespace) -> int:
    """Do what the command line asks; return the exit code: 0, 1 or 3. Raises WrongCall."""
    if options.worker:
        return _work()
    try:
        rubric = Rubric.read(options.rubric)
        jobs = _jobs(options, rubric)
    except (RubricError, ProfileError) as error:
        raise WrongCall(str(error)) from error
    except OSError as error:
        raise WrongCall(f"{error.filename} cannot be read: {error.strerror}") from error
    _demand_writable(options)
    if options.guess:
        from harness.referee.proposal import propose

        return propose(jobs[0].profile, jobs[0].folder)
    began = time.monotonic()

    def result_of(submissions: Iterable[Submission]) -> Class:
        seconds = round(time.monotonic() - began, 1)
        return Class(rubric.title, tuple(submissions), seconds)

    def update(submission: Submission) -> None:
        """Write results.json after every check: a run that is cut off keeps its points."""
        _write(options, result_of([submission]), ("gradescope",))

    judged = judge_all(jobs, _jobs_at_a_time(options), Console(stderr=True), update)
    if not judged:
        raise KeyboardInterrupt
    result = result_of(judged)
    _write(options, result, WRITERS)  # first: printing may fail, as into `head`
    show(Console(highlight=False), result, transcripts=options.transcripts)
    if len(judged) == len(jobs):
        return _exit_code(result)
    message = f"stopped: {len(judged)} of {len(jobs)} submissions were refereed."
    print(f"harness: {message}", file=sys.stderr)
    return STOPPED


def _jobs(options: argparse.Namespace, rubric: Rubric) -> list[Job]:
    term = options.term or rubric.term
    if term not in rubric.terms:
        names = ", ".join(rubric.terms)
        raise WrongCall(f"the rubric has no term {term!r}: use one of {names}")
    only = _chosen_checks(options.only)
    course = profiles.read(options.profile) if options.profile else profiles.Class()
    rubric_file = str(options.rubric) if options.rubric else ""
    rest = (rubric_file, term, only, options.shared, bool(options.gradescope))
    if options.gradescope and len(options.submissions) > 1:
        raise WrongCall(
            "--gradescope is for one submission: leave it out, or referee them one by one"
        )
    if not options.submissions:
        profile = _with_commands(course.profile, options)
        if not all(profile.program(side).command for side in profiles.SIDES):
            raise WrongCall(
                "say --server COMMAND and --client COMMAND, or the folders of submissions"
            )
        return [Job(Path.cwd().name, Path.cwd(), profile, *rest)]
    # A pattern such as `submissions/*` also names the files beside the folders.
    folders = [folder for folder in options.submissions if not folder.is_file()]
    for folder in folders or options.submissions:
        if not folder.is_dir():
            raise WrongCall(f"{folder} is no folder: a submission is a folder")
    _warn_of_unknown_names(course, {folder.resolve().name for folder in folders})
    return [
        Job(
            folder.resolve().name,
            folder.resolve(),
            _with_commands(course.of(folder.resolve().name), options),
            *rest,
        )
        for folder in folders
    ]


def _with_commands(profile: Profile, options: argparse.Namespace) -> Profile:
    server = replace(profile.server, command=options.server or profile.server.command)
    client = replace(profile.client, command=options.client or profile.client.command)
    for command in (server.command, client.command):
        try:
            shlex.split(command)
        except ValueError as error:
            raise WrongCall(f"{command} is no command: {error}") from error
    return replace(profile, server=server, client=client)


def _warn_of_unknown_names(course: profiles.Class, folders: set[str]) -> None:
    """Warn of submissions in the profile that have no folder: a name may be misspelt."""
    for name in sorted(set(course.own) - folders):
        message = f"the profile has [submission.{name}], and there is no such folder."
        print(f"harness: {message}", file=sys.stderr)


def _demand_writable(options: argparse.Namespace) -> None:
    """Refuse a report that cannot be written before anything is judged."""
    for path in filter(None, (getattr(options, name) for name in WRITERS)):
        if path.is_dir():
            raise WrongCall(f"{path} cannot be written: it is a folder")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise WrongCall(f"{path} cannot be written: see its folder")


def _chosen_checks(names: str | None) -> tuple[str, ...]:
    if names is None:
        return ()
    only = tuple(names.split(","))
    known = [check.name for check in CHECKS]
    for name in only:
        if name not in known:
            raise WrongCall(f"there is no check {name!r}: use some of {', '.join(known)}")
    return only


def _jobs_at_a_time(options: argparse.Namespace) -> int:
    """Return how many may be judged at a time: only one where all share a network."""
    jobs: int = options.jobs
    if jobs < 1:
        raise WrongCall(f"-j {jobs}: at least one has to be judged at a time")
    if jobs > 1 and (options.shared or not isolation.can_isolate()):
        print(
            "harness: the pairs have no network of their own: one at a time.",
            file=sys.stderr,
        )
        return 1
    return jobs


def _write(options: argparse.Namespace, result: Class, names: Iterable[str]) -> None:
    """Write those of the named reports for which the command line has a file."""
    for name in names:
        path = getattr(options, name)
        if not path:
            continue
        try:
            write(name, result, path)
        except (OSError, ReportError) as error:
            raise WrongCall(f"{path} cannot be written: {error}") from error


def _exit_code(result: Class) -> int:
    """Return 3 if nothing could be run, 1 if not every required check is kept, else 0."""
    problems = [bool(each.problem) for each in result.submissions]
    if all(problems):
        return 3
    required = [
        finding for each in result.submissions for finding in each.of_layer(Layer.REQUIRED)
    ]
    return 1 if any(problems) or any(map(_was_missed, required)) else 0


def _was_missed(finding: Finding) -> bool:
    """Return whether a required check was broken, or not tried although it applies."""
    bad = finding.verdict in (Verdict.FAIL, Verdict.ERROR)
    return bad or (finding.verdict is Verdict.NOT_RUN and finding.out_of > 0)


def _work() -> int:
    """Be a worker: read a job from stdin, judge it, write findings to stdout."""
    job = Job.from_json(sys.stdin.readline())
    # Findings go to a descriptor on which no module can print by mistake.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def progress(check: str, so_far: Callable[[], Submission]) -> None:
        step = {"check": check}
        if job.stepwise:
            step["so far"] = table(so_far())
        print(json.dumps(step), file=out, flush=True)

    rubric = Rubric.read(Path(job.rubric) if job.rubric else None)
    isolation.adopt_orphans()
    found = judge(
        job.name,
        job.folder,
        job.profile,
        rubric,
        job.term,
        job.only,
        progress,
        shared=job.shared,
    )
    print(json.dumps({"found": table(found)}), file=out, flush=True)
    return 0
