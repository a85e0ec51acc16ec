"""`batch`: a file in, the same file with predictions out, or nothing at all."""

import csv
import io
import json
import logging
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from processes import RUNTIME, environment
from served_models import cases_of, document_of, package_of

from slipway_runtime.__main__ import main


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    logs: list[dict[str, Any]]


Batch = Callable[..., Ended]

ECHO = """
import os, time
class Predictor:
    def __init__(self, folder): print("printed by the model")
    def predict(self, instances):
        if 666 in instances: raise RuntimeError("no such weight")
        if 999 in instances: os.write(2, b"asleep\\n"); time.sleep(60)
        return [repr(i) for i in instances] if os.environ.get("REPR") else instances
"""


@pytest.fixture
def batch(
    tmp_path: Path,
    own_imports: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Batch]:
    """Runs `batch` for one of `test/models`, or for "echo", a predictor that returns its input.

    In this process, so that a framework is imported once for all tests.
    """
    handlers, on_sigterm = logging.getLogger().handlers[:], signal.getsignal(signal.SIGTERM)

    def run(name: str, *arguments: str, text: str = "", **more: str) -> Ended:
        for key, value in batch_environment(tmp_path, name, **more).items():
            monkeypatch.setenv(key, value)
        (tmp_path / "stdin").write_text(text)
        with (tmp_path / "stdin").open() as stdin, monkeypatch.context() as streams:
            streams.setattr(sys, "stdin", stdin)
            streams.setattr(sys, "stdout", sys.stdout)  # put back when it was replaced
            code = main(["batch", *arguments])
        stdout, stderr = capsys.readouterr()
        return Ended(code, stdout, [json.loads(line) for line in stderr.splitlines()])

    yield run
    logging.captureWarnings(False)
    logging.getLogger().handlers[:] = handlers
    signal.signal(signal.SIGTERM, on_sigterm)


def batch_environment(tmp_path: Path, name: str, **more: str) -> dict[str, str]:
    if name != "echo":
        return environment(tmp_path, document_of(name), package_of(name), **more)
    (tmp_path / "src").mkdir(exist_ok=True)
    (tmp_path / "src" / "predictor.py").write_text(textwrap.dedent(ECHO))
    return environment(tmp_path, document_of("custom"), tmp_path, **more)


def piped(batch: Batch, name: str, format_name: str, text: str, *more: str, **env: str) -> str:
    arguments = ["--input", "-", "--output", "-", "--format", format_name, *more]
    ended = batch(name, *arguments, text=text, **env)
    assert ended.code == 0, ended.logs
    return ended.stdout


@pytest.mark.parametrize("name", ["churn", "iris", "titanic", "sentiment", "scorer-onnx", "custom"])
def test_json_lines_answer_what_the_framework_itself_answered(
    batch: Batch, tmp_path: Path, name: str
) -> None:
    instances = [i for case in cases_of(name) for i in case["request"]["instances"]]
    predictions = [p for case in cases_of(name) for p in case["predictions"]]
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps(i) + "\n" for i in instances) + "\n")
    answer = tmp_path / "answer.jsonl"
    ended = batch(name, "--input", str(rows), "--output", str(answer), "--chunk-rows", "3")
    assert ended.code == 0, ended.logs
    assert [json.loads(line) for line in answer.read_text().splitlines()] == [
        {**i, "prediction": p} if isinstance(i, dict) else {"instance": i, "prediction": p}
        for i, p in zip(instances, predictions, strict=True)
    ]
    assert (ended.logs[-1]["message"], ended.logs[-1]["rows"]) == ("done", len(instances))


