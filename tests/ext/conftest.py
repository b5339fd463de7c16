"""What tests of history agents begin with."""

from pathlib import Path

import pytest

from miniagents.ext.history_agents import in_memory_history_agent, markdown_history_agent
from miniagents.miniagents import MiniAgent


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    """Return where the transcript is to be."""
    return tmp_path / "chat.md"


@pytest.fixture(params=["in memory", "markdown"])
def history_agent(request: pytest.FixtureRequest, chat: Path) -> MiniAgent:
    """Return each history agent in turn."""
    return (
        in_memory_history_agent if request.param == "in memory" else markdown_history_agent.fork(history_md_file=chat)
    )
