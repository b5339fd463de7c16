"""Models in a chain, by the real SDKs against the provider of the tests."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from miniagents import InteractionContext, Message, MiniAgents, miniagent
from miniagents.chains.calls import place_of
from miniagents.chains.speakers import heard_by
from miniagents.content import Text, ToolCall, ToolResult
from miniagents.errors import (
    ModelError,
    ProviderUnreachableError,
    ReplyCutError,
    SchemaMismatchError,
    SettingsError,
    UsageError,
)
from miniagents.hookspecs import ModelProvider, hookimpl
from tests.chains.played import chain_from, plugins_with, read_tokens, scripted, shouting
from tests.ext.llm.asking import environment, served
from tests.fakes.llm_server import Reply, ToolUse

TWO = """
agents:
  writer: {model: gpt-4o-mini, instructions: Write., temperature: 0.5, max_tokens: 7}
  critic: {model: anthropic:claude-small, instructions: Find faults.}
"""


@pytest.mark.real_time
async def test_models_are_asked_with_their_instructions_and_what_was_said(tmp_path: Path) -> None:
    """Each model gets its own instructions and options, and the other's reply as a user's word."""
    async with served("A draft.", "Faults.") as server, MiniAgents():
        run = chain_from(tmp_path, TWO, environment(server)).run("a subject")
        [message] = await run.reply
        calls = [call async for call in run.calls]
        bodies = [request.body for request in server.requests]
    assert bodies[0]["messages"] == [
        {"role": "system", "content": "Write."},
        {"role": "user", "content": "a subject"},
    ]
    assert (bodies[0]["temperature"], bodies[0]["max_tokens"]) == (0.5, 7)
    assert bodies[1]["system"] == "Find faults."
    assert bodies[1]["messages"][0]["role"] == "user"
    assert message.text == "Faults."
    assert (message.metadata["agent"], message.role) == ("critic", "assistant")
    assert [(await call.reply)[0].metadata["agent"] for call in calls] == ["writer", "critic"]
    assert run.bounds.limits.spent.calls == 2


@pytest.mark.real_time
async def test_what_a_program_has_to_prepare_is_done_before_a_model_is_asked(tmp_path: Path) -> None:
    """For each of those that are asked in turn; what it raises as a model's error lets the next one be asked."""
    prepared: list[str] = []

    async def prepare(choice: Any) -> None:
        prepared.append(str(choice))
        if len(prepared) == 1:
            raise ProviderUnreachableError("the key is not to be had")

    text = "agents: {a: {model: [gpt-4o, claude-small]}}\n"
    async with served("fine") as server, MiniAgents():
        assert str(await chain_from(tmp_path, text, environment(server)).run("go", prepare=prepare).reply) == "fine"
        assert len(server.requests) == 1
    assert prepared == ["openai:gpt-4o", "anthropic:claude-small"]


@pytest.mark.real_time
async def test_a_models_first_token_comes_out_of_the_third_agent_while_it_goes_on(tmp_path: Path) -> None:
    """Nobody waits for a whole message: the second token would take a minute, and is not waited for."""
    text = "agents: {model: {model: gpt-4o}, one: {plugin: again}, two: {plugin: again}}\n"
    async with served(Reply("first second", delay_s=60)) as server, MiniAgents():
        chain = chain_from(tmp_path, text, environment(server), plugins=plugins_with({"again": shouting}))
        run = chain.run("go")
        async for promise in run.reply:
            async for token in promise:
                assert token == "FIRST"
                break
            break
        run.reply.cancel()
        await server.requests[0].client_closed()


@pytest.mark.real_time
async def test_a_model_of_a_name_of_its_own_has_its_server_and_no_other_key(tmp_path: Path) -> None:
    """A base URL of the file is sent the key of the file, or none: never the one that is meant for another server."""
    text = """
models:
  cheap: {provider: openai, model: small-1, base_url: "${env:URL}", options: {top_p: 0.5}}
  keyed: {provider: openai, model: small-2, base_url: "${env:URL}", api_key: "${env:KEY_OF_MINE}"}
agents:
  a: {model: cheap}
  b: {model: keyed}
"""
    async with served("one", "two") as server, MiniAgents():
        variables = {"OPENAI_API_KEY": "sk-for-another-server", "URL": server.openai_base_url, "KEY_OF_MINE": "sk-mine"}
        assert str(await chain_from(tmp_path, text, variables).run("go").reply) == "two"
        first, second = server.requests
    assert (first.body["model"], first.body["top_p"]) == ("small-1", 0.5)
    assert "sk-for-another-server" not in first.headers["authorization"]
    assert second.headers["authorization"] == "Bearer sk-mine"


