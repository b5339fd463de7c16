"""Names of models in repositories: what they ask for, which files they mean."""

import pytest
from miniagents_llamacpp.names import PREFERRED, Variant, Wanted, pick, shard_names, variants, wanted


@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("bartowski/SmolLM2-135M-Instruct-GGUF", Wanted("bartowski/SmolLM2-135M-Instruct-GGUF", "")),
        ("a/b:Q4_K_M", Wanted("a/b", "Q4_K_M")),
        ("a/b.c_d-e:x/y.gguf", Wanted("a/b.c_d-e", "x/y.gguf")),
        ("a/b.gguf", None),
        ("./a/b", None),
        ("../a", None),
        ("/a/b", None),
        ("~/a", None),
        ("a/b/c", None),
        ("a/..", None),
        ("a/.b", None),
        ("a..b/c", None),
        ("a/b--c", None),
        ("a/b-", None),
        ("a/b:", None),
        ("local", None),
        ("a b/c", None),
        ("a/b\n", None),
        ("é/b", None),
        ("", None),
    ],
)
def test_what_is_the_name_of_a_repository(name: str, means: Wanted | None) -> None:
    """A name as the hub has them, and what stands behind its colon; a path is none."""
    assert wanted(name) == means


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("Qwen2.5-0.5B-Instruct-Q4_K_M.gguf", "Q4_K_M"),
        ("qwen2-0_5b-instruct-q8_0.gguf", "Q8_0"),
        ("SmolLM2.IQ4_XS.gguf", "IQ4_XS"),
        ("x-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
        ("x-Q4_K_M-imat.gguf", "Q4_K_M"),
        ("gpt-oss-20b-mxfp4.gguf", "MXFP4"),
        ("folder/M-BF16.gguf", "BF16"),
        ("m.f16.gguf", "F16"),
        ("TQ1_0/m-TQ1_0.gguf", "TQ1_0"),
        ("ggml-model.gguf", ""),
        ("Q4_0/model.gguf", ""),
    ],
)
def test_a_files_name_tells_its_quantisation(path: str, label: str) -> None:
    """However its maker writes it."""
    assert variants([path]) == [Variant(label, (path,))]


def test_what_lies_beside_models_is_none() -> None:
    """Neither other files, nor what a model sees with, nor paths that lead elsewhere, nor half a model."""
    strange = ["../x.gguf", "a/../x.gguf", "/x.gguf", ".x/y.gguf", "C:/x.gguf", "a\\b.gguf", "a//b.gguf", "a\x1b.gguf"]
    beside = ["README.md", "mmproj-model-f16.gguf", "x.imatrix.gguf", "imatrix.gguf", "x.gguf.part", "X.GGUF"]
    half = ["b-Q6_K-00001-of-00002.gguf", "c-Q6_K-00002-of-00002.gguf", "d-Q6_K-00001-of-00000.gguf"]
    assert variants([*strange, *beside, *half, "good.gguf"]) == [Variant("", ("good.gguf",))]


def test_a_model_that_was_split_is_one() -> None:
    """Its files are in order, and each tells the names of all."""
    parts = tuple(f"m/big-Q5_K_M-0000{n}-of-00003.gguf" for n in (1, 2, 3))
    assert variants(reversed(parts)) == [Variant("Q5_K_M", parts)]
    assert list(shard_names(parts[0])) == list(shard_names(parts[2])) == list(parts)
    assert list(shard_names("m.gguf")) == ["m.gguf"]


PATHS = ["m-F16.gguf", "m-Q2_K.gguf", "m-Q8_0.gguf", "m-Q4_K_M.gguf", "a-Q3_K.gguf", "b-Q3_K.gguf"]
SIZES = {path: at for at, path in enumerate(reversed(PATHS))}


@pytest.mark.parametrize(
    ("which", "path"),
    [
        ("", "m-Q4_K_M.gguf"),
        ("Q2_K", "m-Q2_K.gguf"),
        ("q8_0", "m-Q8_0.gguf"),
        ("M-Q2_K", "m-Q2_K.gguf"),
        ("m-q2_k.gguf", "m-Q2_K.gguf"),
        ("a-Q3_K", "a-Q3_K.gguf"),
        ("Q3_K", None),
        ("Q9", None),
    ],
)
def test_which_one_is_meant(which: str, path: str | None) -> None:
    """A quantisation or a file, in small letters or large; None where it is not one."""
    picked = pick(variants(PATHS), which, SIZES)
    assert (picked and picked.paths) == (path and (path,))


def test_without_a_word_it_is_the_preferred_one_else_the_smallest() -> None:
    """The rule stands in the README, in its order."""
    for label in PREFERRED:
        paths = [f"m-{each}.gguf" for each in ("F32", *PREFERRED[PREFERRED.index(label) :])]
        picked = pick(variants(paths), "", {})
        assert picked is not None
        assert picked.label == label
    odd = {"m-F32.gguf": 9, "m-Q3_K.gguf": 3, "m-Q6_K-00001-of-00002.gguf": 2, "m-Q6_K-00002-of-00002.gguf": 2}
    smallest = pick(variants(odd), "", odd)
    assert smallest is not None
    assert smallest.label == "Q3_K"
    assert pick([], "", {}) is None
