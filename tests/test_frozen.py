"""Frozen containers, and the one way to write values down."""

import copy
import json
import pickle
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict

from miniagents.frozen import EMPTY, FrozenDict, FrozenList, canonical_json, freeze, instances_inside

LIST_CHANGES: dict[str, Callable[[list[Any]], Any]] = {
    "append": lambda items: items.append(4),
    "clear": lambda items: items.clear(),
    "del": lambda items: items.__delitem__(0),
    "extend": lambda items: items.extend([4]),
    "+=": lambda items: items.__iadd__([4]),
    "*=": lambda items: items.__imul__(2),
    "insert": lambda items: items.insert(0, 4),
    "pop": lambda items: items.pop(),
    "remove": lambda items: items.remove(3),
    "reverse": lambda items: items.reverse(),
    "[0] =": lambda items: items.__setitem__(0, 4),
    "[:] =": lambda items: items.__setitem__(slice(None), [4]),
    "sort": lambda items: items.sort(key=int),
}
DICT_CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "clear": lambda items: items.clear(),
    "del": lambda items: items.__delitem__("a"),
    "|=": lambda items: items.__ior__({"a": 2}),
    "pop": lambda items: items.pop("a"),
    "pop default": lambda items: items.pop("b", None),
    "popitem": lambda items: items.popitem(),
    "setdefault": lambda items: items.setdefault("b", 2),
    "[] =": lambda items: items.__setitem__("a", 2),
    "update": lambda items: items.update(a=2),
}

SET_CHANGES: dict[str, Callable[[set[Any]], Any]] = {
    "add": lambda items: items.add(3),
    "clear": lambda items: items.clear(),
    "difference_update": lambda items: items.difference_update({1}),
    "discard": lambda items: items.discard(1),
    "intersection_update": lambda items: items.intersection_update({1}),
    "pop": lambda items: items.pop(),
    "remove": lambda items: items.remove(1),
    "symmetric_difference_update": lambda items: items.symmetric_difference_update({1}),
    "update": lambda items: items.update({3}),
    "&=": lambda items: items.__iand__({1}),
    "|=": lambda items: items.__ior__({3}),
    "-=": lambda items: items.__isub__({1}),
    "^=": lambda items: items.__ixor__({1}),
}


@pytest.mark.parametrize("change", LIST_CHANGES.values(), ids=LIST_CHANGES)
def test_a_frozen_list_cannot_be_changed(change: Callable[[list[Any]], Any]) -> None:
    """Every way to change a list is refused with the cure."""
    frozen = FrozenList([3, 1, 2])
    with pytest.raises(TypeError, match="a FrozenList cannot be changed; make a new message with the new value"):
        change(frozen)
    assert frozen == [3, 1, 2]


@pytest.mark.parametrize("change", DICT_CHANGES.values(), ids=DICT_CHANGES)
def test_a_frozen_dict_cannot_be_changed(change: Callable[[dict[str, Any]], Any]) -> None:
    """Every way to change a dict is refused with the cure."""
    frozen = FrozenDict({"a": 1})
    with pytest.raises(TypeError, match="a FrozenDict cannot be changed; make a new message with the new value"):
        change(frozen)
    assert frozen == {"a": 1}


@pytest.mark.parametrize("change", SET_CHANGES.values(), ids=SET_CHANGES)
def test_a_frozen_set_cannot_be_changed(change: Callable[[set[Any]], Any]) -> None:
    """Every way to change a set is refused, and it still is a set, as its field says."""
    frozen = freeze({1, 2})
    assert isinstance(frozen, set)
    with pytest.raises((TypeError, AttributeError)):
        change(frozen)
    assert frozen == {1, 2}


def test_no_way_to_change_is_forgotten() -> None:
    """Whatever a list or a dict can do to itself, in any version of Python, is refused."""
    reading = set(dir(tuple)) | {"copy", "__class_getitem__", "__reversed__", "__init__"}
    assert {name for name in dir(list) if name not in reading} == {
        name for name in vars(FrozenList) if name not in ("__doc__", "__module__", "__slots__") and name in dir(list)
    } - reading
    reading = set(dir(MappingProxyType)) | {"fromkeys", "__init__"}
    assert {name for name in dir(dict) if name not in reading} <= set(vars(FrozenDict))
    assert "__ior__" in vars(FrozenDict)


def test_frozen_values_are_what_they_were() -> None:
    """A frozen container reads, compares, adds up and is written as JSON like the one it was made of."""
    frozen = freeze({"a": [1, {"b": 2}]})
    assert frozen == {"a": [1, {"b": 2}]}
    assert isinstance(frozen, dict)
    assert isinstance(frozen["a"], list)
    assert frozen["a"] + [3] == [1, {"b": 2}, 3]
    assert frozen | {"c": 3} == {"a": [1, {"b": 2}], "c": 3}
    assert json.dumps(frozen) == '{"a": [1, {"b": 2}]}'


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_frozen_values_can_be_copied_and_pickled(copied: Callable[[Any], Any]) -> None:
    """A copy of a frozen value is equal to it and as frozen."""
    frozen = freeze({"a": [1, {"b": {2}}], "c": (3, [4])})
    other = copied(frozen)
    assert other == frozen
    assert type(other) is FrozenDict
    assert type(other["a"]) is FrozenList
    assert type(other["a"][1]) is FrozenDict


