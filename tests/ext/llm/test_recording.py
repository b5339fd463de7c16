"""What models reply, recorded and replayed, with a provider that needs no network."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from miniagents.content import Thinking, Thought, ToolCall
from miniagents.errors import (
    BadAnswerError,
    KeyRefusedError,
    ModelError,
    NotRecordedError,
    ProviderUnreachableError,
    RateLimitedError,
    SettingsError,
    TranscriptError,
)
from miniagents.ext.llm.provider import Answer
from miniagents.ext.llm.recorder import RECORDER
from miniagents.ext.llm.recording import Recorder
from miniagents.testing import recorded

ASKED = [{"role": "user", "content": "Say hello"}]
CALL = ToolCall("call-1", name="look_up", arguments='{"word": "hello"}')


class Scripted:
    """A provider that says what it is told, one piece after the other, each after so many seconds."""

    api = "scripted"
    model = "scripted-1"
    host = "here:8080"
    secrets: Sequence[str] = ()

    def __init__(self, *said: Any, options: Mapping[str, Any] | None = None, gap_s: float = 1.0, **answer: Any) -> None:
        self.said = said
        self.options = options or {}
        self.gap_s = gap_s
        self.answer = {"finish_reason": "stop", **answer}
        self.asked = self.closed = 0

    async def decode(self, request: Any, answer: Answer) -> AsyncGenerator[Any, None]:
        """Say it; raise what is an error in it."""
        self.asked += 1
        try:
            for piece in self.said:
                await asyncio.sleep(self.gap_s)
                if isinstance(piece, Exception):
                    raise piece
                yield piece
            await asyncio.sleep(self.gap_s)
            for name, value in self.answer.items():
                setattr(answer, name, value)
        finally:
            self.closed += 1

    def explain(self, error: Exception) -> ModelError | None:
        """Know what a network's errors mean, and nothing else."""
        return ProviderUnreachableError(str(error), host=self.host) if isinstance(error, ConnectionError) else None


class Forbidden(Scripted):
    """A provider that is not to be asked."""

    def decode(self, request: Any, answer: Answer) -> AsyncGenerator[Any, None]:
        """Fail."""
        raise AssertionError("a model was asked")


@dataclass
class Heard:
    """What came of a question."""

    pieces: list[Any] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)
    """When each piece came, and the end, after it was asked."""
    answer: Answer = field(default_factory=Answer)
    error: Any = None


async def ask(provider: Any, request: Any = ASKED, *, pause_s: float = 0.0) -> Heard:
    """Ask as the walk does: by the recorder, where there is one; take `pause_s` for each piece."""
    heard, clock = Heard(), asyncio.get_running_loop().time
    start_s, recorder = clock(), RECORDER.get()
    assert recorder is not None
    try:
        async with aclosing(recorder.tokens(provider, request, heard.answer)) as pieces:
            async for piece in pieces:
                heard.pieces.append(piece)
                heard.times_s.append(clock() - start_s)
                await asyncio.sleep(pause_s)
    except (ModelError, ZeroDivisionError, TranscriptError) as error:
        heard.error = error
    heard.times_s.append(clock() - start_s)
    return heard


def text_in(path: Path) -> str | None:
    """Return what is in the file, None where there is none."""
    return path.read_text("utf-8") if path.exists() else None


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the path of a recording that is not there yet, and no variable that says what to do with it."""
    monkeypatch.delenv("MINIAGENTS_RECORD", raising=False)
    return tmp_path / "replies" / "hello.jsonl"


async def test_a_reply_is_replayed_as_it_came(path: Path) -> None:
    """Tokens, thoughts, parts with the time of each, and what is known of the reply, come from the file alone."""
    said = ("Hel", Thought("hm"), Thinking("hm", signature="s"), "lo", CALL)
    told = {"model": "scripted-1.2", "id": "x", "usage": {"in": 3, "out": 2, "cached": 0}, "more": {"seed": [7]}}
    with recorded(path) as recorder:
        assert not recorder.is_replaying
        first = await ask(Scripted(*said, **told))
    with recorded(path, speed=1.0) as recorder:
        assert recorder.is_replaying
        second = await ask(Forbidden())
        third = await ask(Forbidden())
    assert first.pieces == second.pieces == list(said)
    assert [type(piece) for piece in second.pieces] == [str, Thought, Thinking, str, ToolCall]
    assert first.times_s == second.times_s == [1, 2, 3, 4, 5, 6]
    assert first.answer == second.answer == Answer(finish_reason="stop", **told)
    second.answer.more["seed"].append(8)
    assert third.answer == first.answer


@pytest.mark.parametrize(("speed", "times_s"), [(0.0, [0, 0]), (0.5, [2, 4]), (4.0, [0.25, 0.5])])
async def test_a_replay_may_be_faster_or_slower(path: Path, speed: float, times_s: list[float]) -> None:
    """The speed of a replay is the caller's; 0, which it is by itself, is at once."""
    with recorded(path):
        await ask(Scripted("a"))
    with recorded(path, speed=speed):
        assert (await ask(Forbidden())).times_s == times_s
    with recorded(path):
        assert (await ask(Forbidden())).times_s == [0, 0]


