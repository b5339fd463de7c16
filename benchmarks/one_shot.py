"""The least that a one-shot chat can be: the bare OpenAI SDK, one prompt, the tokens to standard output."""

import asyncio
import sys

from openai import AsyncOpenAI


async def main() -> None:
    """Ask, and write what comes."""
    stream = await AsyncOpenAI().chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": "hi"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            sys.stdout.write(chunk.choices[0].delta.content)
            sys.stdout.flush()


asyncio.run(main())