Pair = namedtuple("Pair", "left right")  # noqa: PYI024 - the old kind has to work too


@pytest.mark.parametrize(
    ("value", "frozen", "kind"),
    [
        (5, 5, int),
        (None, None, type(None)),
        ("text", "text", str),
        (b"bytes", b"bytes", bytes),
        (bytearray(b"bytes"), b"bytes", bytes),
        ([1, 2], [1, 2], FrozenList),
        ({"a": 1}, {"a": 1}, FrozenDict),
        (OrderedDict(a=1), {"a": 1}, FrozenDict),
        (MappingProxyType({"a": 1}), {"a": 1}, FrozenDict),
        (frozenset({1}), {1}, frozenset),
        ((1, 2), (1, 2), tuple),
        (Pair(1, 2), (1, 2), Pair),
    ],
    ids=lambda value: type(value).__name__,
)
def test_freeze_by_type(value: Any, frozen: Any, kind: type) -> None:
    """Each container becomes its frozen kind; everything else stays what it is."""
    assert freeze(value) == frozen
    assert type(freeze(value)) is kind


def test_freeze_goes_all_the_way_down() -> None:
    """Containers inside containers of every kind are frozen too, and what was frozen is not changed by its origin."""
    inner = [1]
    frozen = freeze({"list": [inner], "tuple": (inner,), "dict": {"a": inner}})
    inner.append(2)
    for found in (frozen["list"][0], frozen["tuple"][0], frozen["dict"]["a"]):
        assert type(found) is FrozenList
        assert found == [1]


def test_empty_is_frozen() -> None:
    """The one empty dict that all messages share cannot be written to."""
    assert EMPTY == {}
    with pytest.raises(TypeError):
        EMPTY["a"] = 1


def nothing(_value: object) -> None:
    """Replace nothing."""


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, b"null"),
        (True, b"true"),
        (1, b"1"),
        (1.0, b"1.0"),
        (1e300, b"1e+300"),
        (10**30, b"1000000000000000000000000000000"),
        ("é😀\n", '"é😀\\n"'.encode()),
        ("\ud83d", b'"\xed\xa0\xbd"'),
        ([1, (2, [])], b"[1,[2,[]]]"),
        ({"b": 1, "a": {"d": 2, "c": 3}}, b'{"a":{"c":3,"d":2},"b":1}'),
        (FrozenDict(b=FrozenList([1])), b'{"b":[1]}'),
        ({3, 1, 2}, b'{"$set":[1,2,3]}'),
        (frozenset({"b", "a"}), b'{"$set":["a","b"]}'),
        (frozenset({(2, "a"), (1, "b")}), b'{"$set":[[1,"b"],[2,"a"]]}'),
        (b"\xff\x00a", b'{"$bytes":"ff0061"}'),
        (date(2024, 1, 2), b'"2024-01-02"'),
        (UUID(int=1), b'"00000000-0000-0000-0000-000000000001"'),
        ({"$set": [1]}, b'{"$$set":[1]}'),
        ({"$$set": [1]}, b'{"$$$set":[1]}'),
    ],
    ids=lambda value: "a set" if isinstance(value, set | frozenset) else repr(value),
)
def test_canonical_json(value: Any, written: bytes) -> None:
    """Each value is written in one way, whatever order it was made in; these bytes must never change."""
    assert canonical_json(value, nothing) == written


def test_canonical_json_writes_any_bytes() -> None:
    """Bytes are written too, text or not, and differ from the text that they may spell."""
    written = {canonical_json(value, nothing) for value in (b"a", b"\xff\x00", b"\xff", "a")}
    assert len(written) == 4


def test_canonical_json_replaces_first() -> None:
    """What `replace` gives for a value stands in its place, wherever that is, without being escaped."""

    def replace(value: object) -> dict[str, str] | None:
        return {"$message": "hash"} if value == "secret" else None

    written = canonical_json({"a": ["secret", {"b": "secret"}], "c": {"secret"}}, replace)
    assert written == b'{"a":[{"$message":"hash"},{"b":{"$message":"hash"}}],"c":{"$set":[{"$message":"hash"}]}}'


def test_instances_inside() -> None:
    """Instances are found in containers, models and dataclasses at any depth, in order, and not in each other."""

    class Box(BaseModel):
        """Holds something."""

        model_config = ConfigDict(extra="allow")
        what: Any

    @dataclass
    class Pair:
        """Holds two things."""

        one: Any
        two: Any

    value = [{"a": 1, "b": ("x", {2})}, Box(what=[3], more=4), Pair(5, Pair(frozenset({6}), "y")), Pair, 7]
    assert list(instances_inside(value, int)) == [1, 2, 3, 4, 5, 6, 7]
    assert len(list(instances_inside(value, Pair))) == 1
    nested: Any = 1
    for _ in range(10_000):
        nested = [nested]
    assert list(instances_inside(nested, int)) == [1]
