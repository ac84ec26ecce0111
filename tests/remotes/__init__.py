"""The servers of others: what each kind does alike, what is odd, and who may enter."""

from datetime import timedelta

from passerelle.base.deadline import Deadline


class Hurried(Deadline):
    """Time enough for one test, in which the wait before another try takes none."""

    def __init__(self) -> None:
        super().__init__(timedelta(seconds=60))

    def sleep(self, wait: timedelta) -> None:
        self.remaining()
