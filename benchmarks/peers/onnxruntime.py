# SPDX-License-Identifier: BSD-3-Clause
"""onnxruntime: a model of one operator, its input and output bound to memory that stays."""

import os
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnxruntime.capi.onnxruntime_pybind11_state import NotImplemented as NoKernel

from benchmarks.peers import Call
from benchmarks.problems import Problem

OPERATORS = {
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
    "logsumexp": "ReduceLogSumExp",
    "sigmoid": "Sigmoid",
    "softplus": "Softplus",
}
TYPES = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}
OPSET, IR_VERSION = 18, 9  # the first in which the axes of a reduction are an input


def session(function: str, problem: Problem) -> Any:
    """Build the model for scores of this type and number of dimensions."""
    inputs, constants = ["scores"], []
    attributes: dict[str, Any] = {}
    if function in ("softmax", "log_softmax"):
        attributes = {"axis": problem.axis}
    elif function == "logsumexp":
        inputs.append("axes")
        constants.append(helper.make_tensor("axes", TensorProto.INT64, [1], [problem.axis]))
        attributes = {"keepdims": 0}
    element_type = TYPES[problem.scores.dtype.name]
    graph = helper.make_graph(
        [helper.make_node(OPERATORS[function], inputs, ["result"], **attributes)],
        function,
        [helper.make_tensor_value_info("scores", element_type, [None] * problem.scores.ndim)],
        [helper.make_tensor_value_info("result", element_type, None)],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # not into the next worker's turn
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def prepare(function: str, problem: Problem) -> Call | None:
    """Return the run of the model; a strided view is copied into the bound input in every call."""
    if function not in OPERATORS:
        return None
    try:
        model = session(function, problem)
    except NoKernel:
        return None
    if not problem.reuse:
        feed = {"scores": problem.scores}
        return lambda: model.run(None, feed)[0]

    contiguous = np.ascontiguousarray(problem.scores)
    (out,) = problem.outputs(function)
    binding = model.io_binding()
    binding.bind_cpu_input("scores", contiguous)
    binding.bind_output("result", "cpu", 0, out.dtype.type, out.shape, out.ctypes.data)

    def call() -> Any:
        if contiguous is not problem.scores:
            np.copyto(contiguous, problem.scores)
        model.run_with_iobinding(binding)
        return out  # the binding knows only its address: here it stays alive

    return call
