"""`batch`: a file in, the same file with predictions out, or nothing at all."""

import csv
import datetime
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

import pyarrow
import pyarrow.parquet
import pytest
from processes import PATIENCE_SECONDS, RUNTIME, environment
from served_models import IRIS_COLUMNS, cases_of, document_of, package_of

from slipway_runtime.__main__ import main


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    logs: list[dict[str, Any]]


Batch = Callable[..., Ended]

IRIS: dict[str, Any] = {name: [1.0] for name in IRIS_COLUMNS}
ECHO = """
import os, time
class Predictor:
    def __init__(self, folder): print("printed by the model")
    def predict(self, instances):
        values = [v for i in instances for v in (i.values() if isinstance(i, dict) else [i])]
        if 666 in values: raise RuntimeError("no such weight")
        if 999 in values and not os.environ.get("AWAKE"): os.write(2, b"asleep\\n"); time.sleep(600)
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


# Keeps its progress after every chunk, not every five seconds; Parquet's parts are small.
CAREFUL = """
import sys
from slipway_runtime.__main__ import main
from slipway_runtime.batch import run
run.CHECKPOINT_SECONDS = 0
if "parquet" in sys.argv[3]:
    from slipway_runtime.batch import parquet_output
    parquet_output.PART_ROWS = 100
