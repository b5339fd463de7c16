"""A file of agents as one agent."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

import miniagents.chains
from miniagents import InteractionContext, Message, MiniAgents, miniagent
from miniagents.chains import load
from miniagents.chains.loading import Chain
from miniagents.errors import ChainFileError, NoScopeError, SettingsError
from miniagents.ext import misc_agents, transcript
from miniagents.hookspecs import hookimpl
from miniagents.messages import MessageSequencePromise
from miniagents.plugins.project import digest_of, sources_below
from tests.chains.played import HEAD, Heard, chain_from, chain_of, plugins_with, scripted, streaming, tagging

GREETING = (
    HEAD
    + """
description: Greets.
inputs:
  who: {required: true}
  how: {default: Hello}
agents: {echo: {plugin: echo}}
flow:
  - {agent: echo, input: inputs.who}
"""
)


def written(folder: Path, text: str) -> Path:
    """Write a file of agents."""
    path = folder / "tale.yaml"
    path.write_text(text, encoding="utf-8")
    return path


async def test_a_file_is_an_agent_like_any_other(tmp_path: Path) -> None:
    """It has a name and a description, takes messages, and replies what comes out; it may be forked with inputs."""
    agent = load(written(tmp_path, GREETING), environment={})
    assert (agent.alias, agent.description) == ("tale", "Greets.")
    ada = agent.fork(inputs={"who": "Ada"})
    async with MiniAgents():
        replies = [ada.inquire(), agent.inquire(inputs={"who": "Bo"}), ada.inquire("?")]
        assert [str(await reply) for reply in replies] == ["Ada", "Bo", "Ada"]


async def test_an_input_that_is_missing_is_missed_by_the_call(tmp_path: Path) -> None:
    """A required input may come with a call; a call without it fails."""
    agent = load(written(tmp_path, GREETING), environment={})
    async with MiniAgents():
        with pytest.raises(ChainFileError, match="who"):
            await agent.inquire()


async def test_calls_at_the_same_time_know_nothing_of_each_other(tmp_path: Path) -> None:
    """Each call is a run of its own."""
    text = HEAD + "agents: {s: {plugin: s}, t: {plugin: t}}\nflow: [s, t, {agent: t, input: [text, t]}]\n"
    plugins = plugins_with({"s": streaming(["a", "b"], delay_s=1), "t": tagging("t")})
    agent = load(written(tmp_path, text), plugins=plugins, environment={})
    async with MiniAgents():
        replies = [agent.inquire(str(number)) for number in range(200)]
        assert [str(await reply) for reply in replies] == [f"{number} ab t t" for number in range(200)]
        assert asyncio.get_running_loop().time() == 2


async def test_nobody_need_look_on(tmp_path: Path) -> None:
    """A loop without an end stops when nobody holds its reply any longer, and a run can be cancelled."""
    text = HEAD + "agents: {s: {plugin: s}}\nflow:\n  - loop: {do: [s], max: 1000000}\n"
    agent = load(written(tmp_path, text), plugins=plugins_with({"s": streaming(["x"], delay_s=1)}), environment={})
    async with MiniAgents():
        reply = agent.inquire("go")
        await asyncio.sleep(10)
        reply.cancel()
    assert asyncio.get_running_loop().time() == 10


async def test_a_dialog_goes_on_in_the_file_that_keeps_it(tmp_path: Path) -> None:
    """`history: {file: …}` counts from the file of agents; what was said before is sent to the agents."""
    heard = Heard()
    agents = {"a": heard.agent("fine", "bye")}
    async with MiniAgents():
        for said in ("hello", "again"):
            more = 'history: {file: "${env:NAME}.md"}\n'
            chain = chain_of(tmp_path, "  [user, a]", agents, more=more, environment={"NAME": "talk"})
            await chain.run(said, user=scripted()).reply
    assert heard.texts == ["hello", "hello\n\nfine\n\nagain"]
    assert "bye" in (tmp_path / "talk.md").read_text(encoding="utf-8")


def test_a_run_needs_a_scope(tmp_path: Path) -> None:
    """Without one there is nobody who owns it."""
    chain = chain_from(tmp_path, "agents: {a: {plugin: echo}}\n", {})
    with pytest.raises(NoScopeError):
        chain.run("go")


def test_nothing_is_imported_before_it_is_wanted() -> None:
    """The package knows its names, and no others."""
    assert miniagents.chains.Chain is Chain
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        miniagents.chains.nothing  # noqa: B018 - it is not there


CODE = HEAD + "agents: {a: {python: 'mine:polite', with: {greeting: Hi}}}\n"
MINE = """
from miniagents import InteractionContext, miniagent

@miniagent
async def polite(ctx: InteractionContext, greeting="Good day"):
    ctx.reply(f"{greeting} {ctx.message_promises}")

