"""What it costs to make a token safe to show: `python benchmarks/safe_tokens.py CASE`."""

from answer import prose_tokens, wide_tokens
from harness import cpu_us, run

from miniagents.safe_text import SafeText

TOKENS = 200_000


async def sanitised_prose() -> float:
    """CPU µs a token."""
    return await _sanitised(prose_tokens(TOKENS))


async def sanitised_wide() -> float:
    """CPU µs a token."""
    return await _sanitised(wide_tokens(TOKENS))


async def _sanitised(tokens: list[str]) -> float:
    async def feed() -> None:
        text = SafeText()
        for token in tokens:
            text.feed(token)

    return await cpu_us(TOKENS, feed)


if __name__ == "__main__":
    run(sanitised_prose, sanitised_wide)
