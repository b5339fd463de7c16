"""The engine, with the real model."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from miniagents_llamacpp.engine import Completion, Engine

from miniagents.errors import RequestRefusedError

Run = Callable[[Awaitable[Any]], Any]
pytestmark = pytest.mark.timeout(600)  # the first test of a machine fetches the model


@pytest.fixture(scope="module")
def engine(model: Path) -> Engine:
    """Give an engine that all tests of this module share, as a program would."""
    return Engine.shared(model, context_tokens=2048)


def user(text: str) -> list[dict[str, str]]:
    """Make a conversation of one message."""
    return [{"role": "user", "content": text}]


def test_tokens_come_one_by_one_then_what_is_known_of_them(engine: Engine, run: Run) -> None:
    """A stream is plain strings, then one `Completion`, and the first string is there while the others are made."""

    async def main() -> Any:
        pieces, busy = [], []
        async for piece in engine.stream(user("Count to twenty."), max_tokens=40, temperature=0):
            pieces.append(piece)
            busy.append(engine.busy)
        return pieces, busy

    (*tokens, completion), busy = run(main())
    assert {type(token) for token in tokens} == {str}
    assert len(tokens) > 20
    assert busy[0] == 1
    assert isinstance(completion, Completion)
    assert (completion.output_tokens, completion.finish_reason) == (40, "length")
    assert completion.model == "SmolLM2-135M-Instruct.Q4_1"
    assert completion.id.startswith("chatcmpl-")
    assert completion.input_tokens > 30
    assert completion.timings["predicted_per_second"] > 0


def test_a_whole_reply_is_the_stream_put_together(engine: Engine, run: Run) -> None:
    """`complete` gives the same text as `stream`, and `stop` as the reason of a reply that ended by itself."""

    async def main() -> Any:
        options = {"temperature": 0, "cache_prompt": False}
        streamed = [piece async for piece in engine.stream(user("Say hello."), **options)]
        return streamed, await engine.complete(user("Say hello."), **options)

    (*tokens, _), (text, completion) = run(main())
    assert "".join(tokens) == text
    assert completion.finish_reason == "stop"


def test_the_model_brings_its_own_system_prompt(engine: Engine, run: Run) -> None:
    """Without a system message the template's own is used; with one, only that."""

    async def main() -> Any:
        own = await engine.complete(user("Hi"), max_tokens=1)
        given = await engine.complete([{"role": "system", "content": "Be brief."}, *user("Hi")], max_tokens=1)
        return own[1].input_tokens, given[1].input_tokens

    own, given = run(main())
    assert own > given + 10


def test_what_was_read_before_is_not_read_again(engine: Engine, run: Run) -> None:
    """A conversation that goes on finds its beginning in memory, and says how much of it."""

    async def main() -> Any:
        start = user("Name the seasons, one after another, in the order in which they come.")
        text, first = await engine.complete(start, max_tokens=20)
        longer = [*start, {"role": "assistant", "content": text}, *user("Go on.")]
        return first, (await engine.complete(longer, max_tokens=1))[1]

    first, second = run(main())
    assert second.cached_tokens >= first.input_tokens - 1


def test_every_kind_of_conversation_is_answered(engine: Engine, run: Run) -> None:
    """An assistant's message at the end, two of a kind, a late system message and half a surrogate are no obstacle."""
    assistant = {"role": "assistant", "content": "I am"}
    conversations = [
        [*user("Hi"), assistant],
        [*user("Hi"), assistant, assistant],
        [*user("A"), *user("B"), {"role": "system", "content": "C"}],
        user("\ud800 is half a character, \0 is none, 🧡 is one"),
    ]

    async def main() -> Any:
        return [(await engine.complete(each, max_tokens=2, temperature=0))[1] for each in conversations]

    assert all(completion.output_tokens for completion in run(main()))


def test_leaving_stops_the_generation(engine: Engine, run: Run, events: list[int]) -> None:
    """Closing a stream does not wait for the native code, and that makes no token more than the one under way."""

    async def main() -> Any:
        left = []
        for _ in range(3):
            stream = engine.stream(user("Tell a long story."), ignore_eos=True, max_tokens=1500)
            for _ in range(5):
                await anext(stream)
            with pytest.raises(StopIteration):  # that is: at once, without a turn of the loop
                stream.aclose().send(None)
            left.append(len(events))
            await idle(engine)
            left[-1] -= len(events)
        return left

    assert min(run(main())) >= -2


def test_cancelling_while_the_prompt_is_read_stops_that(engine: Engine, run: Run, events: list[int]) -> None:
    """A task that is cancelled before the first token ends at once, and the native code after one batch of many."""

    async def main() -> Any:
        task = asyncio.create_task(engine.complete(user("one two three " * 600), cache_prompt=False))
        while not events:  # noqa: ASYNC110 - another thread appends to it
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        before, still = len(events), engine.busy
        await idle(engine)
        return before, still, len(events)

    before, still, after = run(main())
    assert still == 1  # it was not waited for
    assert after - before <= 2  # the whole prompt has 33


