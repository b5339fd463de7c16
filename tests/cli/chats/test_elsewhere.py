"""The conversation that goes on where a plugin keeps it."""

import pytest

from miniagents.cli.chats.elsewhere import Elsewhere
from miniagents.errors import UsageError
from miniagents.messages import Message
from miniagents.miniagents import MiniAgents
from miniagents.testing import scripted_agent
from miniagents.utils import adialog_loop
from tests.cli.chats.notebook import Notebook, notebook_agent


async def say(conversation: Elsewhere, *texts: str) -> None:
    """Say these, and let each be answered, in one dialog."""
    said = [Message(text=text, role="user") for text in texts]
    async with MiniAgents():
        await adialog_loop(
            scripted_agent(*said, None), scripted_agent(*map(str.upper, texts)), conversation.history_agent()
        )


def told(conversation: Elsewhere) -> list[str]:
    """Return what was said."""
    return [message.text for message in conversation.messages()]


async def test_it_goes_on_and_back() -> None:
    """Each dialog goes on from where the one before stood, or from an earlier place; what was said there stays."""
    notebook = Notebook()
    conversation = Elsewhere(notebook_agent.fork(shelf=notebook), notebook)
    assert (told(conversation), conversation.title, conversation.path) == ([], "", None)
    conversation.make()
    await say(conversation, "a", "b")
    await say(conversation, "c")
    assert told(conversation) == ["a", "A", "b", "B", "c", "C"]
    conversation.go_back(2)
    await say(conversation, "d")
    assert told(conversation) == ["a", "A", "d", "D"]
    conversation.go_back(0)
    await say(conversation, "e")
    assert told(conversation) == ["e", "E"]
    assert len(notebook.pages) == 10
    assert told(Elsewhere(notebook_agent, notebook, at="0 1 2")) == ["a", "A", "b"]


async def test_nobody_goes_back_further_than_there_is() -> None:
    """As many messages can be kept as were said."""
    notebook = Notebook()
    conversation = Elsewhere(notebook_agent.fork(shelf=notebook), notebook)
    conversation.go_back(0)
    for keep in (-1, 1):
        with pytest.raises(UsageError, match="0 messages were said; keep as many or fewer"):
            conversation.go_back(keep)
    await say(conversation, "a")
    conversation.go_back(2)
    with pytest.raises(UsageError, match="2 messages were said"):
        conversation.go_back(3)


async def test_titles() -> None:
    """One that is given before anything is said is written down with the first message; else the beginning is one."""
    notebook = Notebook()
    conversation = Elsewhere(notebook_agent.fork(shelf=notebook), notebook)
    conversation.rename("Early")
    assert conversation.title == "Early"
    assert notebook.titles == {}
    await say(conversation, "a question")
    assert notebook.titles == {"0": "Early"}
    conversation.rename("Late")
    assert conversation.title == notebook.titles["0"] == "Late"
    conversation.rename("")
    assert conversation.title == "a question"
    assert Elsewhere(notebook_agent, notebook, at="0", titles=False).title == ""