async def test_a_replay_at_once_leaves_others_their_turn(path: Path) -> None:
    """A reply that is replayed at once can still be cancelled between its tokens."""
    with recorded(path):
        await ask(Scripted(*"abc"))
    turns: list[str] = []

    async def count() -> None:
        while True:
            turns.append("turn")
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    with recorded(path):
        await ask(Forbidden())
    counting.cancel()
    assert len(turns) >= 4


async def test_what_a_reader_takes_its_time_for_is_no_part_of_the_timing(path: Path) -> None:
    """A slow reader is as slow with the replay as it was with the model, and not twice as slow."""
    with recorded(path):
        first = await ask(Scripted("a", "b", gap_s=1.0), pause_s=5)
    with recorded(path, speed=1.0):
        second = await ask(Forbidden(), pause_s=5)
    assert first.times_s == second.times_s == [1, 7, 13]


async def test_rounding_does_not_add_up(path: Path) -> None:
    """A thousand gaps under a millisecond take as long in the replay as they took."""
    with recorded(path):
        first = await ask(Scripted(*"a" * 1000, gap_s=0.0004))
    with recorded(path, speed=1.0):
        second = await ask(Forbidden())
    assert second.times_s[-1] == pytest.approx(first.times_s[-1], abs=0.001)
    assert first.times_s[-1] == pytest.approx(0.4004)


async def test_an_error_is_replayed_with_what_came_before_it(path: Path) -> None:
    """A model's error is raised again after the same tokens, in the same class and words; each time a new one."""
    error = RateLimitedError("slow down", host="here", cure="wait", retry_after_s=2.5)
    error.should_retry = False
    with recorded(path):
        first = await ask(Scripted("a", error))
    with recorded(path):
        second, third = await ask(Forbidden()), await ask(Forbidden())
    assert first.error is error
    assert first.pieces == second.pieces == ["a"]
    assert type(second.error) is RateLimitedError
    assert vars(second.error) == vars(error)
    assert str(second.error) == "here: slow down; wait"
    assert second.error is not third.error


async def test_an_error_of_an_sdk_is_recorded_as_what_it_means(path: Path) -> None:
    """A recording and its replay raise the same: our error, without the SDK's, which knows the key."""
    with recorded(path):
        first = await ask(Scripted(ConnectionError("no route")))
    with recorded(path):
        second = await ask(Forbidden())
    for heard in (first, second):
        assert (type(heard.error), str(heard.error)) == (ProviderUnreachableError, "here:8080: no route")
        assert heard.error.__cause__ is heard.error.__context__ is None


async def test_a_kind_of_error_that_is_not_ours_becomes_the_one_above_it(path: Path) -> None:
    """An error of a plugin's own class is replayed as the nearest of the family above it."""

    class OddAnswerError(BadAnswerError):
        pass

    with recorded(path):
        await ask(Scripted(OddAnswerError("odd")))
    with recorded(path):
        assert type((await ask(Forbidden())).error) is BadAnswerError


async def test_a_mistake_of_the_program_is_not_recorded(path: Path) -> None:
    """An error that is no model's is raised and not kept."""
    with recorded(path):
        assert isinstance((await ask(Scripted("a", ZeroDivisionError("ours")))).error, ZeroDivisionError)
    assert text_in(path) is None


async def test_the_same_question_is_answered_in_the_same_order(path: Path) -> None:
    """What was asked several times is replayed in that order; then the last answer repeats."""
    with recorded(path):
        for reply in "abc":
            await ask(Scripted(reply))
    with recorded(path):
        replies = [(await ask(Forbidden())).pieces for _ in range(5)]
    assert replies == [["a"], ["b"], ["c"], ["c"], ["c"]]
    with recorded(path):
        assert (await ask(Forbidden())).pieces == ["a"]


async def test_what_is_asked_at_the_same_time_keeps_its_order(path: Path) -> None:
    """Who asked first gets the same answer again, also where another one's came earlier."""
    with recorded(path):
        providers = [Scripted("slow", gap_s=3), Scripted("fast", gap_s=1), Scripted("middle", gap_s=2)]
        first = await asyncio.gather(*map(ask, providers))
    with recorded(path, speed=1.0):
        second = await asyncio.gather(*(ask(Forbidden()) for _ in providers))
    assert [heard.pieces for heard in first] == [heard.pieces for heard in second] == [["slow"], ["fast"], ["middle"]]
    assert [heard.times_s for heard in first] == [heard.times_s for heard in second]