polite_too = "no agent"
"""


async def test_python_of_the_folder_is_run_where_it_is_allowed(tmp_path: Path) -> None:
    """`with` gives its parameters."""
    (tmp_path / "mine.py").write_text(MINE, encoding="utf-8")
    agent = load(written(tmp_path, CODE), environment={}, allow_code=True)
    async with MiniAgents():
        assert str(await agent.inquire("you")) == "Hi you"


def test_python_is_refused_unasked(tmp_path: Path) -> None:
    """The line says where it is, and how to allow it."""
    (tmp_path / "mine.py").write_text("raise SystemExit", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"tale\.yaml:3:14: this would run Python of .*--allow-code"):
        load(written(tmp_path, CODE), environment={})


def test_python_is_run_where_the_folder_is_trusted_as_it_is(tmp_path: Path) -> None:
    """A change of any of its Python makes it strange again."""
    folder = tmp_path.resolve()
    (folder / "mine.py").write_text(MINE, encoding="utf-8")
    (folder / "deeper").mkdir()
    (folder / "deeper/other.py").write_text("", encoding="utf-8")
    trusted = {str(folder): digest_of(folder, sources_below(folder))}
    assert str(chain_from(folder, CODE.removeprefix(HEAD), {}, trusted=trusted).agents["a"]) == "a"
    (folder / "deeper/other.py").write_text("more", encoding="utf-8")
    with pytest.raises(SettingsError, match="it has changed since it was trusted"):
        chain_from(folder, CODE.removeprefix(HEAD), {}, trusted=trusted)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("{plugin: ecoh}", r"tale\.yaml:4:\d+: no plugin has an agent ecoh; did you mean echo"),
        ("{python: 'mine:polite_too'}", r"tale\.yaml:4:\d+: mine:polite_too is no agent; mark its function with @mini"),
        ("{python: 'mine:plite'}", r"tale\.yaml:4:\d+: there is no plite in mine; did you mean polite"),
        ("{python: 'mine:polite', with: {greting: Hi}}", "the agent has no parameter greting; did you mean greeting"),
        ("{python: 'mine:polite', with: {timeout_s: 1}}", "the agent has no parameter timeout_s"),
        ("{model: gpt-4o, tools: [wether]}", "no agent and no source of tools is called wether"),
        ("{model: gpt-4o, tools: [{mpc: {command: x}}]}", "no agent and no source of tools is called mpc"),
        ("{model: gpt-4o, tools: ['mine:nothing']}", "there is no nothing in mine"),
        ("{model: gpt-4o, temperature: 9}", "temperature must be a number from 0 to 2 for openai:gpt-4o"),
    ],
)
def test_what_is_not_there_is_said_with_its_place(tmp_path: Path, agent: str, words: str) -> None:
    """Agents, parameters and tools that nobody has: the line, and what was meant."""
    (tmp_path / "mine.py").write_text(MINE, encoding="utf-8")
    with pytest.raises(SettingsError, match=words):
        chain_from(tmp_path, f"agents:\n  a: {agent}\n", {}, allow_code=True)


def files_of_talk(folder: Path) -> list[Path]:
    """Return the transcripts below a folder."""
    return [*folder.glob("chats/*.md"), *folder.glob("talk.md")]


@pytest.mark.parametrize("history", ["markdown", "shelf:x", "{file: talk.md}"])
async def test_a_dialog_is_kept_as_its_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, history: str) -> None:
    """In a new file, by what a plugin offers, in a file of its own: without the program, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(misc_agents, "console_user_agent", scripted("hello"))
    kept: list[str] = []

    @miniagent
    async def shelf(
        ctx: InteractionContext, previous: MessageSequencePromise | None = None, argument: str = ""
    ) -> None:
        said = await ctx.message_promises
        kept.extend(f"{argument}: {message}" for message in said)
        ctx.reply([*(() if previous is None else await previous), *said])

    histories = SimpleNamespace(
        register_history=hookimpl(lambda register: register("shelf", shelf.fork(argument=""))), __name__="histories"
    )
    path = written(tmp_path, f"{HEAD}agents: {{a: {{plugin: echo}}}}\nflow: [user, a]\nhistory: {history}\n")
    async with MiniAgents():
        await load(path, plugins=plugins_with({}, histories), environment={}).inquire()
    files = files_of_talk(tmp_path)
    if history == "shelf:x":
        assert (kept, files) == (["x: hello", "x: hello"], [])
    else:
        [file] = files
        assert [message.text for message in transcript.read(file)] == ["hello", "hello"]


@pytest.mark.parametrize("history", ["markdwn", "markdown:x", "memory:x"])
def test_a_history_that_there_is_not_is_refused_at_once(tmp_path: Path, history: str) -> None:
    """Not when the first thing was said."""
    path = written(tmp_path, f"{HEAD}agents: {{a: {{plugin: echo}}}}\nflow: [user, a]\nhistory: {history}\n")
    with pytest.raises(SettingsError, match=rf"tale.yaml:5:1: no history is called {history}; "):
        load(path, environment={})


async def test_who_persists_messages_has_those_of_named_agents_twice(tmp_path: Path) -> None:
    """As they were said, and with the agent's name: equal messages, which have one hash."""
    persisted: list[Message] = []
    path = written(tmp_path, f"{HEAD}agents: {{a: {{plugin: s}}}}\n")
    agent = load(path, plugins=plugins_with({"s": streaming(["x"])}), environment={})
    async with MiniAgents(on_persist_message=persisted.append):
        await agent.inquire("go")
    names = [message.metadata.get("agent") for message in persisted if message.text == "x"]
    assert (names, len({message.content_hash for message in persisted})) == ([None, "a"], 2)
