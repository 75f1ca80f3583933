"""A pool: how many of its processes are under way at once, in which order they begin, and that what
one said before it ended is heard."""

from __future__ import annotations

import ast
import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import benchmark
from benchmark.running.pool import Pool, Worker, forked

FORK = multiprocessing.get_context("fork")
"""Stands for the server of runs: forks this process."""


def counting(number: int, pipe: Connection) -> None:
    for value in range(number):
        pipe.send(value)


def silent(number: int, pipe: Connection) -> None:
    pipe.close()
    signal.pause()


def pool_of(numbers: list[int], size: int, target: object = counting) -> Pool[int, Worker]:
    return Pool(numbers, size, lambda number: Worker(*forked(FORK, target, number)))


def test_a_pool_begins_the_last_first_and_no_more_than_its_size_at_once() -> None:
    pool = pool_of([3, 2, 1], 2, silent)
    assert len(list(pool.begin())) == 2 and pool.waiting == [3]
    assert list(pool.begin()) == [] and pool.busy
    first = pool.workers[0]
    first.send(signal.SIGKILL)
    first.process.join()
    assert [worker for worker, ended in pool.turn() if ended] == [first]
    assert len(list(pool.begin())) == 1 and pool.waiting == []
    pool.kill()
    assert not any(worker.process.is_alive() for worker in pool.workers)


def test_all_that_a_process_said_before_it_ended_is_heard() -> None:
    pool = pool_of([0, 1, 300], 3)
    heard: dict[int, list[int]] = {}
    ends = []
    for worker in pool.begin():
        heard[id(worker)] = []
    while pool.busy:
        for worker, ended in pool.turn():
            heard[id(worker)] += worker.messages()
            if ended:
                ends.append(worker.process.exitcode)
    assert sorted(map(len, heard.values())) == [0, 1, 300] and ends == [0, 0, 0]
    assert max(heard.values(), key=len) == list(range(300))


def test_a_process_whose_pipe_is_closed_is_under_way_until_it_ends() -> None:
    pool = pool_of([0], 1, silent)
    (worker,) = pool.begin()
    while not worker.closed:
        assert [ended for _, ended in pool.turn()] == [False]
        assert list(worker.messages()) == []
    assert not worker.has_ended()
    os.kill(worker.process.pid, signal.SIGKILL)
    worker.process.join()
    assert [ended for _, ended in pool.turn()] == [True] and not pool.busy


def waits_for_processes(text: str) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "multiprocessing.connection"
        and "wait" in {alias.name for alias in node.names}
        for node in ast.walk(ast.parse(text))
    )


def test_processes_are_waited_for_in_one_place() -> None:
    assert waits_for_processes("def f():\n    from multiprocessing.connection import Pipe, wait\n")
    files = Path(benchmark.__file__).parent.rglob("*.py")
    assert [path.stem for path in files if waits_for_processes(path.read_text())] == ["pool"]