def test_a_stream_that_nobody_holds_stops(engine: Engine, run: Run, events: list[int]) -> None:
    """A `break` without `aclose` is enough once the stream is garbage."""

    async def main() -> Any:
        async for _ in engine.stream(user("Tell a long story."), ignore_eos=True, max_tokens=1500):
            break
        await idle(engine)

    run(main())
    assert len(events) < 750


async def idle(engine: Engine) -> None:
    """Wait until no native code is at work."""
    while engine.busy:  # noqa: ASYNC110 - native code tells nobody that it has stopped
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("parallel", [1, 3])
def test_requests_at_the_same_time(parallel: int, model: Path, run: Run) -> None:
    """All are answered, each with its own reply, whether they wait for each other or run side by side."""
    questions = "What is the capital of France?", "How many legs has a horse?", "Is fire hot or cold?"

    async def main() -> Any:
        engine = Engine(model, context_tokens=256, parallel=parallel)
        options = {"max_tokens": 10, "temperature": 0, "cache_prompt": False}
        replies = await asyncio.gather(*(engine.complete(user(each), **options) for each in questions))
        alone = [await engine.complete(user(each), **options) for each in questions]
        await engine.close()
        return [text for text, _ in replies], [text for text, _ in alone]

    together, alone = run(main())
    assert len(set(together)) == 3
    assert parallel > 1 or together == alone  # side by side, numbers are rounded in another order


def test_whoever_gives_up_while_waiting_does_not_hold_the_others_up(
    engine: Engine, run: Run, events: list[int]
) -> None:
    """A cancelled request that had not begun never begins, and the next one does."""

    async def main() -> Any:
        running = asyncio.create_task(engine.complete(user("A story"), max_tokens=30))
        waiting = asyncio.create_task(engine.complete(user("Never"), max_tokens=1000, ignore_eos=True))
        last = asyncio.create_task(engine.complete(user("Hi"), max_tokens=2))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(running, last)
        await idle(engine)
        return waiting.cancelled()

    assert run(main())
    assert len(events) < 100  # it would have had a thousand


def test_one_engine_for_several_event_loops(engine: Engine, run: Run) -> None:
    """Threads with loops of their own share an engine."""
    replies = []

    def ask(word: str) -> None:
        replies.append(run(engine.complete(user(word), max_tokens=3)))

    threads = [threading.Thread(target=ask, args=(word,)) for word in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [completion.output_tokens for _, completion in replies] == [3, 3, 3]


def test_one_file_is_loaded_once(model: Path, tmp_path: Path) -> None:
    """`shared` gives the same engine for the same file and numbers, however it is named."""
    (tmp_path / "link.gguf").symlink_to(model)
    assert Engine.shared(model, context_tokens=512) is Engine.shared(tmp_path / "link.gguf", context_tokens=512)
    assert Engine.shared(model, context_tokens=512) is not Engine.shared(model, context_tokens=1024)


def test_closing_stops_what_runs_and_frees_the_model(model: Path, run: Run) -> None:
    """A closed engine has no native work and no model, and takes the next request all the same."""

    async def main() -> Any:
        engine = Engine(model, context_tokens=512)
        stream = engine.stream(user("A story"), ignore_eos=True, max_tokens=400)
        await anext(stream)
        assert engine.loaded
        await engine.close()
        assert not engine.loaded
        assert not engine.busy
        await stream.aclose()
        answer = await engine.complete(user("Hi"), max_tokens=2)
        await engine.close()
        return answer

    assert run(main())[1].output_tokens == 2


REFUSED = {
    "no message": ([], {}, "there is no message to answer"),
    "a role that is missing": ([{"content": "x"}], {}, "role"),
    "content that is no text": ([{"role": "user", "content": 5}], {}, "content"),
    "an option of the wrong type": (user("x"), {"temperature": "hot"}, "temperature"),
    "a number that is none": (user("x"), {"temperature": float("nan")}, "an option cannot be sent"),
    "an option that is an object": (user("x"), {"stop": object()}, "an option cannot be sent"),
    "a schema that is none": (user("x"), {"json_schema": {"type": "zork"}}, "zork"),
    "too long": (user("word " * 3000), {}, "the context 2048; shorten it, or raise `context_tokens`"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused(name: str, engine: Engine, run: Run) -> None:
    """A bad request is one line that says what is wrong with it, and the engine goes on."""
    messages, options, said = REFUSED[name]
    with pytest.raises(RequestRefusedError) as caught:
        run(engine.complete(messages, max_tokens=2, **options))
    line = str(caught.value)
    assert said in line
    assert "\n" not in line
    assert len(line) < 500
    assert run(engine.complete(user("Hi"), max_tokens=1))[1].output_tokens == 1


def test_an_option_that_is_none_was_not_given(engine: Engine, run: Run) -> None:
    """None stands for the default, so that callers can pass on what they did not get."""
    assert run(engine.complete(user("Hi"), max_tokens=2, temperature=None, stop=None))[1].output_tokens == 2
