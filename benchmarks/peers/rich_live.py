"""The answer in Rich's Live, which renders all of it again, 10 times a second.

To make a `Markdown` of each token, as one sees it done, costs ten times as much.
"""

import asyncio

from answer import paced
from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown


async def main() -> None:
    """Show the answer as it comes."""
    text = ""
    live = Live(console=Console(force_terminal=True), refresh_per_second=10, get_renderable=lambda: Markdown(text))
    with live:
        async for token in paced():
            text += token


asyncio.run(main())
