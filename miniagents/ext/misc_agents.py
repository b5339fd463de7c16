"""Agents that need no model: a person at a console, in two halves (one shows what was said, one asks), and an echo.

Plain text on standard input and output, standard library only; the chat program has a better console of its own. Ctrl-C
while a reply arrives ends that reply; at the prompt it ends the dialog, as do Ctrl-D and the word `exit`.
"""

import asyncio
import os
import select
import sys

from ..errors import CallCancelledError, MiniagentsError
from ..messages import Message, MessagePromise
from ..miniagents import InteractionContext, miniagent
from ..safe_text import SafeText, exact, one_line
from .interrupts import on_interrupt

__all__ = ["console_input_agent", "console_output_agent", "console_user_agent", "echo_agent", "read_line"]


@miniagent
async def console_user_agent(ctx: InteractionContext) -> None:
    """Show what it is sent, as it arrives, then ask for a line; reply nothing when the person has had enough.

    A model's failure is shown in one line and ends nothing; an error that is none of ours is raised.
    """
    with on_interrupt(ctx.message_promises.cancel):
        try:
            await console_output_agent.inquire(ctx.message_promises)
        except CallCancelledError:
            _print("\n(interrupted)\n")
        except MiniagentsError as error:
            _print(f"\n({one_line(str(error))})\n")
    ctx.reply(console_input_agent.inquire())


@miniagent
async def console_output_agent(ctx: InteractionContext) -> None:
    """Print what it is sent, token by token, and reply with it."""
    async for promise in ctx.message_promises:
        ctx.reply(promise)
        text = SafeText()
        async for token in promise:
            _print(text.feed(token))
        _print(text.end() + "\n")


@miniagent
async def console_input_agent(ctx: InteractionContext, *, prompt: str = "> ") -> None:
    """Wait for what it is sent, then ask for a line and reply with it; nothing at Ctrl-C, Ctrl-D, `exit` or `quit`."""
    await ctx.message_promises
    line: str | None = ""
    while line == "":  # an empty line says nothing; ask again
        asking = asyncio.ensure_future(read_line())
        with on_interrupt(asking.cancel):
            _print(prompt)
            await asyncio.wait([asking])
        line = None if asking.cancelled() else asking.result()
    if line is None:
        _print("\n")
    elif line.strip().lower() not in {"exit", "quit"}:
        ctx.reply({"text": line, "role": "user"})


@miniagent
async def echo_agent(ctx: InteractionContext) -> None:
    """Reply with the last message it is sent, token by token as it arrives: a chat, or a chain, without a model."""
    last: MessagePromise | None = None
    async for promise in ctx.message_promises:
        last = promise
    if last is not None:
        ctx.reply(Message.promise(last, role="assistant"))


def _print(text: str) -> None:
    if text:
        sys.stdout.write(text)
        sys.stdout.flush()


async def read_line() -> str | None:
    """Return a line of standard input without its end, None at the end of the input; stops where it is cancelled."""
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()
    try:
        descriptor = sys.stdin.fileno()
        loop.add_reader(descriptor, arrived.set)
    except NotImplementedError:  # Windows: a thread has to wait
        rest = await asyncio.to_thread(sys.stdin.readline)
        return exact(rest).rstrip("\r\n") if rest else None
    except (OSError, ValueError):  # a file, which makes nobody wait, or a stand-in for one
        rest = sys.stdin.readline()
        return exact(rest).rstrip("\r\n") if rest else None  # Python takes what is no UTF-8 for lone surrogates
    line = bytearray()
    try:
        while not line.endswith(b"\n"):
            await arrived.wait()
            byte = os.read(descriptor, 1)  # by the byte, as a shell does it: what is behind the line is not ours
            if not byte:
                break
            line += byte
            if not select.select([descriptor], [], [], 0)[0]:
                arrived.clear()
    finally:
        loop.remove_reader(descriptor)
    return line.decode(errors="replace").rstrip("\r\n") if line else None