def test_csv_keeps_its_columns_and_adds_the_prediction(batch: Batch, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_bytes(
        "\ufeffid,sex,pclass,age,fare,embarked,note\r\n"
        '007,female,1,29,211.34,S,"first, ""class"""\r\n'
        "008,male,3,,8.05,,ü\r\n".encode()
    )
    answer = tmp_path / "answer.csv"
    ended = batch("titanic", "--input", str(rows), "--output", str(answer))
    assert ended.code == 0, ended.logs
    assert answer.read_text() == (
        "id,sex,pclass,age,fare,embarked,note,prediction\n"
        '007,female,1,29,211.34,S,"first, ""class""",1\n'
        "008,male,3,,8.05,,ü,0\n"
    )


def test_csv_without_a_header_is_taken_in_the_models_order(batch: Batch) -> None:
    text = "6;3;5;2\n5.1;;1.4;0.2\n"
    answer = piped(batch, "iris", "csv", text, "--no-header", "--delimiter", ";")
    assert answer == "6;3;5;2;2\n5.1;;1.4;0.2;0\n"


def test_several_outputs_are_columns_by_their_names(batch: Batch) -> None:
    text = "contract,support_calls,monthly_charges,tenure_months\nmonthly,6,99,1\n"
    rows = list(csv.DictReader(io.StringIO(piped(batch, "churn", "csv", text))))
    assert rows[0]["prediction_churn"] == "true"
    assert float(rows[0]["prediction_probability"]) == 1.0


def test_a_column_of_text_is_found_by_its_name(batch: Batch) -> None:
    text = 'id,text\n1,"wonderful\nfood"\n2,awful\n'
    answer = list(csv.reader(io.StringIO(piped(batch, "sentiment", "csv", text))))
    assert [row[2] for row in answer] == ["prediction", "positive", "negative"]


def test_a_matrix_takes_all_columns_in_order(batch: Batch) -> None:
    header = ",".join(f"p{i}" for i in range(64))
    answer = piped(batch, "digits-onnx", "csv", f"{header}\n{','.join(['0'] * 64)}\n")
    assert answer.splitlines()[1].endswith(",4")


def test_without_a_signature_what_reads_as_a_number_is_one(batch: Batch) -> None:
    text = "a,b,c,d,e\n1,-2.5e3,007,,x\n"
    answer = piped(batch, "echo", "csv", text, REPR="1")
    row = list(csv.reader(io.StringIO(answer)))[1]
    assert row[-1] == "{'a': 1, 'b': -2500.0, 'c': '007', 'd': None, 'e': 'x'}"


def test_a_file_of_no_rows_makes_a_file_of_no_rows(batch: Batch) -> None:
    assert piped(batch, "iris", "jsonl", "") == ""
    header = "sepal_length,sepal_width,petal_length,petal_width"
    assert piped(batch, "iris", "csv", header + "\n") == header + ",prediction\n"


def test_works_in_a_pipe_and_what_the_model_prints_is_a_log_line(tmp_path: Path) -> None:
    arguments = ["batch", "--input", "-", "--output", "-", "--format", "jsonl"]
    ended = subprocess.run(
        [*RUNTIME, *arguments],
        env=batch_environment(tmp_path, "echo"),
        input="1\n2\n",
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0
    assert ended.stdout == '{"instance":1,"prediction":1}\n{"instance":2,"prediction":2}\n'
    messages = [json.loads(line)["message"] for line in ended.stderr.splitlines()]
    assert messages == ["printed by the model", "done"]


HEADER = "sepal_length,sepal_width,petal_length,petal_width\n"


@pytest.mark.parametrize(
    ("name", "format_name", "text", "message"),
    [
        ("iris", "csv", HEADER + "1,2,3,4\n\n1,2,3,x\n", 'line 4: petal_width: expected a number'),
        ("iris", "csv", HEADER + "1,2,3\n", "line 2: expected 4 cells, got 3"),
        ("iris", "csv", HEADER + '1,2,3,"4\n', "line 2: unexpected end of data"),
        ("iris", "csv", "sepal_length\n1\n", "line 1: the header has no column sepal_width"),
        ("iris", "csv", "a,a\n1,2\n", "line 1: the header has a twice"),
        ("iris", "csv", "", "line 1: there is no header"),
        ("iris", "csv", "prediction," + HEADER + "0,1,2,3,4\n", "already has a column prediction"),
        ("sentiment", "csv", "a,b\nx,y\n", "line 1: the header has no column text"),
        ("sentiment", "csv", "text\ngood\n\"\"\n", "line 3: expected a string, got null"),
        ("scorer-onnx", "csv", "amount\n1\n", "input history has shape [-1, 3], which no CSV cell"),
        ("iris", "jsonl", "[1, 2, 3, 4]\n\n[1, 2, 3]\n", "line 3: expected 4 values"),
        ("iris", "jsonl", '[1, 2, 3, 4]\n[1, "2", 3, 4]\n', "line 2, sepal_width: expected"),
        ("iris", "jsonl", "[1, 2, 3, NaN]\n", "line 1: it is not JSON: NaN is not JSON"),
        ("echo", "jsonl", '{"prediction": 1}\n', "line 1: the instance has a field prediction"),
        ("echo", "jsonl", "1\n2\n666\n4\n", "lines 1 to 4: RuntimeError: no such weight"),
    ],
)  # fmt: skip
def test_wrong_input_ends_with_1_and_names_the_line(
    batch: Batch, name: str, format_name: str, text: str, message: str
) -> None:
    ended = batch(name, "--input", "-", "--output", "-", "--format", format_name, text=text)
    assert ended.code == 1
    assert message in ended.logs[-1]["message"]


def test_a_batch_that_fails_leaves_the_old_output_and_nothing_half_written(
    batch: Batch, tmp_path: Path
) -> None:
    rows, answer = tmp_path / "rows.jsonl", tmp_path / "answer.jsonl"
    rows.write_text("1\n" * 5000 + "666\n")
    answer.write_text("the old output")
    ended = batch("echo", "--input", str(rows), "--output", str(answer), "--chunk-rows", "10")
    assert ended.code == 1
    assert answer.read_text() == "the old output"
    assert not list(tmp_path.glob(".answer*"))


def test_a_batch_that_is_stopped_leaves_nothing_half_written(tmp_path: Path) -> None:
    rows, answer = tmp_path / "rows.jsonl", tmp_path / "answer.jsonl"
    rows.write_text("1\n" * 5000 + "999\n")
    arguments = ["--input", str(rows), "--output", str(answer)]
    with subprocess.Popen(
        [*RUNTIME, "batch", *arguments],
        env=batch_environment(tmp_path, "echo"),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        while "asleep" not in process.stderr.readline():
            assert process.poll() is None
        assert list(tmp_path.glob(".answer*"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 128 + signal.SIGTERM
        assert json.loads(process.stderr.read())["message"] == "stopped by a signal"
    assert not [path for path in tmp_path.iterdir() if "answer" in path.name]


WITH_PEAK_MEMORY = """
import sys
from slipway_runtime.__main__ import main
code = main(sys.argv[1:])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
sys.stderr.write(peak.split()[1] + "\\n")
sys.exit(code)
"""


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peak_kib = []
    for rows in (10_000, 200_000):
        file = tmp_path / f"{rows}.csv"
        file.write_text("a,b\n" + "1,some text that takes up room\n" * rows)
        arguments = ["batch", "--input", str(file), "--output", str(tmp_path / "answer.csv")]
        ended = subprocess.run(
            [sys.executable, "-c", WITH_PEAK_MEMORY, *arguments],
            env=batch_environment(tmp_path, "echo", REPR="1"),
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr
        peak_kib.append(int(ended.stderr.splitlines()[-1]))
    assert peak_kib[1] - peak_kib[0] < 1024, peak_kib


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--input", "rows.txt", "--output", "-"], 2, "say --format csv or jsonl"),
        (["--input", "r.csv", "--output", "-", "--delimiter", "ab"], 2, "--delimiter must be one"),
        (["--input", "r.csv", "--output", "-", "--chunk-rows", "0"], 2, "--chunk-rows at least 1"),
        (["--input", "/gone/r.csv", "--output", "-"], 1, "/gone/r.csv: No such file"),
        (["--input", "-", "--format", "csv", "--output", "/gone/a"], 1, "/gone/a: No such file"),
        (["--input", "-", "--format", "csv", "--output", "/tmp"], 1, "/tmp: Is a directory"),
    ],
)  # fmt: skip
def test_arguments_that_cannot_be_used_are_told(
    batch: Batch, arguments: list[str], code: int, message: str
) -> None:
    ended = batch("echo", *arguments)
    assert ended.code == code
    assert message in ended.logs[-1]["message"]


def test_a_missing_argument_is_a_usage_error(batch: Batch) -> None:
    with pytest.raises(SystemExit) as exit_:
        batch("echo", "--input", "-")
    assert exit_.value.code == 2


def test_a_model_that_does_not_load_ends_with_3(batch: Batch, tmp_path: Path) -> None:
    ended = batch("echo", "--input", "r.csv", "--output", "-", SLIPWAY_MODEL_FILE="/gone.json")
    assert ended.code == 3
    assert "the model cannot be served" in ended.logs[-1]["message"]