async def test_where_and_how_it_was_sent_is_no_part_of_the_question(path: Path) -> None:
    """A recording replays against another host, with other retries and timeouts, and with options that say nothing."""
    travels = {"timeout": 3, "max_retries": 5, "extra_headers": {"x-key": "k"}, "base_url": "https://a", "seed": None}
    with recorded(path):
        await ask(Scripted("a", options={"temperature": 0.5, **travels}))
    with recorded(path):
        elsewhere = Forbidden(options={"temperature": 0.5})
        elsewhere.host = "there"
        assert (await ask(elsewhere)).pieces == ["a"]


async def test_a_provider_without_options_can_be_recorded(path: Path) -> None:
    """A plugin's provider needs neither a name of its API nor options."""

    class Bare:
        model = "bare"

        async def decode(self, request: Any, answer: Answer) -> AsyncGenerator[Any, None]:
            yield "a"

    for _ in range(2):
        with recorded(path):
            assert (await ask(Bare())).pieces == ["a"]
    assert (text_in(path) or "").count("\n") == 2


async def test_what_is_not_recorded_is_told_apart_from_the_nearest(path: Path) -> None:
    """A request that is not in the recording is an error of one line, with what differs from the nearest beside it."""
    with recorded(path):
        await ask(Scripted("a"), [{"role": "user", "content": "What is the capital of France?"}])
        await ask(Scripted("b"), [{"role": "user", "content": "Tell a joke"}])
    with recorded(path):
        heard = await ask(Forbidden(), [{"role": "user", "content": "What is the capital of Spain?"}])
    assert type(heard.error) is NotRecordedError
    assert heard.pieces == []
    assert str(heard.error) == (
        f"{path}: this request is not recorded; the nearest one, in line 2, differs in its messages;"
        " record it with MINIAGENTS_RECORD=append, or all anew with MINIAGENTS_RECORD=record"
    )
    [note] = heard.error.__notes__
    assert note.splitlines()[0] == f"--- recorded ({path}:2)"
    assert "-request[0].content: What is the capital of France?" in note.splitlines()
    assert "+request[0].content: What is the capital of Spain?" in note.splitlines()


async def test_an_empty_replay_says_so(path: Path) -> None:
    """Where there is no recording, a strict replay fails by the first question, and not before."""
    with recorded(path, mode="replay") as recorder:
        assert recorder.is_replaying
        error = (await ask(Forbidden())).error
    assert type(error) is NotRecordedError
    assert str(error).startswith(f"{path}: nothing is recorded here; record it with")
    assert text_in(path) is None


async def test_record_begins_anew(path: Path) -> None:
    """Recording anew replaces the file by its first answer, adds the others, and leaves it alone where none comes."""
    with recorded(path):
        await ask(Scripted("old"))
    with recorded(path, mode="record"):
        pass
    with recorded(path):
        assert (await ask(Forbidden())).pieces == ["old"]
    with recorded(path, mode="record") as recorder:
        assert not recorder.is_replaying
        await ask(Scripted("new"))
        await ask(Scripted("newer"))
    with recorded(path):
        assert [(await ask(Forbidden())).pieces for _ in range(2)] == [["new"], ["newer"]]


async def test_append_replays_what_is_there_and_records_the_rest(path: Path) -> None:
    """Appending asks the model only what was not asked before, or not so often."""
    with recorded(path, mode="append") as recorder:
        assert not recorder.is_replaying
        await ask(Scripted("a"))
    with recorded(path, mode="append"):
        assert (await ask(Forbidden())).pieces == ["a"]
        assert (await ask(Scripted("again"))).pieces == ["again"]
        assert (await ask(Scripted("other"), "other")).pieces == ["other"]
    with recorded(path, mode="replay"):
        assert [(await ask(Forbidden())).pieces for _ in range(2)] == [["a"], ["again"]]
        assert (await ask(Forbidden(), "other")).pieces == ["other"]


