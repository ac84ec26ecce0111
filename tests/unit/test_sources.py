"""How old a file is, in words."""

from datetime import timedelta

import pytest

from passerelle.base.wording import in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0.9, "0 seconds"), (1, "1 second"), (119, "119 seconds"), (120, "2 minutes")),
        *((3599, "59 minutes"), (3600, "1 hour"), (86399, "23 hours"), (86400, "1 day")),
    ],
)
def test_a_time_span_is_told_as_people_say_it(seconds: float, words: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == words