@pytest.mark.real_time
async def test_the_next_model_is_asked_where_one_fails_before_its_first_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Fallbacks may be of other providers; the log says who is asked instead."""
    text = "agents:\n  a: {model: [gpt-4o, claude-small], retries: 0}\n"
    async with served(Reply("busy", fault="http_500"), "I can.") as server, MiniAgents():
        [message] = await chain_from(tmp_path, text, environment(server)).run("go").reply
    assert (message.text, message.metadata["agent"]) == ("I can.", "a")
    assert "asking anthropic:claude-small instead" in caplog.text


@pytest.mark.real_time
async def test_what_has_begun_is_not_begun_anew_by_another_model(tmp_path: Path) -> None:
    """A reply that was cut is the reply; the next model is not asked."""
    text = "agents:\n  a: {model: [gpt-4o, gpt-4o-mini], retries: 0}\n"
    async with served(Reply("One two three four", fault="cut"), "never") as server, MiniAgents():
        run = chain_from(tmp_path, text, environment(server)).run("go")
        tokens: list[str] = []
        with pytest.raises(ReplyCutError) as caught:
            await read_tokens(run.reply, tokens)
        assert len(server.requests) == 1
    assert "".join(tokens).startswith("One")
    assert place_of(caught.value).endswith("tale.yaml:4")


@pytest.mark.real_time
async def test_all_models_that_failed_are_named(tmp_path: Path) -> None:
    """Where none answers, the one error says of each why."""
    text = "agents:\n  a: {model: [gpt-4o, claude-small], retries: 0}\n"
    async with served(Reply("broken", fault="http_500"), Reply("away", fault="http_404")) as server, MiniAgents():
        with pytest.raises(ModelError) as caught:
            await chain_from(tmp_path, text, environment(server)).run("go").reply
    line = str(caught.value)
    assert "openai:gpt-4o: " in line
    assert "anthropic:claude-small: " in line
    assert "\n" not in line


@pytest.mark.real_time
async def test_an_agent_of_the_file_may_be_a_tool(tmp_path: Path) -> None:
    """A model that calls another agent makes a call of the run, without a place of its own; one turn is enough."""
    text = """
agents:
  boss: {model: gpt-4o, tools: [helper]}
  helper: {model: gpt-4o-mini, description: Knows it.}
flow: [boss]
limits: {concurrency: 1}
"""
    replies = (Reply(tool_calls=[ToolUse("helper", {"message": "why?"})]), "because", "It is so.")
    async with served(*replies) as server, MiniAgents():
        run = chain_from(tmp_path, text, environment(server)).run("go")
        messages = await run.reply
        calls = [(call.agent, call.place is None) async for call in run.calls]
        told = server.requests[0].body["tools"][0]["function"]
    assert messages[-1].text == "It is so."
    assert calls == [("boss", False), ("helper", True)]
    assert (told["name"], told["description"]) == ("helper", "Knows it.")


@pytest.mark.real_time
async def test_no_more_models_are_asked_at_the_same_time_than_are_to_be(tmp_path: Path) -> None:
    """`limits.concurrency` makes the others wait, whatever waits for whose reply."""
    text = """
agents: {a: {model: gpt-4o}, b: {model: gpt-4o}}
flow:
  - map: {over: lines, do: [a, b]}
limits: {concurrency: 2}
"""
    async with served(Reply(delay_s=0.01)) as server, MiniAgents():
        run = chain_from(tmp_path, text, environment(server)).run("one\ntwo\nthree\nfour")
        assert len(await run.reply) == 4
        assert len(server.requests) == 8
        assert server.connections <= 2  # one is opened where none is free


@pytest.mark.real_time
async def test_a_reply_fits_its_schema(tmp_path: Path) -> None:
    """`output.schema` holds the reply to a schema, which a map over JSON may be sent."""
    text = """
agents:
  a: {model: gpt-4o, output: {schema: "names list"}}
  b: {plugin: echo}
flow:
  - a
  - map: {over: json, do: [b]}
