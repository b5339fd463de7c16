"""A dialog that is kept: you and a model, in a Markdown file that you can read, edit, and go on from.

Needs OPENAI_API_KEY, or another server at OPENAI_BASE_URL. Run it: python examples/minutes.py talk.md
"""

import asyncio
import sys

from miniagents import MiniAgents
from miniagents.ext.history_agents import markdown_history_agent
from miniagents.ext.llm.openai import openai_agent
from miniagents.ext.misc_agents import console_user_agent
from miniagents.utils import adialog_loop


async def main(path: str) -> None:
    """Talk until the person has had enough (an empty Ctrl-D, or the word exit)."""
    async with MiniAgents():
        await adialog_loop(
            user_agent=console_user_agent,
            assistant_agent=openai_agent.fork(system="Be brief."),
            history_agent=markdown_history_agent.fork(history_md_file=path),
        )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "talk.md"))
