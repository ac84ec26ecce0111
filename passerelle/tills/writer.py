"""The one thread that writes the book: whatever waits is written in one transaction.

A disk is asked to make a commit durable some hundred times a second at most. So all commands that
arrived while it was busy share the next commit, and each is answered after it.
"""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple, TypeVar

from passerelle.ledger.till_book import TillBook, TillEvent

T = TypeVar("T")
_MOST = 200
# A deed's result, and what the tills are to hear of it.
Written = tuple[T, list[TillEvent]]


class _Task(NamedTuple):
    deed: Callable[[], Written[Any]]
    future: "Future[Any]"


class Writer:
    """Writes in the order of :meth:`submit`; ``publish`` gets what was written, in that order."""

    def __init__(self, book: TillBook, publish: Callable[[list[TillEvent]], object]) -> None:
        self._book, self._publish = book, publish
        self._queue: SimpleQueue[_Task | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="tills-writer", daemon=True)
        self._thread.start()

    def submit(self, deed: Callable[[], Written[T]]) -> "Future[T]":
        """Has a deed done in a transaction; its result is there once that is durable."""
        future: Future[T] = Future()
        self._queue.put(_Task(deed, future))
        return future

    def close(self) -> None:
        """Ends once all that was submitted is written."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while batch := [*self._batch()]:
            try:
                done = self._write(batch)
            except BaseException as error:
                for task in batch:
                    task.future.set_exception(error)
                continue
            self._publish(
                [event for result in done if result.error is None for event in result.events]
            )
            for task, result in zip(batch, done, strict=True):
                if result.error is None:
                    task.future.set_result(result.value)
                else:
                    task.future.set_exception(result.error)

    def _batch(self) -> Iterator[_Task]:
        task = self._queue.get()
        for _number in range(_MOST):
            if task is None:
                self._queue.put(None)  # what was gathered is written first
                return
            yield task
            try:
                task = self._queue.get_nowait()
            except Empty:
                return
        if task is not None:
            yield task

    def _write(self, batch: list[_Task]) -> list["_Result"]:
        with self._book.telling(), self._book.transaction:
            return [self._do(task) for task in batch]

    def _do(self, task: _Task) -> "_Result":
        """One deed; where it fails, the others of its transaction stay."""
        try:
            with self._book.apart():
                return _Result(*task.deed())
        except sqlite3.Error:
            raise  # of the book itself: nothing of the batch is known to be written
        except Exception as error:
            return _Result(None, [], error)


class _Result(NamedTuple):
    value: Any
    events: list[TillEvent]
    error: Exception | None = None
