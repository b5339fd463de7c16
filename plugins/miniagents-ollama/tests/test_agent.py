"""The agent: replies that stream, thinking, tools, schemas."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from miniagents_ollama import ollama_agent
from ollama_server import COUNTS, OllamaServer, Reply, said

from miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.content import Image, Thinking, Thought, ToolCall, ToolResult
from miniagents.errors import (
    RequestRefusedError,
)
from miniagents.messages import Message
from miniagents.testing import recorded

Run = Callable[[Awaitable[Any]], Any]
Ask = Callable[..., list[Message]]


@pytest.mark.parametrize("stream", [True, False])
def test_a_reply_streams_and_says_how_it_came_about(server: OllamaServer, run: Run, stream: bool) -> None:
    """A reply comes token by token, or whole, with the metadata of every model agent and Ollama's own counts."""

    async def main() -> Any:
        async with MiniAgents():
            reply = ollama_agent.inquire("hi", system="Be brief.", stream=stream, environment=server.environment)
            promise = await anext(aiter(reply))
            return [token async for token in promise], await promise

    tokens, message = run(main())
    assert tokens == (["You", " ", "said: hi"] if stream else ["You said: hi"])
    assert (message.text, message.role) == ("You said: hi", "assistant")
    told = message.metadata
    assert (told["model"], told["agent"], told["finish_reason"]) == ("llama3.2", "ollama_agent", "stop")
    assert told["usage"] == {"in": 26, "out": 282}
    assert told["extra"] == {name: count for name, count in COUNTS.items() if name.endswith("_duration")}
    assert 0 < told["first_token_s"] <= told["latency_s"]
    assert server.chats == [
        {
            "model": "llama3.2",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
            "stream": stream,
        }
    ]


def test_the_first_token_is_there_while_the_server_still_writes(server: OllamaServer, run: Run) -> None:
    """An agent behind the model reads a token before the server has sent the next one."""

    @miniagent
    async def shouting_agent(ctx: InteractionContext) -> None:
        async for message in ctx.message_promises:
            ctx.reply(f"It said: {message}")

    async def main() -> str:
        async with MiniAgents():
            reply = ollama_agent.inquire("hi", environment=server.environment)
            promise = await anext(aiter(shouting_agent.inquire(reply)))
            tokens = aiter(promise)
            seen = await anext(tokens) + await anext(tokens)
            assert not server.released.is_set()
            server.released.set()
            return seen + "".join([token async for token in tokens])

    server.script(Reply(said("Once", " upon"), held=True))
    assert run(main()) == "It said: Once upon"


def test_thoughts_are_apart_from_what_is_said(server: OllamaServer, run: Run) -> None:
    """What a model thinks streams as thoughts, is a part of the reply, and no part of its text."""

    async def main() -> Any:
        async with MiniAgents():
            promise = await anext(aiter(ollama_agent.inquire("hi", think=True, environment=server.environment)))
            pieces = [piece async for piece in promise.parts()]
            return pieces, await promise

    server.script(Reply(said("42", thoughts=["Let me ", "see."])))
    pieces, message = run(main())
    assert [piece for piece in pieces if isinstance(piece, Thought)] == ["Let me ", "see."]
    assert message.text == "42"
    assert [part.text for part in message.parts if isinstance(part, Thinking)] == ["Let me see."]
    assert server.chats[0]["think"] is True


@pytest.mark.parametrize(
    ("effort", "refused", "tried"),
    [
        ("high", [], ["high"]),
        ("none", [], [False]),
        ("minimal", ["low"], ["low", True]),
        ("high", ["high", True], ["high", True, "absent"]),
        ("none", [False], [False, "absent"]),
    ],
)
def test_an_effort_that_a_model_does_not_know_gives_way(
    server: OllamaServer, ask: Ask, effort: str, refused: list[Any], tried: list[Any]
) -> None:
    """A level becomes plain thinking, and that nothing, as far as the server refuses it; the question is answered."""
    server.script(Reply(said("Yes."), refused=refused))
    (message,) = ask(effort=effort)
    assert message.text == "Yes."
    assert [chat.get("think", "absent") for chat in server.chats] == tried


def test_thinking_that_a_user_asks_for_is_not_taken_back(server: OllamaServer, ask: Ask) -> None:
    """`think=` of the caller's own that is refused is an error, not left out."""
    server.script(Reply(said("Yes."), refused=["high"]))
    with pytest.raises(RequestRefusedError, match='think value "high" is not supported'):
        ask(think="high")
    assert len(server.chats) == 1