async def test_the_environment_has_the_last_word(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`MINIAGENTS_RECORD` overrides the mode, and is read when the block begins."""
    with recorded(path):
        await ask(Scripted("old"))
    again = recorded(path, mode="replay")
    monkeypatch.setenv("MINIAGENTS_RECORD", "record")
    with again:
        await ask(Scripted("new"))
    monkeypatch.setenv("MINIAGENTS_RECORD", " ")
    with again:
        assert (await ask(Forbidden())).pieces == ["new"]
    monkeypatch.setenv("MINIAGENTS_RECORD", "yes\x1b")
    with pytest.raises(SettingsError) as caught:
        again.__enter__()
    assert str(caught.value) == (
        "MINIAGENTS_RECORD=yes␛: there is no such mode of recording; take one of auto, record, replay, append"
    )
    assert RECORDER.get() is None


@pytest.mark.parametrize("speed", [-1.0, float("nan")])
def test_what_makes_no_sense_is_refused(path: Path, speed: float) -> None:
    """A mode or a speed that there is not is refused where it is given."""
    with pytest.raises(SettingsError, match="no such mode of recording"):
        Recorder(path, mode="rewrite")  # type: ignore[arg-type]  # the mistake
    with pytest.raises(SettingsError, match="give 0"):
        Recorder(path, speed=speed)


async def test_a_cancelled_exchange_is_not_kept(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A reply that was cancelled, or left by its reader, is none: the connection is closed, and a warning logged."""
    cancelled, left = Scripted("a", "b"), Scripted("a", "b")
    with recorded(path) as recorder, caplog.at_level(logging.WARNING, "miniagents"):
        task = asyncio.create_task(ask(cancelled))
        await asyncio.sleep(1.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with aclosing(recorder.tokens(left, ASKED, Answer())) as pieces:
            assert await anext(pieces) == "a"
    assert cancelled.closed == left.closed == 1
    assert text_in(path) is None
    assert caplog.messages == [f"{path}: not recorded, for nobody waited for its end: a reply of scripted-1"] * 2


async def test_what_was_cancelled_leaves_a_gap_that_harms_nobody(path: Path) -> None:
    """The exchanges before and after one that was cancelled are replayed in their order."""
    with recorded(path):
        for reply in "ab":
            await ask(Scripted(reply))
            task = asyncio.create_task(ask(Scripted("x")))
            await asyncio.sleep(0.5)
            task.cancel()
            await asyncio.wait([task])
    with recorded(path):
        assert [(await ask(Forbidden())).pieces for _ in range(2)] == [["a"], ["b"]]


async def test_each_exchange_is_in_the_file_when_it_ends(path: Path) -> None:
    """Whatever happens later, and even where the block is left by an error, what has ended is kept."""
    with suppress(ZeroDivisionError), recorded(path):
        await ask(Scripted("a"))
        assert (text_in(path) or "").count("\n") == 2
        raise ZeroDivisionError
    with recorded(path):
        assert (await ask(Forbidden())).pieces == ["a"]


async def test_a_recording_that_cannot_be_written_says_so(path: Path) -> None:
    """Who records into a place where there can be no file gets an error of the family, and not the provider's."""
    with recorded(path):
        path.parent.write_text("no folder")
        heard = await ask(Scripted("a"))
    assert type(heard.error) is TranscriptError
    assert str(heard.error).startswith(f"{path}: ")
    assert heard.error.__cause__ is None


async def test_no_secret_of_a_provider_is_written(path: Path) -> None:
    """The key is nowhere in the file, whatever it looks like and whoever says it; nor are the headers of the answer."""
    key = 'quite"ordinary'
    provider = Scripted(f"Your key is {key}.", KeyRefusedError(f"{key} is wrong"), headers={"set-cookie": key})
    provider.secrets = [key, "x"]
    with recorded(path):
        await ask(provider, [{"role": "user", "content": f"My key is {key}, next"}])
        await ask(Scripted("a", headers={"x-left": "1"}))
    written = text_in(path) or ""
    assert "ordinary" not in written
    assert "headers" not in written
    assert "next" in written
    assert "[key]" in written


async def test_waits_between_tries_are_paced_as_replies_are(path: Path) -> None:
    """Where no model is asked, nobody has to be waited for; where one may be, a wait is as long as it is."""
    with recorded(path) as recorder:
        assert recorder.wait_s(8) == 8
        await ask(Scripted("a"))
    for speed, wait_s in ((0, 0), (1, 8), (2, 4)):
        with recorded(path, speed=speed) as recorder:
            assert recorder.wait_s(8) == wait_s
    with recorded(path, mode="append") as recorder:
        assert recorder.wait_s(8) == 8


async def test_blocks_inside_blocks(tmp_path: Path, path: Path) -> None:
    """The innermost recording counts, and the outer one goes on after it."""
    with recorded(path) as outer:
        with recorded(tmp_path / "inner.jsonl") as inner:
            assert RECORDER.get() is inner
            await ask(Scripted("inner"))
        assert RECORDER.get() is outer
        await ask(Scripted("outer"))
    assert RECORDER.get() is None
    assert "inner" not in (text_in(path) or "")


def test_it_works_in_tests_that_are_not_async(path: Path) -> None:
    """What a block around `asyncio.run` starts is recorded too."""
    with recorded(path):
        asyncio.run(ask(Scripted("a", gap_s=0)))
    with recorded(path):
        assert asyncio.run(ask(Forbidden())).pieces == ["a"]


def test_it_is_no_decorator(path: Path) -> None:
    """It cannot be put over an `async def`, around which it would be left before anything ran."""
    assert not callable(recorded(path))
