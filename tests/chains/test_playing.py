"""One run: errors, limits, cancellation, dialogs."""

import asyncio
from pathlib import Path

import pytest

from miniagents import InteractionContext, Message, MiniAgent, MiniAgents, miniagent
from miniagents.chains.calls import place_of
from miniagents.chains.run import Run
from miniagents.errors import CallCancelledError, LimitReachedError, ModelError
from miniagents.promising.failure import trail_of
from tests.chains.played import (
    Heard,
    chain_from,
    chain_of,
    echoing,
    read_texts,
    read_tokens,
    scripted,
    streaming,
    tagging,
)
from tests.ext.llm.asking import environment, served
from tests.fakes.llm_server import Reply


class OutOfLuckError(Exception):
    """What agents of these tests fail by."""


def failing(*tokens: str, delay_s: float = 0.0) -> MiniAgent:
    """Return an agent that says some tokens and fails."""
    return streaming(tokens, delay_s=delay_s, error=OutOfLuckError("out of luck"))


@miniagent
async def refusing(ctx: InteractionContext) -> None:
    """Fail before anything is said."""
    raise OutOfLuckError("no")


async def replies_of(run: Run) -> dict[str, str]:
    """Return what each agent said, as far as it came."""
    said: dict[str, str] = {}
    async for call in run.calls:
        said[call.agent] = ""
        try:
            async for promise in call.reply:
                async for token in promise:
                    said[call.agent] += token
        except Exception as error:  # noqa: BLE001 - whatever it is
            said[call.agent] += f"<{type(error).__name__}>"
    return said


async def test_an_error_has_the_trail_of_agents_and_the_line_of_the_step(tmp_path: Path) -> None:
    """What an agent says before it fails arrives; the error says where in the file, and through whom it came."""
    agents = {"a": tagging("a"), "bad": failing("so far, "), "c": echoing}
    chain = chain_of(tmp_path, "  - a\n  - parallel:\n    - a\n    - [bad, c]\n", agents)
    async with MiniAgents():
        run = chain.run("go")
        with pytest.raises(OutOfLuckError) as caught:
            await run.reply
        said = await replies_of(run)
    assert place_of(caught.value) == f"{tmp_path}/tale.yaml:11"
    assert trail_of(caught.value) == ("bad", "c")
    assert said == {"a": "go a a", "bad": "so far, <OutOfLuckError>", "c": "so far, <OutOfLuckError>"}


async def test_an_error_that_nobody_is_sent_ends_the_run_with_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure behind which the next step begins with nothing is told at the end, and once."""
    agents = {"bad": refusing, "worse": failing("x", delay_s=1), "c": streaming(["fine"], delay_s=3)}
    for name in ("bad", "worse"):
        chain = chain_of(tmp_path, f"  [{name}, clear, c]", agents)
        async with MiniAgents():
            run = chain.run("go")
            said: list[str] = []
            with pytest.raises(OutOfLuckError) as caught:
                await read_texts(run.reply, said)
        assert said == ["fine"]
        assert trail_of(caught.value) == (name, "tale")
        assert place_of(caught.value).endswith(":8")
    assert not caplog.records


async def test_a_failure_stops_what_goes_on_beside_it(tmp_path: Path) -> None:
    """When the run has failed nothing goes on; what the others had said is kept."""
    agents = {"bad": failing("x", delay_s=1), "slow": streaming(["s"] * 9, delay_s=0.4)}
    chain = chain_of(tmp_path, "  - parallel: [bad, slow]", agents)
    async with MiniAgents():
        run = chain.run("go")
        with pytest.raises(OutOfLuckError):
            await run.reply
        assert await replies_of(run) == {"bad": "x<OutOfLuckError>", "slow": "ss<CallCancelledError>"}
        assert asyncio.get_running_loop().time() < 1.5


@pytest.mark.parametrize("steps", range(0, 40, 3))
async def test_to_cancel_a_run_at_any_moment_stops_all_of_it(tmp_path: Path, steps: int) -> None:
    """Nothing of it is left, wherever it stands, as the leak check sees; what came is kept."""
    flow = (
        "  - parallel: [s, [s, t]]\n  - await\n  - loop: {do: [s, {if: {matches: x, then: [t]}}], max: 3}\n"
        "  - map: {over: lines, do: [s]}\n  - {agent: t, input: [s, history]}"
    )
    chain = chain_of(tmp_path, flow, {"s": streaming(["x", "\n", "y"], delay_s=0.5), "t": echoing})
    async with MiniAgents():
        run = chain.run("go")
        await asyncio.sleep(steps * 0.25)
        run.reply.cancel()
        if not run.reply.is_done:
            with pytest.raises(CallCancelledError):
                await run.reply
        before_s = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() == before_s


@pytest.mark.real_time
async def test_to_cancel_a_run_closes_its_connections(tmp_path: Path) -> None:
    """Every request under way ends with it; `served` waits for the connections to be gone."""
    text = "agents: {a: {model: gpt-4o}, b: {model: gpt-4o}}\nflow:\n  - parallel: [a, b, [a, b]]\n"
    async with served(Reply("One " * 50, delay_s=5)) as server, MiniAgents():
        run = chain_from(tmp_path, text, environment(server)).run("go")
        requests = [await server.arrived(number) for number in (1, 2, 3)]
        run.reply.cancel()
        for request in requests:
            await request.client_closed()


async def test_the_time_that_a_run_may_take(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What came until then is in the reply; then the limit is named."""
    chain = chain_of(tmp_path, "  - slow", {"slow": streaming("abcdef", delay_s=1)}, more="limits: {seconds: 3.5}\n")
    async with MiniAgents():
        run = chain.run("go")
        tokens: list[str] = []
        with pytest.raises(LimitReachedError, match=r"3\.5 seconds"):
            await read_tokens(run.reply, tokens)
        assert tokens == ["a", "b", "c"]
        assert asyncio.get_running_loop().time() == 3.5
    assert not caplog.records


