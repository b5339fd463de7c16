"""Live streams, driven step by step: whoever reads, however late, interrupted or not, sees all of it in order."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from miniagents.errors import CallCancelledError
from miniagents.messages import Message, MessagePromise, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.testing import virtual_time_loop

MOMENT_S = 0.001
OPEN = ""
ENDED = "ended"
Event = tuple[str, Any]


class BoomError(Exception):
    """The error that an agent or a stream is told to end with."""


@dataclass(eq=False)
class Text:
    """A message that streams what it is told."""

    tokens: list[str] = field(default_factory=list)
    state: str = OPEN
    orders: asyncio.Queue[str | Exception | None] = field(default_factory=asyncio.Queue)
    waits_in: "Node | None" = None
    """The agent in whose reply it takes its place when it begins."""

    def begin(self) -> None:
        """Take its place, if it waits for that."""
        if self.waits_in is not None:
            self.waits_in.unplaced.remove(self)
            self.waits_in.pieces.append(self)
            self.waits_in = None

    async def stream(self) -> AsyncIterator[str]:
        """Give tokens until told to end."""
        while (order := await self.orders.get()) is not None:
            if isinstance(order, Exception):
                raise order
            yield order

    def heard(self) -> list[Event]:
        """Return what a reader can have heard by now."""
        return [("token", token) for token in self.tokens] + ending(self.state)


@dataclass(eq=False)
class Node:
    """An agent that does what it is told."""

    pieces: "list[Text | Node]" = field(default_factory=list)
    state: str = OPEN
    orders: asyncio.Queue[Callable[[InteractionContext], Any] | None] = field(default_factory=asyncio.Queue)
    call: MessageSequencePromise | None = None
    unplaced: list[Text] = field(default_factory=list)
    """What it replied out of order and has not begun."""
    lost: list[Text] = field(default_factory=list)
    """What had not begun when it failed."""

    def heard(self) -> list[Event]:
        """Return what a reader can have heard by now."""
        events: list[Event] = []
        for piece in self.pieces:
            if isinstance(piece, Text):
                events.append(("message", piece))
                continue
            inner = piece.heard()
            events += [event for event in inner if event != (ENDED, None)]
            if inner[-1:] != [(ENDED, None)]:
                return events
        return events + ([] if self.state == ENDED and self.unplaced else ending(self.state))

    def lose(self) -> None:
        """Have no place any more for what has not begun."""
        self.lost += self.unplaced
        for text in self.unplaced:
            text.waits_in = None
        self.unplaced = []

    def stop(self) -> None:
        """Be cancelled, with everything below."""
        if self.unplaced:
            self.state = OPEN  # though it was told to end
            self.lose()
        for text in self.lost:
            text.state = text.state or CallCancelledError.__name__
        for piece in self.pieces:
            if isinstance(piece, Node):
                piece.stop()
            elif piece.state == OPEN:
                piece.state = CallCancelledError.__name__
        if self.state == OPEN:
            self.state = CallCancelledError.__name__


def ending(state: str) -> list[Event]:
    """Return how a reader hears that something has ended."""
    if state == OPEN:
        return []
    return [(ENDED, None)] if state == ENDED else [("error", state), (ENDED, None)]


@miniagent
async def obeying(ctx: InteractionContext, node: Node) -> None:
    """Do what it is told until told to end."""
    while (order := await node.orders.get()) is not None:
        order(ctx)


@dataclass(eq=False)
class Reader:
    """A reader, and how far it has come."""

    of: Node | Text
    place: Any
    count: int = 0


class LiveStreams(RuleBasedStateMachine):
    """Agents and streams are told what to do, one order at a time; readers come, go on, give up waiting and leave."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=virtual_time_loop)
        self.scope = MiniAgents()
        self.run(self.scope.__aenter__())
        self.root = Node()
        self.nodes = [self.root]
        self.texts: list[Text] = []
        self.promises: dict[Text, MessagePromise] = {}
        self.readers: list[Reader] = []

        async def start() -> None:
            self.root.call = obeying.inquire(node=self.root)

        self.run(start())

    def run(self, doing: Coroutine[Any, Any, Any]) -> Any:
        """Do something on the loop, and let it settle."""

        async def settled() -> Any:
            result = await doing
            await asyncio.sleep(MOMENT_S)
            return result

        return self.runner.run(settled())

    def tell(self, node: Node, order: Callable[[InteractionContext], Any] | None) -> None:
        """Give an agent an order, and let it be done."""
        node.orders.put_nowait(order)
        self.run(asyncio.sleep(0))

    def one_of(self, data: st.DataObject, things: list[Any]) -> Any:
        """Choose one."""
        return data.draw(st.sampled_from(things))

    def open_nodes(self) -> list[Node]:
        """Return the agents that still work."""
        return [node for node in self.nodes if node.state == OPEN]

    def open_texts(self) -> list[Text]:
        """Return the streams that still flow."""
        return [text for text in self.texts if text.state == OPEN]

    @precondition(open_nodes)
    @rule(data=st.data())
    def reply_a_stream(self, data: st.DataObject) -> None:
        """An agent replies a message that streams."""
        node, text = self.one_of(data, self.open_nodes()), Text()
        node.pieces.append(text)
        self.texts.append(text)

        def order(ctx: InteractionContext) -> None:
            self.promises[text] = Message.promise(text.stream())
            ctx.reply(self.promises[text])

        self.tell(node, order)

    @precondition(open_nodes)
    @rule(data=st.data())
    def reply_a_stream_out_of_order(self, data: st.DataObject) -> None:
        """An agent replies a message that takes its place when it begins."""
        node, text = self.one_of(data, self.open_nodes()), Text()
        text.waits_in = node
        node.unplaced.append(text)
        self.texts.append(text)

        def order(ctx: InteractionContext) -> None:
            self.promises[text] = Message.promise(text.stream())
            ctx.reply_out_of_order(self.promises[text])

        self.tell(node, order)

    @precondition(open_nodes)
    @rule(data=st.data())
    def forward(self, data: st.DataObject) -> None:
        """An agent replies what another one replies."""
        node, inner = self.one_of(data, self.open_nodes()), Node()
        node.pieces.append(inner)
        self.nodes.append(inner)

        def order(ctx: InteractionContext) -> None:
            inner.call = obeying.inquire(node=inner)
            ctx.reply(inner.call)

        self.tell(node, order)

    @precondition(open_texts)
    @rule(data=st.data(), tokens=st.lists(st.sampled_from("abc"), min_size=1, max_size=3))
    def flow(self, data: st.DataObject, tokens: list[str]) -> None:
        """Tokens come."""
        text = self.one_of(data, self.open_texts())
        text.begin()
        text.tokens += tokens
        for token in tokens:
            text.orders.put_nowait(token)
        self.run(asyncio.sleep(0))

    @precondition(open_texts)
    @rule(data=st.data(), breaks=st.booleans())
    def end_a_stream(self, data: st.DataObject, breaks: bool) -> None:
        """A stream ends, or breaks."""
        text = self.one_of(data, self.open_texts())
        text.begin()
        text.state = BoomError.__name__ if breaks else ENDED
        text.orders.put_nowait(BoomError() if breaks else None)
        self.run(asyncio.sleep(0))

    @precondition(open_nodes)
    @rule(data=st.data(), fails=st.booleans())
    def end_an_agent(self, data: st.DataObject, fails: bool) -> None:
        """An agent ends, or fails."""
        node = self.one_of(data, self.open_nodes())
        node.state = BoomError.__name__ if fails else ENDED
        if fails:
            node.lose()

        def fail(_ctx: InteractionContext) -> None:
            raise BoomError

        self.tell(node, fail if fails else None)

    @rule(data=st.data())
    def cancel_an_agent(self, data: st.DataObject) -> None:
        """Somebody cancels a call, and so everything below it."""
        node = self.one_of(data, self.nodes)
        node.stop()
        assert node.call is not None
        node.call.cancel()
        self.run(asyncio.sleep(0))

    @rule(data=st.data())
    def come(self, data: st.DataObject) -> None:
        """A reader comes, to an agent's reply or to one message, from its start."""
        of = self.one_of(data, [*self.nodes, *self.texts])
        stream = of.call if isinstance(of, Node) else self.promises[of]
        self.readers.append(Reader(of, aiter(stream)))

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        """A reader leaves where it is."""
        self.readers.remove(self.one_of(data, self.readers))

    @precondition(lambda self: self.readers)
    @rule(data=st.data(), steps=st.integers(1, 8))
    def read_on(self, data: st.DataObject, steps: int) -> None:
        """A reader reads on, until there is no more by now; then it gives up waiting, and may come back."""
        reader = self.one_of(data, self.readers)
        expected = reader.of.heard()[reader.count :][:steps]
        heard = self.run(self.hear(reader.place, steps))
        if len(expected) < steps and expected[-1:] != [(ENDED, None)]:
            expected.append(("wait", None))
        assert heard == expected
        reader.count += len([event for event in heard if event not in ((ENDED, None), ("wait", None))])

    async def within_a_moment(self, call: MessageSequencePromise) -> list[Any]:
        """Return what awaiting gives, an error too."""
        return await asyncio.gather(asyncio.wait_for(call, MOMENT_S), return_exceptions=True)

    async def hear(self, place: Any, steps: int) -> list[Event]:
        """Return the next things that are heard."""
        events: list[Event] = []
        for _ in range(steps):
            try:
                async with asyncio.timeout(MOMENT_S):
                    piece = await anext(place)
            except StopAsyncIteration:
                return [*events, (ENDED, None)]
            except TimeoutError:
                return [*events, ("wait", None)]
            except (BoomError, CallCancelledError) as error:
                events.append(("error", type(error).__name__))
            else:
                messages = {promise: text for text, promise in self.promises.items()}
                events.append(("token", piece) if isinstance(piece, str) else ("message", messages[piece]))
        return events

    @invariant()
    def the_whole_is_there_when_all_of_it_is(self) -> None:
        """To await everything gives all texts, or the first error, or has to wait."""
        events = self.root.heard()
        texts = [text for kind, text in events if kind == "message"]
        waits = events[-1:] != [(ENDED, None)] or any(text.state == OPEN for text in texts)
        errors = [name for kind, name in events if kind == "error"]
        assert self.root.call is not None
        [whole] = self.run(self.within_a_moment(self.root.call))
        broken = [text.state for text in texts if text.state not in (OPEN, ENDED)]
        if isinstance(whole, TimeoutError):
            assert waits
        elif isinstance(whole, Exception):
            assert [type(whole).__name__] == (errors[:1] or broken[:1])
        else:
            assert not waits
            assert [message.text for message in whole] == ["".join(text.tokens) for text in texts]

    def teardown(self) -> None:
        """End what is still open, and leave the scope: nothing may be left."""
        for text in self.open_texts():
            text.orders.put_nowait(None)
        for node in self.open_nodes():
            node.orders.put_nowait(None)
        self.run(self.scope.__aexit__(None, None, None))
        assert not self.scope.works
        self.runner.close()


def test_live_streams() -> None:
    """Whatever happens to agents, streams and readers, in whatever order, each reader sees what the model says."""
    logger = logging.getLogger("miniagents")
    logger.disabled = True  # errors that no reader came for are part of the game
    try:
        run_state_machine_as_test(
            LiveStreams,
            settings=settings(deadline=None, database=None, max_examples=60, stateful_step_count=40),
        )
    finally:
        logger.disabled = False
