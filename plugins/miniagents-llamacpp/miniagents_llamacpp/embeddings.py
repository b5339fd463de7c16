"""Embeddings: texts become vectors that are near each other where the texts mean nearly the same.

    vectors = await embed(["a cat", "a kitten", "a tax return"], model="owner/an-embedding-model-GGUF")

In: texts, a model. Out: a vector of length 1 for each, so that the sum of the products of two is their likeness. Never:
a search.
"""

import re
from collections.abc import Mapping, Sequence
from json import dumps, loads
from typing import Any, Final, Literal

from miniagents.errors import RequestRefusedError

from . import library, native
from .engine import Completion, Engine
from .errors import one_line
from .job import Job

__all__ = ["EmbeddingEngine", "embed"]

_CONTEXT_TOKENS: Final = 2048
"""As much as most models of this kind were trained with, or more: three pages."""
_AT_ONCE: Final = 8
"""Texts between two moments to stop at."""
_NO_POOLING: Final = "Pooling type 'none'"
_TOO_LONG: Final = re.compile(r"input \((\d+) tokens\)\D*(\d+)")
"""What llama.cpp says of the batch, and of the context, which a model may have made shorter than it was asked for."""


async def embed(
    texts: Sequence[str],
    *,
    model: str = "local",
    context_tokens: int = _CONTEXT_TOKENS,
    environment: Mapping[str, str] | None = None,
) -> list[list[float]]:
    """Return a vector for each text.

    A model that was made for it does it well; any other, such as the default one, only somehow. Some want a word before
    a text that says what it is for ("query: ", "passage: "): their page tells which.

    Args:
        texts: As many as you like; none of them empty.
        model: As for `llamacpp_agent`; fetched the first time.
        context_tokens: How long the longest text may be; costs memory.
        environment: Where `HF_ENDPOINT` and `HF_TOKEN` are looked up.

    Raises:
        ModelError: There is no such model, or it cannot read one of the texts.
    """
    path = await library.pull(model, environment=environment)
    return await EmbeddingEngine.shared(path, context_tokens=context_tokens).embed(texts)


class EmbeddingEngine(Engine):
    """An engine that makes vectors, and no replies; otherwise as any other, the one that all share too."""

    def _start_afresh(self) -> None:
        self._pooling: Literal["own", "mean"] = "own"
        super()._start_afresh()

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector for each text, in their order; cancelled, it stops after a few of them.

        Raises:
            ModelFileError: The file holds no model that can be loaded.
            RequestRefusedError: A text is empty, or longer than the context.
        """
        vectors: list[list[float]] = []

        def work(server: Any, job: Job) -> None:
            count = 0
            for at in range(0, len(texts), _AT_ONCE):
                if job.unwanted:
                    return
                some, tokens = self._vectors(server, list(texts[at : at + _AT_ONCE]))
                vectors.extend(some)
                count += tokens
            job.receive(dumps({"usage": {"prompt_tokens": count}}).encode())

        if not texts:
            return vectors
        await self._turns.take()
        job = self._start(work)
        try:
            while True:
                for piece in await job.pieces():
                    if isinstance(piece, Completion):
                        return vectors
        finally:
            job.abort()

    def _vectors(self, server: Any, texts: list[str]) -> tuple[list[list[float]], int]:
        request = dumps({"input": texts})
        told = loads(server.handle_embeddings(request))
        if _NO_POOLING in _fault(told):  # it was made for chats: the mean of its tokens has to do, from now on
            self._pooling = "mean"
            with self._loading:
                self._server = server = self._load()
            told = loads(server.handle_embeddings(request))
        if fault := _fault(told):
            if found := _TOO_LONG.search(fault):
                cause = f"a text has {found[1]} tokens, the context {found[2]}"
                raise RequestRefusedError(
                    cause, host=str(self.path), cure="shorten it, or raise `context_tokens`, as far as the model goes"
                )
            raise RequestRefusedError(one_line(fault), host=str(self.path))
        return [each["embedding"] for each in told["data"]], told["usage"]["prompt_tokens"]

    def _load(self) -> Any:
        return native.load(self.path, **self._load_options, pooling=self._pooling)  # type: ignore[arg-type]


def _fault(told: Mapping[str, Any]) -> str:
    return str(told["error"].get("message", "it gave no reason")) if "error" in told else ""