def test_tools_are_called_until_none_is(server: OllamaServer, ask: Ask) -> None:
    """Calls of tools come with their arguments, get ids where they have none, and their results go back in order."""

    def temperature(city: str) -> str:
        """Get the temperature of a city."""
        return {"Oslo": "-3", "Rome": "15"}[city]

    calls = [{"function": {"name": "temperature", "arguments": {"city": city}}} for city in ("Oslo", "Rome")]
    again = {"id": "call_x", "function": {"name": "temperature", "arguments": {"city": "Rome"}}}
    server.script(
        Reply(said("Let me see.", thoughts=["Two."], calls=calls)), Reply(said(calls=[again])), Reply(said("18 apart."))
    )
    messages = ask("How far apart?", tools=[temperature])
    assert messages[-1].text == "18 apart."
    first, results = messages[:2]
    assert first.metadata["finish_reason"] == "tool_calls"
    assert [part.id for part in first.parts if isinstance(part, ToolCall)] == ["call_0", "call_1"]
    assert [part.text for part in results.parts if isinstance(part, ToolResult)] == ["-3", "15"]
    tool = server.chats[0]["tools"][0]
    assert (tool["type"], tool["function"]["name"]) == ("function", "temperature")
    assert tool["function"]["description"] == "Get the temperature of a city."
    assert tool["function"]["parameters"]["required"] == ["city"]
    turns = server.chats[2]["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "tool", "tool", "assistant", "tool"]
    assert turns[1]["thinking"] == "Two."
    assert [call["function"]["arguments"] for call in turns[1]["tool_calls"]] == [{"city": "Oslo"}, {"city": "Rome"}]
    assert turns[2:4] == [
        {"role": "tool", "tool_name": "temperature", "tool_call_id": f"call_{place}", "content": content}
        for place, content in enumerate(["-3", "15"])
    ]


def test_a_schema_is_the_format(server: OllamaServer, ask: Ask) -> None:
    """With `schema=` the server is given the JSON schema, and the reply is data."""
    server.script(Reply(said('{"name": "Ann", "age": 7}')))
    (message,) = ask("Invent a person.", schema="name, age int")
    assert message.data == {"name": "Ann", "age": 7}
    assert set(server.chats[0]["format"]["properties"]) == {"name", "age"}


def test_a_schema_beside_tools_is_put_into_words(server: OllamaServer, ask: Ask) -> None:
    """Where there are tools no format keeps the model from calling them, and the form is asked for in words."""

    def look() -> str:
        return "Ann, 7"

    server.script(
        Reply(said(calls=[{"function": {"name": "look", "arguments": {}}}])), Reply(said('{"name": "Ann", "age": 7}'))
    )
    messages = ask("Who?", tools=[look], schema="name, age int")
    assert messages[-1].data == {"name": "Ann", "age": 7}
    assert all("format" not in chat for chat in server.chats)
    assert "JSON Schema" in server.chats[0]["messages"][-1]["content"]


def test_pictures_are_sent_as_base64(server: OllamaServer, ask: Ask) -> None:
    """A picture's bytes go along with its message; one that only has an address is refused before anything is sent."""
    ask(Message(parts=["What is that?", Image(b"PNG", media_type="image/png")]))
    assert server.chats[0]["messages"] == [{"role": "user", "content": "What is that?", "images": ["UE5H"]}]
    with pytest.raises(RequestRefusedError, match="takes no image by its address; give the picture's data"):
        ask(Message(parts=[Image(url="https://example.org/x.png")]))
    assert len(server.chats) == 1


def test_fields_that_nobody_knows_are_kept(server: OllamaServer, ask: Ask) -> None:
    """What a newer server says beside its answer is in the metadata, whole."""
    stream = said("Hi", remote_model="gpt-oss:120b", weather={"is": "fine"})
    stream[0]["message"]["mood"] = "good"
    server.script(Reply(stream))
    (message,) = ask()
    kept = message.metadata["extra"]
    assert (kept["remote_model"], kept["weather"], kept["mood"]) == ("gpt-oss:120b", {"is": "fine"}, "good")


@pytest.mark.parametrize("last", [{"done_reason": "length"}, {"done_reason": None, "prompt_eval_count": None}])
def test_the_end_says_why(server: OllamaServer, ask: Ask, last: dict[str, Any]) -> None:
    """The reason of the end is told as it is, and servers without one, or without counts, are understood."""
    server.script(Reply(said("Hi", **last)))
    (message,) = ask()
    assert message.metadata["finish_reason"] == (last["done_reason"] or "stop")
    assert message.metadata["usage"] == {"in": last.get("prompt_eval_count", 26) or 0, "out": 282}


def test_a_reply_that_is_whole_does_not_wait_for_the_connection(server: OllamaServer, run: Run) -> None:
    """A server that keeps its answer open behind the last object is left."""

    async def main() -> Message:
        async with MiniAgents():
            (message,) = await ollama_agent.inquire("hi", environment=server.environment)
            async with asyncio.timeout(50):
                while not server.gone.is_set():  # noqa: ASYNC110 - it is set by a thread
                    await asyncio.sleep(0.005)
            return message

    last = said("Hi")[-1] | {"message": {"role": "assistant", "content": "Hi"}}
    server.script(Reply([last, b"\n"], held=True))
    assert run(main()).text == "Hi"


def test_a_recorded_reply_needs_no_server(server: OllamaServer, run: Run, tmp_path: Path) -> None:
    """What was recorded once is replayed without anybody being there."""

    async def main() -> str:
        with recorded(tmp_path / "said.jsonl"):
            async with MiniAgents():
                return str(await ollama_agent.inquire("hi", environment=server.environment))

    assert run(main()) == "You said: hi"
    server.close()
    assert run(main()) == "You said: hi"
    assert len(server.chats) == 1


def test_a_scope_keeps_its_connection_and_closes_it(
    server: OllamaServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls of one scope that come one after the other share a connection, which is closed when the scope ends."""
    monkeypatch.setattr("miniagents_ollama.client._AFTER_THE_END_S", 50)  # a busy machine may need a while

    async def main() -> None:
        async with MiniAgents():
            for _ in range(3):
                await ollama_agent.inquire("hi", environment=server.environment)
            assert server.connections == 1
        async with asyncio.timeout(50):
            while server.connections:  # noqa: ASYNC110 - they end in a thread
                await asyncio.sleep(0.005)

    run(main())


def test_what_is_asked_and_said_is_written_down(server: OllamaServer, ask: Ask, tmp_path: Path) -> None:
    """The log of the walk knows this provider as it knows all others."""
    log = tmp_path / "log.md"
    ask(log=log)
    assert "ollama" in log.read_text(encoding="utf-8")
    assert "You said: hi" in log.read_text(encoding="utf-8")
