"""The marks in a chain of agents."""

import copy
import pickle

import pytest

from miniagents.errors import UnsupportedPieceError
from miniagents.messages import MessageSequencePromise
from miniagents.promising.sentinels import AWAIT, CLEAR, Sentinel

both_marks = pytest.mark.parametrize("mark", [AWAIT, CLEAR], ids=repr)


@both_marks
def test_there_is_only_one_of_each(mark: Sentinel) -> None:
    """A copied or pickled mark is the mark itself, so `is` finds it in any list."""
    assert copy.deepcopy(mark) is mark
    assert pickle.loads(pickle.dumps(mark)) is mark


def test_reads_as_it_is_written() -> None:
    """A mark's `repr` is the name that one types."""
    assert repr([AWAIT, CLEAR]) == "[AWAIT, CLEAR]"
    assert list(Sentinel) == [AWAIT, CLEAR]


@both_marks
def test_is_no_message(mark: Sentinel) -> None:
    """A mark that ends up among messages is refused."""
    with pytest.raises(UnsupportedPieceError, match="Sentinel is no message"):
        MessageSequencePromise([mark])