async def test_a_run_that_is_out_of_time_before_its_end_says_gives_what_was_said_last(tmp_path: Path) -> None:
    """Where nothing has come out yet, what the last step said last comes out, or else who spoke last."""
    agents = {"writer": scripted("draft 1", "draft 2", "draft 3"), "critic": streaming(["bad"], delay_s=1)}
    flow = "  - writer\n  - loop: {do: [critic, writer], max: 9}"
    async with MiniAgents():
        run = chain_of(tmp_path, flow, agents, more="limits: {seconds: 2.5}\n").run("go")
        said: list[str] = []
        with pytest.raises(LimitReachedError, match=r"2\.5 seconds"):
            await read_texts(run.reply, said)
    assert said == ["draft 3"]


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("calls: 3", "3 calls is reached"),
        ("tokens: 12", "12 tokens is reached"),
        ("usd: 0.000001", "raise usd in `limits`"),
    ],
)
async def test_what_a_run_may_use(tmp_path: Path, limit: str, words: str) -> None:
    """Calls, tokens and money end a run with what it has, and the limit is named."""
    text = f"""
models:
  m: {{model: gpt-4o}}
agents: {{writer: {{model: m}}, critic: {{model: m}}}}
flow:
  - writer
  - loop: {{do: [critic, writer], max: 9}}
limits: {{{limit}}}
"""
    prices = tmp_path / "prices.toml"
    prices.write_text('"127.0.0.1:*" = { input = 1.0, output = 1.0 }\n', encoding="utf-8")
    async with served("one", "two", "three", "four", "five", "six") as server, MiniAgents():
        variables = environment(server, MINIAGENTS_PRICES=str(prices))
        run = chain_from(tmp_path, text, variables).run("go")
        said: list[str] = []
        with pytest.raises(LimitReachedError, match=words):
            await read_texts(run.reply, said)
    if limit.startswith("calls"):
        assert said == ["three"]


@pytest.mark.parametrize(
    ("flow", "texts"),
    [
        ("[a, user, {agent: b, input: [user, a]}]", ["yes\n\n1"]),
        ("[user, a, {agent: b, input: [user, a]}]", ["yes\n\n1", "no\n\n2"]),
    ],
)
async def test_what_the_person_said_can_be_sent_to_a_step(tmp_path: Path, flow: str, texts: list[str]) -> None:
    """`input: user` is what the person said last, in the middle of a flow and in a dialog."""
    heard = Heard()
    chain = chain_of(tmp_path, f"  {flow}", {"a": Heard().agent("1", "2"), "b": heard.agent("x", "y")})
    async with MiniAgents():
        await chain.run(user=scripted("yes", "no")).reply
    assert heard.texts == texts


async def test_a_dialog_goes_on_until_the_person_says_nothing(tmp_path: Path) -> None:
    """A flow that begins with `user` is a dialog: the rest of the steps are sent all that was said."""
    heard = Heard()
    user = Heard()
    agents = {"a": heard.agent("fine", "bye"), "b": tagging("!")}
    chain = chain_of(tmp_path, "  [user, a, b]", agents)
    assert chain.plan.is_dialog
    async with MiniAgents():
        run = chain.run(user=user.agent("hello", "how are you?"))
        assert str(await run.reply) == "bye !"
        said = [call.agent async for call in run.calls]
    assert heard.texts == ["hello", "hello\n\nfine !\n\nhow are you?"]
    assert user.texts == ["", "fine !", "bye !"]
    assert said == ["user", "a", "b", "user", "a", "b", "user"]