"""
    async with served('{"names": ["Ada", "Bo"]}') as server, MiniAgents():
        assert str(await chain_from(tmp_path, text, environment(server)).run("go").reply) == "Ada\n\nBo"


async def test_a_model_that_nobody_serves_is_refused_before_the_run(tmp_path: Path) -> None:
    """The error names the line of the file, and what was meant."""
    with pytest.raises(SettingsError, match=r"tale\.yaml:4:7: no model is called 'antropic'; did you mean anthropic"):
        chain_from(tmp_path, "agents:\n  a: {model: antropic}\n", {})


async def test_the_models_of_a_chain_are_known_without_a_key(tmp_path: Path) -> None:
    """`str()` of an agent says which models it asks."""
    chain = chain_from(tmp_path, "agents:\n  a: {model: [gpt-4o, haiku]}\n  b: {plugin: echo}\n", {})
    assert str(chain.agents["a"]).startswith("openai:gpt-4o, anthropic:claude")
    assert str(chain.agents["b"]) == "b"


def test_a_model_hears_others_as_users_where_the_person_has_not_the_last_word() -> None:
    """What it said itself is its own; the tools of others are their own affair."""
    own = Message(text="mine", role="assistant", metadata={"agent": "me"})
    other = Message(text="theirs", role="assistant", metadata={"agent": "other"})
    calls = Message(
        parts=(Text("Look:"), ToolCall("1", name="t", arguments="{}")), role="assistant", metadata={"agent": "other"}
    )
    result = Message(parts=(ToolResult("1", name="t", content="x"),), role="tool", metadata={"agent": "other"})
    heard = heard_by("me", [Message(text="ask", role="user"), own, calls, result, other])
    assert [(message.role, message.text) for message in heard] == [
        ("user", "ask"), ("assistant", "mine"), ("user", "Look:"), ("user", "theirs"),
    ]  # fmt: skip
    asked = [other, Message(text="ask", role="user")]
    assert heard_by("me", asked) == tuple(asked)
    assert heard_by("me", []) == ()


@pytest.mark.real_time
@pytest.mark.parametrize("flow", ["[clear, a]", "[{agent: a, input: inputs.none}]", "[blank, a]"])
@pytest.mark.parametrize("model", ["gpt-4o", "claude-small"])
async def test_a_model_that_is_sent_nothing_is_sent_its_instructions(tmp_path: Path, model: str, flow: str) -> None:
    """As what a user says: no API answers a conversation without one."""
    text = f"""
inputs: {{none: {{}}}}
agents: {{blank: {{plugin: blank}}, a: {{model: {model}, instructions: "Invent a subject."}}}}
flow: {flow}
"""
    async with served("Foxes.") as server, MiniAgents():
        plugins = plugins_with({"blank": scripted(" \n")})
        assert str(await chain_from(tmp_path, text, environment(server), plugins=plugins).run("go").reply) == "Foxes."
        [request] = server.requests
    assert "system" not in request.body
    [message] = request.body["messages"]
    assert (message["role"], "Invent a subject." in str(message["content"])) == ("user", True)


async def test_a_model_that_is_sent_nothing_and_has_no_instructions_is_not_asked(tmp_path: Path) -> None:
    """The error says which agent it is, and in which step."""
    async with MiniAgents():
        run = chain_from(tmp_path, "agents: {a: {model: gpt-4o}}\nflow: [clear, a]\n", {}).run("go")
        with pytest.raises(
            UsageError, match="a is sent nothing, and has no instructions; give it `instructions`"
        ) as caught:
            await run.reply
    assert place_of(caught.value).endswith("tale.yaml:4")


async def test_a_reply_of_a_model_that_knows_no_schemas_has_to_fit_too(tmp_path: Path) -> None:
    """What is streamed is streamed; then it is an error, as it is where the model knows of it; a cut stays one."""

    async def cut() -> Any:
        yield "{"
        raise ReplyCutError("the reply ended")

    said = iter(['{"n": 1}', "one", cut])

    @miniagent
    async def saying(ctx: InteractionContext, **_options: Any) -> None:
        told = next(said)
        ctx.reply(told if isinstance(told, str) else Message.promise(told()))

    provider = ModelProvider(name="wall", agent=saying, source="", way_out="", default_model="x", ready=str, rank=1)
    models = SimpleNamespace(register_models=hookimpl(lambda register: register(provider)), __name__="models")
    text = "agents: {a: {model: 'wall:x', output: {schema: n int}}}\n"
    chain = chain_from(tmp_path, text, {}, plugins=plugins_with({}, models))
    async with MiniAgents():
        assert str(await chain.run("go").reply) == '{"n": 1}'
        with pytest.raises(SchemaMismatchError, match="the reply does not fit the schema"):
            await chain.run("go").reply
        with pytest.raises(ReplyCutError):
            await chain.run("go").reply
