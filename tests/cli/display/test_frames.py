"""When frames are painted, on virtual time."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from miniagents.cli.display.frames import Frames

if TYPE_CHECKING:
    from collections.abc import Callable


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()


def recorder(cost_s: float = 0.0) -> tuple[list[float], Callable[[], None]]:
    """Return when frames were painted, and what paints them, which takes so long."""
    times: list[float] = []

    def paint() -> None:
        times.append(now())
        asyncio.get_running_loop().skip(cost_s)  # type: ignore[attr-defined]  # the loop's time is virtual

    return times, paint


async def test_the_first_is_painted_at_once_and_the_rest_30_times_a_second() -> None:
    """What changes all the time is painted at once and then every 33 ms, with the last change in the last frame."""
    times, paint = recorder()
    frames = Frames(paint)
    frames.ask()
    assert times == [0.0]
    for _ in range(1000):
        await asyncio.sleep(0.001)
        frames.ask()
    await asyncio.sleep(1)
    gaps = [after - before for before, after in pairwise(times)]
    assert min(gaps) == pytest.approx(0.033)
    assert max(gaps) <= 0.035
    assert times[-1] >= 1.0
    frames.ask()
    assert times[-1] == now()


@pytest.mark.parametrize(("cost_s", "gap_s"), [(0.001, 0.033), (0.005, 0.04), (0.5, 0.05)])
async def test_slow_frames_are_further_apart(cost_s: float, gap_s: float) -> None:
    """Painting takes a ninth of the time at most, but no frame comes more than 50 ms after one that was slow."""
    times, paint = recorder(cost_s)
    frames = Frames(paint)
    for _ in range(2):
        frames.ask()
        frames.ask()
        await asyncio.sleep(0.2)
    assert times[1] - times[0] == pytest.approx(cost_s + gap_s)


async def test_a_terminal_that_takes_nothing_gets_one_frame_for_all_that_came() -> None:
    """While the terminal is not ready nothing is painted and nobody waits; when it is, one frame has it all."""
    times, paint = recorder()
    is_ready = False
    frames = Frames(paint, lambda: is_ready)
    for _ in range(100):
        frames.ask()
        await asyncio.sleep(0.01)
    assert times == []
    is_ready = True
    await asyncio.sleep(0.1)
    assert len(times) == 1


async def test_the_pause_ends_when_a_frame_may_be_painted() -> None:
    """Who waits so long and asks then is painted at once, and none is waited for that is long ago."""
    times, paint = recorder()
    frames = Frames(paint)
    assert frames.pause_s() == 0
    for _ in range(3):
        frames.ask()
        assert frames.pause_s() == pytest.approx(0.033)
        await asyncio.sleep(frames.pause_s())
    assert times == pytest.approx([0.0, 0.033, 0.066])
    await asyncio.sleep(1)
    assert frames.pause_s() == 0


async def test_a_clock_is_painted_when_it_has_moved() -> None:
    """What will have changed later is painted then; what changes meanwhile is not kept waiting for it."""
    times, paint = recorder()
    frames = Frames(paint)
    frames.ask_in(0.5)
    frames.ask_in(0.1)
    await asyncio.sleep(1)
    frames.ask_in(0.5)
    frames.ask()
    await asyncio.sleep(1)
    assert times == [0.5, 1.0]


async def test_after_its_end_nothing_is_painted() -> None:
    """A frame that was on its way is not painted after the end."""
    times, paint = recorder()
    frames = Frames(paint)
    frames.ask()
    frames.ask()
    frames.stop()
    frames.stop()
    await asyncio.sleep(1)
    assert times == [0.0]


async def test_a_frame_that_fails_is_told_to_whoever_asks_next() -> None:
    """The error of a frame that was painted later is raised at the next ask, or at the end; once."""

    def paint() -> None:
        raise OSError("gone")

    frames = Frames(paint)
    with pytest.raises(OSError, match="gone"):
        frames.ask()
    for raising in (frames.ask, frames.stop):
        frames.ask_in(0.1)
        await asyncio.sleep(1)
        with pytest.raises(OSError, match="gone"):
            raising()
    frames.stop()