async def test_what_a_dialog_is_sent_is_what_the_person_says_first(tmp_path: Path) -> None:
    """The person is asked only when that is answered."""
    heard, user = Heard(), Heard()
    chain = chain_of(tmp_path, "  [user, a]", {"a": heard.agent("fine", "bye")})
    async with MiniAgents():
        assert str(await chain.run("hello", user=user.agent("well?")).reply) == "bye"
    assert heard.texts == ["hello", "hello\n\nfine\n\nwell?"]
    assert user.texts == ["fine", "bye"]


async def test_a_dialog_survives_what_an_agent_fails_by(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever speaks for the person shows the error; the dialog goes on, and ends well."""
    errors: list[str] = []
    words = iter(["one", "two"])

    @miniagent
    async def user(ctx: InteractionContext) -> None:
        try:
            await ctx.message_promises
        except ModelError as error:
            errors.append(place_of(error))
        ctx.reply(next(words, None))

    @miniagent
    async def bad(ctx: InteractionContext) -> None:
        raise ModelError("it is busy")

    chain = chain_of(tmp_path, "  [user, bad]", {"bad": bad})
    async with MiniAgents():
        assert str(await chain.run(user=user).reply) == ""
    assert [place.rpartition(":")[2] for place in errors] == ["6", "6"]
    assert not caplog.records


@pytest.mark.real_time
async def test_a_limit_ends_a_dialog(tmp_path: Path) -> None:
    """Where there can be no answer the person is not asked again; the last answer comes out, and the limit is named."""
    text = "agents: {a: {model: gpt-4o}}\nflow: [user, a]\nlimits: {calls: 2}\n"
    user = Heard()
    async with served("one", "two", "three") as server, MiniAgents():
        run = chain_from(tmp_path, text, environment(server)).run(user=user.agent("x", "y", "z", "never"))
        said: list[str] = []
        with pytest.raises(LimitReachedError, match="2 calls"):
            await read_texts(run.reply, said)
    assert said == ["two"]
    assert user.texts == ["", "one", "two"]


async def test_a_loop_with_the_person_in_it_ends_when_they_say_nothing(tmp_path: Path) -> None:
    """Nothing behind `user` is called then, and what they were shown last comes out."""
    heard, user = Heard(), Heard()
    chain = chain_of(tmp_path, "  - loop: {do: [user, a]}\n  - b", {"a": heard.agent("1", "2"), "b": tagging("!")})
    assert not chain.plan.is_dialog
    async with MiniAgents():
        assert str(await chain.run("go", user=user.agent("x", "y")).reply) == "2 !"
    assert user.texts == ["go", "1", "2"]
    assert heard.texts == ["x", "y"]


async def test_a_flow_without_a_loop_ends_where_the_person_says_nothing(tmp_path: Path) -> None:
    """What they were shown comes out; who would come behind is not called."""
    heard = Heard()
    chain = chain_of(tmp_path, "  [a, user, b]", {"a": tagging("a"), "b": heard.agent("never")})
    async with MiniAgents():
        assert str(await chain.run("go", user=scripted()).reply) == "go a"
    assert heard.texts == []


async def test_every_message_has_the_name_of_who_said_it(tmp_path: Path) -> None:
    """Whole messages and streamed ones, of subclasses too, are as they were, with `agent` in their metadata."""

    class Rating(Message):
        stars: int

    @miniagent
    async def rating(ctx: InteractionContext) -> None:
        ctx.reply(Rating(text="good", stars=4, metadata={"model": "m"}))
        ctx.reply(Rating.promise(["very", " good"], stars=5))

        async def late() -> object:
            await asyncio.sleep(1)
            yield "late"

        ctx.reply(Rating.promise(late(), stars=3))  # type: ignore[arg-type]

    async with MiniAgents():
        messages = await chain_of(tmp_path, "  [rating]", {"rating": rating}).run("go").reply
    assert [(type(message).__name__, message.stars) for message in messages] == [  # type: ignore[attr-defined]
        ("Rating", 4), ("Rating", 5), ("Rating", 3),
    ]  # fmt: skip
    assert [message.metadata["agent"] for message in messages] == ["rating"] * 3
    assert messages[0].metadata["model"] == "m"
