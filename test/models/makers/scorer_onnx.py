"""ONNX with five inputs of four types, one of them a vector, and three outputs.

score    = sigmoid(0.01·amount - 0.2·visits + weight[country] - 0.8·member + history·[.5 .3 .2])
approved = score < 0.5
tier     = "gold" if approved else "standard"
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from makers.cases import write_cases

INPUTS = {
    "amount": (TensorProto.FLOAT, ["batch"], np.float32),
    "visits": (TensorProto.INT64, ["batch"], np.int64),
    "country": (TensorProto.STRING, ["batch"], np.object_),
    "member": (TensorProto.BOOL, ["batch"], np.bool_),
    "history": (TensorProto.FLOAT, ["batch", 3], np.float32),
}
OUTPUTS = {"score": TensorProto.FLOAT, "approved": TensorProto.BOOL, "tier": TensorProto.STRING}


def graph() -> onnx.ModelProto:
    def constant(name: str, values: list, data_type: int = TensorProto.FLOAT) -> onnx.NodeProto:
        tensor = helper.make_tensor(name, data_type, [len(values)], values)
        return helper.make_node("Constant", [], [name], value=tensor)

    node = helper.make_node
    nodes = [
        constant("amount_weight", [0.01]),
        constant("visits_weight", [-0.2]),
        constant("member_weight", [-0.8]),
        constant("history_weights", [0.5, 0.3, 0.2]),
        constant("last_axis", [1], TensorProto.INT64),
        constant("half", [0.5]),
        node("Mul", ["amount", "amount_weight"], ["by_amount"]),
        node("Cast", ["visits"], ["visits_number"], to=TensorProto.FLOAT),
        node("Mul", ["visits_number", "visits_weight"], ["by_visits"]),
        node(
            "LabelEncoder",
            ["country"],
            ["by_country"],
            domain="ai.onnx.ml",
            keys_strings=["GR", "JP", "NO"],
            values_floats=[0.1, -0.3, 0.4],
            default_float=0.0,
        ),
        node("Cast", ["member"], ["member_number"], to=TensorProto.FLOAT),
        node("Mul", ["member_number", "member_weight"], ["by_member"]),
        node("Mul", ["history", "history_weights"], ["weighed_history"]),
        node("ReduceSum", ["weighed_history", "last_axis"], ["by_history"], keepdims=0),
        node("Sum", ["by_amount", "by_visits", "by_country", "by_member", "by_history"], ["logit"]),
        node("Sigmoid", ["logit"], ["score"]),
        node("Less", ["score", "half"], ["approved"]),
        node("Cast", ["approved"], ["tier_number"], to=TensorProto.INT64),
        node(
            "LabelEncoder",
            ["tier_number"],
            ["tier"],
            domain="ai.onnx.ml",
            keys_int64s=[0, 1],
            values_strings=["standard", "gold"],
        ),
    ]
    return helper.make_model(
        helper.make_graph(
            nodes,
            "scorer",
            [helper.make_tensor_value_info(n, t, s) for n, (t, s, _) in INPUTS.items()],
            [helper.make_tensor_value_info(n, t, ["batch"]) for n, t in OUTPUTS.items()],
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)],
        ir_version=8,
        producer_name="test/models/make.py",
    )


def make(folder: Path) -> None:
    proto = graph()
    onnx.checker.check_model(proto, full_check=True)
    model = proto.SerializeToString(deterministic=True)
    (folder / "package" / "model.onnx").write_bytes(model)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def answer(instances: list) -> list:
        rows = [list(map(i.get, INPUTS)) if isinstance(i, dict) else i for i in instances]
        columns = zip(*rows, strict=True)
        feed = {
            name: np.array(list(column), dtype=dtype)
            for (name, (_, _, dtype)), column in zip(INPUTS.items(), columns, strict=True)
        }
        outputs = [output.tolist() for output in session.run(list(OUTPUTS), feed)]
        return [dict(zip(OUTPUTS, row, strict=True)) for row in zip(*outputs, strict=True)]

    lists = [
        [120.5, 3, "GR", True, [0.1, 0.2, 0.3]],
        [10, 12, "JP", False, [0, 0, 0]],
        [2500.25, 0, "somewhere else", False, [1.5, -2, 4]],
    ]
    write_cases(
        folder,
        [
            [dict(zip(INPUTS, lists[0], strict=True))],
            [dict(reversed(list(zip(INPUTS, row, strict=True)))) for row in lists],
            lists,
            [[0, -9007199254740993, "", False, [0, 0, 0]]],
            [[None, 1, "NO", True, [1, None, 2]]],
        ],
        lambda instances: [
            {k: None if v != v else v for k, v in p.items()} for p in answer(instances)
        ],
    )