sys.exit(main(sys.argv[1:]))
"""


def careful(tmp_path: Path, *arguments: str, **more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CAREFUL, "batch", *arguments, "--chunk-rows", "10"],
        env=batch_environment(tmp_path, "echo", **more),
        stderr=subprocess.PIPE,
        text=True,
    )


def until_asleep(process: "subprocess.Popen[str]") -> None:
    assert process.stderr
    while "asleep" not in process.stderr.readline():
        assert process.poll() is None


def rows_file(tmp_path: Path, format_name: str) -> Path:
    """1,005 rows, at one of which the model falls asleep."""
    rows, file = [*range(1000, 1900), 999, *range(2000, 2104)], tmp_path / f"rows.{format_name}"
    if format_name == "jsonl":
        file.write_text("".join(f"{row}\n\n" for row in rows))
    elif format_name == "csv":
        file.write_text("a,b\n" + "".join(f'{row},"é\n"\n' for row in rows))
    else:
        pyarrow.parquet.write_table(pyarrow.table({"a": rows}), file, row_group_size=300)
    return file


def beside(answer: Path) -> list[str]:
    return sorted(path.name for path in answer.parent.iterdir() if path.name.startswith(".ans"))


@pytest.mark.parametrize("format_name", ["csv", "jsonl", "parquet"])
def test_a_run_that_was_killed_is_gone_on_with_to_the_same_bytes(
    tmp_path: Path, format_name: str
) -> None:
    rows = rows_file(tmp_path, format_name)
    answer, whole = tmp_path / f"answer.{format_name}", tmp_path / f"whole.{format_name}"
    with careful(tmp_path, "--input", str(rows), "--output", str(whole), AWAKE="1") as process:
        assert process.wait(PATIENCE_SECONDS) == 0, process.communicate()
    answer.write_text("the old output")
    arguments = ["--input", str(rows), "--output", str(answer)]
    with careful(tmp_path, *arguments) as process:
        until_asleep(process)
        process.kill()
    assert answer.read_text() == "the old output"
    assert beside(answer) == [f".answer.{format_name}.partial", f".answer.{format_name}.progress"]
    if format_name != "parquet":  # what was written after the progress was kept
        with (tmp_path / f".answer.{format_name}.partial").open("a") as partial:
            partial.write("half a r")
    with careful(tmp_path, *arguments, AWAKE="1") as process:
        _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, stderr
    logs = [json.loads(line) for line in stderr.splitlines()]
    assert [(log["message"], log["rows"]) for log in logs if "rows" in log] == [
        ("going on with a run that was ended", 900),
        ("done", 1005),
    ]
    assert answer.read_bytes() == whole.read_bytes()
    assert beside(answer) == []


def test_a_run_over_another_input_begins_anew(tmp_path: Path) -> None:
    rows, answer = rows_file(tmp_path, "jsonl"), tmp_path / "answer.jsonl"
    arguments = ["--input", str(rows), "--output", str(answer)]
    with careful(tmp_path, *arguments) as process:
        until_asleep(process)
        process.kill()
    rows.write_text("1\n2\n")
    with careful(tmp_path, *arguments) as process:
        _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert "going on" not in stderr
    assert len(answer.read_text().splitlines()) == 2
    assert beside(answer) == []


def test_no_resume_begins_anew(tmp_path: Path) -> None:
    rows, answer = rows_file(tmp_path, "jsonl"), tmp_path / "answer.jsonl"
    arguments = ["--input", str(rows), "--output", str(answer)]
    with careful(tmp_path, *arguments) as process:
        until_asleep(process)
        process.kill()
    with careful(tmp_path, *arguments, "--no-resume", AWAKE="1") as process:
        _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert "going on" not in stderr
    assert len(answer.read_text().splitlines()) == 1005


def test_a_run_that_is_stopped_says_so_and_can_be_gone_on_with(tmp_path: Path) -> None:
    rows, answer = rows_file(tmp_path, "jsonl"), tmp_path / "answer.jsonl"
    arguments = ["--input", str(rows), "--output", str(answer)]
    with careful(tmp_path, *arguments) as process:
        until_asleep(process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
        assert process.stderr
        assert json.loads(process.stderr.read())["message"] == "stopped by a signal"
    assert not answer.exists()
    with careful(tmp_path, *arguments, AWAKE="1") as process:
        assert "going on" in process.communicate(timeout=PATIENCE_SECONDS)[1]
    assert len(answer.read_text().splitlines()) == 1005


def test_two_runs_do_not_write_the_same_output(tmp_path: Path) -> None:
    rows, answer = rows_file(tmp_path, "jsonl"), tmp_path / "answer.jsonl"
    arguments = ["--input", str(rows), "--output", str(answer)]
    with careful(tmp_path, *arguments) as process:
        until_asleep(process)
        with careful(tmp_path, *arguments, AWAKE="1") as second:
            _, stderr = second.communicate(timeout=PATIENCE_SECONDS)
            assert (second.returncode, "another batch is writing" in stderr) == (4, True)
        process.kill()


def test_parquet_keeps_its_columns_and_adds_the_prediction(batch: Batch, tmp_path: Path) -> None:
    when = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
    table = pyarrow.table(
        {
            "id": pyarrow.array([7, 8], pyarrow.int16()),
            "pclass": [1, 3],
            "sex": ["female", "male"],
            "age": [29.0, None],
            "fare": [211.34, float("nan")],
            "embarked": ["S", None],
            "when": [when, when],
        }
    )
    rows, answer = tmp_path / "rows.parquet", tmp_path / "answer.parquet"
    pyarrow.parquet.write_table(table, rows)
    ended = batch("titanic", "--input", str(rows), "--output", str(answer))
    assert ended.code == 0, ended.logs
    written = pyarrow.parquet.read_table(answer)
    assert written.drop_columns(["prediction"]).schema.equals(table.schema)
    assert written["id"].to_pylist() == [7, 8]
    assert written["prediction"].to_pylist() == [1, 0]


def test_parquet_of_several_outputs_and_of_no_rows(batch: Batch, tmp_path: Path) -> None:
    row = {"tenure_months": 1, "monthly_charges": 99.0, "contract": "monthly", "support_calls": 6}
    rows, answer = tmp_path / "rows.parquet", tmp_path / "answer.parquet"
    table = pyarrow.Table.from_pylist([row])
    for count in (1, 0):
        pyarrow.parquet.write_table(table[:count], rows)
        ended = batch("churn", "--input", str(rows), "--output", str(answer))
        assert ended.code == 0, ended.logs
        assert pyarrow.parquet.read_table(answer).num_rows == count
    pyarrow.parquet.write_table(table, rows)
    batch("churn", "--input", str(rows), "--output", str(answer))
    predicted = pyarrow.parquet.read_table(answer).to_pylist()[0]
    assert (predicted["prediction_churn"], predicted["prediction_probability"]) == (True, 1.0)


@pytest.mark.parametrize(
    ("name", "columns", "message"),
    [
        ("iris", {"sepal_length": [1.0]}, "there is no column sepal_width"),
        ("iris", IRIS | {"petal_width": ["x"]}, "line 1, petal_width: expected a number"),
        ("iris", IRIS | {"prediction": [1]}, "the input already has a column prediction"),
        ("echo", {"a": [1, 666]}, "lines 1 to 2: RuntimeError: no such weight"),
        ("echo", None, "rows.parquet is not Parquet"),
    ],
)
def test_wrong_parquet_ends_with_1_and_says_why(
    batch: Batch, tmp_path: Path, name: str, columns: dict[str, Any] | None, message: str
) -> None:
    rows, answer = tmp_path / "rows.parquet", tmp_path / "answer.parquet"
    if columns is None:
        rows.write_text("a,b\n")
    else:
        pyarrow.parquet.write_table(pyarrow.table(columns), rows)
    ended = batch(name, "--input", str(rows), "--output", str(answer))
    assert ended.code == 1
    assert message in ended.logs[-1]["message"]
    assert beside(answer) == []


def test_parquet_without_pyarrow_says_how_to_have_it(tmp_path: Path) -> None:
    without = "import sys; sys.modules['pyarrow'] = None;" + CAREFUL.replace("if ", "if 0 and ")
    ended = subprocess.run(
        [sys.executable, "-c", without, "batch", "--input", "r.parquet", "--output", "a.parquet"],
        env=batch_environment(tmp_path, "echo"),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert "Parquet needs pyarrow: add a line pyarrow to" in ended.stderr


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
        (["--input", "rows.txt", "--output", "-"], 2, "say --format csv, jsonl or parquet"),
        (["--input", "r.csv", "--output", "-", "--delimiter", "ab"], 2, "--delimiter must be one"),
        (["--input", "r.csv", "--output", "-", "--chunk-rows", "0"], 2, "--chunk-rows at least 1"),
        (["--input", "/gone/r.csv", "--output", "-"], 4, "/gone/r.csv: No such file"),
        (["--input", "-", "--format", "csv", "--output", "/gone/a"], 4, "/gone/a: No such file"),
        (["--input", "-", "--format", "csv", "--output", "/tmp"], 4, "/tmp: Is a directory"),
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
