"""What is wrong with a pack's data is found before it is published, and told with its line."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import yaml

from minigiants.competitions.pack_checks import CheckedData, data_check
from minigiants.competitions.pack_folder import read_pack
from minigiants.competitions.problems import PackRefused
from tests.support.npy import npy_bytes

MakePack = Callable[..., Path]

HIDDEN = np.array([[5, 6], [7, 8], [9, 10], [11, 12]], dtype=np.float32)
FILES: Mapping[str, bytes] = {
    "public/train.csv": b"id,label,x,y\nt0,0,1,2\nt1,1,3,4\n",
    "public/smoke.npy": npy_bytes(np.array([[1, 2]], dtype=np.float32)),
    "hidden/test.npy": npy_bytes(HIDDEN),
    "hidden/labels.csv": b"id,label,usage\nh0,0,Public\nh1,1,public\nh2,0,Private\nh3,1,Private\n",
}
UNTOLD = b"id,label\nh0,0\nh1,1\nh2,0\nh3,1\n"
TEXTS = b"".join(b'{"text": "hidden %d"}\n' % number for number in range(4))


@pytest.fixture
def check(
    make_pack: MakePack, tiny_specification: str, tmp_path: Path
) -> Callable[..., CheckedData]:
    """Checks a pack with `files` in the place of its own and `parts` of its specification."""

    def run(files: Mapping[str, bytes] | None = None, **parts: object) -> CheckedData:
        specification = yaml.safe_dump(yaml.safe_load(tiny_specification) | parts)
        pack = read_pack(make_pack(specification=specification))
        built, scratch = tmp_path / "built", tmp_path / "scratch"
        scratch.mkdir()
        for name, content in ({**FILES, **(files or {})}).items():
            (built / name).parent.mkdir(parents=True, exist_ok=True)
            (built / name).write_bytes(content)
        return data_check(pack, built, scratch)

    return run


def told(refused: pytest.ExceptionInfo[PackRefused]) -> list[str]:
    return [str(fault) for fault in refused.value.faults]


def labels_of(checked: CheckedData) -> list[str]:
    (labels,) = (file for file in checked.files if file.path == "hidden/labels.csv")
    return labels.source.read_text().splitlines()


def test_a_right_pack_has_its_splits_counted(check: Callable[..., CheckedData]) -> None:
    checked = check()
    assert (checked.public_rows, checked.private_rows) == (2, 2)
    assert [file.path for file in checked.files] == [
        "public/train.csv",
        "public/smoke.npy",
        "hidden/test.npy",
        "hidden/labels.csv",
    ]
    assert labels_of(checked)[2] == "h1,1,public"


def test_a_hidden_set_that_a_model_could_hold_is_warned_of(
    check: Callable[..., CheckedData],
) -> None:
    (warning,) = check().warnings
    assert "less than 10 times" in warning.message
    assert "'large'" in warning.message


def test_no_warning_where_the_hidden_set_is_large(
    check: Callable[..., CheckedData], tmp_path: Path
) -> None:
    noise = np.random.default_rng(1).random((4, 2000), dtype=np.float32)
    checked = check(
        {"hidden/test.npy": npy_bytes(noise)},
        divisions=[{"slug": "small", "title": "Small", "budget": {"artifact_bytes": 2000}}],
    )
    assert checked.warnings == ()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"hidden/labels.csv": b"id,label,usage\nh0,0,Public\nh1,0,Private\n"},
            "hidden/labels.csv:3: has 2 rows, but hidden/test.npy has 4",
        ),
        (
            {"hidden/labels.csv": FILES["hidden/labels.csv"] + b"h4,0,Public\nh5,0,Public\n"},
            "hidden/labels.csv:6: has 6 rows, but hidden/test.npy has 4",
        ),
        (
            {"hidden/labels.csv": FILES["hidden/labels.csv"].replace(b"h3", b"h1")},
            "hidden/labels.csv:5: id: the id 'h1' stands on line 3 already",
        ),
        (
            {"hidden/labels.csv": FILES["hidden/labels.csv"].replace(b"h3", b" ")},
            "hidden/labels.csv:5: id: the id is empty",
        ),
        (
            {"hidden/labels.csv": FILES["hidden/labels.csv"].replace(b"1,public", b"1,Secret")},
            "hidden/labels.csv:3: usage: is 'Secret', none of Public, Private",
        ),
        (
            {"hidden/labels.csv": FILES["hidden/labels.csv"].replace(b"Private", b"Public")},
            "hidden/labels.csv: no row counts for the Private split",
        ),
        ({"hidden/labels.csv": UNTOLD}, "hidden/labels.csv:1: has no column 'usage'"),
        (
            {"hidden/labels.csv": b"id,label,usage\nh0,0\n"},
            "labels.csv:2: has 2 cells, the header has 3",
        ),
        ({"hidden/labels.csv": b"id,\xff"}, "hidden/labels.csv: is not UTF-8"),
        ({"hidden/labels.csv": b""}, "hidden/labels.csv:1: names no columns"),
        ({"hidden/test.npy": b"no array"}, "hidden/test.npy: npy_malformed"),
        (
            {"public/smoke.npy": npy_bytes(HIDDEN[2:3])},
            "public/smoke.npy:1: holds the hidden row 3 of hidden/test.npy",
        ),
        (
            {"public/smoke.npy": npy_bytes(HIDDEN[1:].astype(np.uint8))},
            "smoke.npy:1: holds the hidden row 2 of hidden/test.npy, and 2 more rows like it",
        ),
        (
            {"public/train.csv": b"id,label,x,y\nt0,0,1,2\nt1,1,9.0,10\n"},
            "public/train.csv:3: holds the hidden row 3 of hidden/test.npy",
        ),
        (
            {"public/train.csv": b"id,label\nt0,0\nh2,0\n"},
            "public/train.csv:3: tells the label of the hidden row 'h2'",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_fault_has_its_own_message(
    check: Callable[..., CheckedData], files: Mapping[str, bytes], message: str
) -> None:
    with pytest.raises(PackRefused) as refused:
        check(files)
    assert any(message in line for line in told(refused)), told(refused)


def test_an_example_of_answers_gives_nothing_away(check: Callable[..., CheckedData]) -> None:
    assert check({"public/train.csv": b"id,label\nh0,0\nh1,0\nh2,0\nh3,0\n"}).public_rows == 2


def test_hidden_texts_in_public_cells_are_found(check: Callable[..., CheckedData]) -> None:
    task = {
        "type": "classification",
        "settings": {"classes": 2, "input": {"text": {"max_bytes": 9}}},
    }
    data = {
        "public": ["public/train.csv", "public/more.jsonl"],
        "smoke_inputs": "public/smoke.jsonl",
        "hidden_inputs": "hidden/test.jsonl",
        "labels": "hidden/labels.csv",
    }
    files = {
        "public/train.csv": b"id,text,label\nt0,hidden 1,0\n",
        "public/more.jsonl": b'{"text": "seen"}\n{"text": "hidden 3"}\n',
        "public/smoke.jsonl": b'{"text": "seen"}\n',
        "hidden/test.jsonl": TEXTS,
    }
    with pytest.raises(PackRefused) as refused:
        check(files, task=task, data=data)
    assert told(refused) == [
        "public/train.csv:2: holds the hidden row 2 of hidden/test.jsonl",
        "public/more.jsonl:2: holds the hidden row 4 of hidden/test.jsonl",
    ]


def test_a_split_by_another_column_becomes_the_usage(check: Callable[..., CheckedData]) -> None:
    labels = b"split,id,label\nPublic,h0,0\nprivate,h1,1\nPRIVATE,h2,0\nPrivate,h3,1\n"
    checked = check({"hidden/labels.csv": labels}, split={"by": "column", "column": "split"})
    assert labels_of(checked) == [
        "id,label,usage",
        "h0,0,Public",
        "h1,1,Private",
        "h2,0,Private",
        "h3,1,Private",
    ]


def test_a_split_by_fraction_follows_the_ids_and_the_seed_alone(
    check: Callable[..., CheckedData],
) -> None:
    split = {"by": "fraction", "public": 0.25, "seed": 3}
    checked = check({"hidden/labels.csv": UNTOLD}, split=split)
    assert (checked.public_rows, checked.private_rows) == (1, 3)
    assert labels_of(checked)[1:] == ["h0,0,Private", "h1,1,Public", "h2,0,Private", "h3,1,Private"]


@pytest.mark.parametrize("public", [0.01, 0.99])
def test_a_fraction_that_leaves_a_split_empty_is_refused(
    check: Callable[..., CheckedData], public: float
) -> None:
    with pytest.raises(PackRefused) as refused:
        check({"hidden/labels.csv": UNTOLD}, split={"by": "fraction", "public": public, "seed": 1})
    assert "no row counts for the" in told(refused)[0]


def test_a_fraction_of_labels_that_tell_a_usage_is_refused(
    check: Callable[..., CheckedData],
) -> None:
    with pytest.raises(PackRefused) as refused:
        check(split={"by": "fraction", "public": 0.5, "seed": 1})
    assert told(refused) == [
        "hidden/labels.csv:1: has a column 'usage', but the split is by fraction"
    ]


def test_a_split_by_file_names_each_id_once(check: Callable[..., CheckedData]) -> None:
    split = {"by": "file", "file": "hidden/split.csv"}
    told_split = b"usage,id\nPublic,h3\nPrivate,h1\nPrivate,h2\nPublic,h0\n"
    checked = check({"hidden/labels.csv": UNTOLD, "hidden/split.csv": told_split}, split=split)
    assert labels_of(checked)[1:] == ["h0,0,Public", "h1,1,Private", "h2,0,Private", "h3,1,Public"]


def test_a_split_file_that_is_wrong_has_its_lines_told(check: Callable[..., CheckedData]) -> None:
    split = {"by": "file", "file": "hidden/split.csv"}
    told_split = b"id,usage\nh0,Public\nh0,Private\nh9,Private\nh1,Public\n"
    with pytest.raises(PackRefused) as refused:
        check({"hidden/labels.csv": UNTOLD, "hidden/split.csv": told_split}, split=split)
    assert told(refused) == [
        "hidden/split.csv:3: id: the id 'h0' stands on line 2 already",
        "hidden/split.csv:4: id: the labels have no id 'h9'",
        "hidden/labels.csv:4: id: hidden/split.csv does not tell the split of 'h2'",
        "hidden/labels.csv:5: id: hidden/split.csv does not tell the split of 'h3'",
    ]


def test_documents_of_a_retrieval_are_in_neither_split(check: Callable[..., CheckedData]) -> None:
    task = {"type": "embedding", "settings": {"input": {"text": {"max_bytes": 9}}}}
    data = {
        "public": ["public/train.csv"],
        "smoke_inputs": "public/smoke.jsonl",
        "hidden_inputs": "hidden/test.jsonl",
        "labels": "hidden/labels.csv",
    }
    files = {
        "public/smoke.jsonl": b'{"text": "seen", "kind": "query"}\n',
        "hidden/test.jsonl": TEXTS,
        "hidden/labels.csv": b"id,label\nq0,d0\nq1,d0\nd0,\nd1,\n",
    }
    checked = check(
        files,
        task=task,
        data=data,
        metrics=[{"name": "mrr", "title": "MRR"}],
        split={"by": "fraction", "public": 0.5, "seed": 1},
    )
    assert (checked.public_rows, checked.private_rows) == (1, 1)
    assert [line.rpartition(",")[2] for line in labels_of(checked)[3:]] == ["Document", "Document"]


def test_a_division_that_no_file_of_results_fits_is_refused(
    check: Callable[..., CheckedData],
) -> None:
    with pytest.raises(PackRefused) as refused:
        check(
            formats=["predictions"],
            data={"public": ["public/train.csv"], "labels": "hidden/labels.csv"},
            divisions=[{"slug": "dot", "title": "Dot", "budget": {"artifact_bytes": 10}}],
        )
    (message,) = told(refused)
    assert message.endswith("nothing can enter 'dot': the ids alone are 16 bytes")
