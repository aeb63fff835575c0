#!/usr/bin/env python3
"""Recurrent networks of Unroll beside PyTorch and ONNX Runtime, interleaved in one run on the same cores.

Needs: pip install torch numpy onnx onnxruntime, and `swift build -c release --package-path Benchmarks`.

    compare.py [--cells lstm,gru,gru-reset-before,elman] [--modes train,infer,step] [--rounds 7] [--threads 2]
               [--compile] [--output results.jsonl]

Each round runs every engine for a while, one after the other, so that a machine that wanders slows all of them;
medians are over all rounds. A ratio is the best peer's time over ours. PyTorch runs time-major with denormals
flushed, under inference_mode for inference, with and without oneDNN, and compiled where that works; ONNX Runtime
with prepacked weights. A GRU that resets before has no form in PyTorch: its training is compared with PyTorch's
GRU (which resets after and does less), its inference with ONNX Runtime.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
SHAPES = [
    (1, 100, 256, 256, 1), (16, 64, 256, 256, 1), (32, 64, 128, 256, 1), (64, 35, 650, 650, 2),
    (20, 35, 200, 200, 2), (64, 100, 128, 512, 1), (32, 784, 1, 128, 1), (128, 50, 64, 64, 1),
]
RAGGED = (64, 50, 300, 300, 2)
GATES = {"lstm": 4, "gru": 3, "gru-reset-before": 3, "elman": 1}


class Case:
    def __init__(self, cell, mode, shape, lengths=None):
        self.cell, self.mode, self.shape, self.bounds = cell, mode, shape, lengths
        self.batch, self.time, self.input, self.hidden, self.layers = shape

    @property
    def lengths(self):
        if not self.bounds:
            return None
        low, high = self.bounds
        return [low + (i * 7919 + 13) % (high - low + 1) for i in range(self.batch)]

    def line(self, threads):
        words = [self.cell, self.mode, *map(str, self.shape), str(threads)]
        if self.bounds:
            words += ["bidirectional", *map(str, self.bounds)]
        return " ".join(words)

    @property
    def operations(self):
        gates, directions = GATES[self.cell], 2 if self.bounds else 1
        steps = sum(self.lengths) if self.bounds else self.batch * self.time
        total = 0
        for layer in range(self.layers):
            inputs = self.input if layer == 0 else self.hidden * directions
            forward = 2 * steps * gates * self.hidden * (inputs + self.hidden)
            total += directions * forward
            if self.mode == "train":
                total += directions * (forward + 2 * steps * gates * self.hidden**2)
                total += directions * 2 * steps * gates * self.hidden * inputs if layer else 0
        return total / self.time if self.mode == "step" else total

    def __str__(self):
        text = f"{self.cell} {self.mode} {self.shape}"
        return text + (f" bidirectional {self.bounds}" if self.bounds else "")


def all_cases(cells, modes):
    cases = []
    for cell in cells:
        for mode in modes:
            if mode == "step":
                continue
            cases += [Case(cell, mode, shape) for shape in SHAPES]
            cases.append(Case(cell, mode, RAGGED, (5, 50)))
    if "step" in modes and "lstm" in cells:
        cases += [Case("lstm", "step", (1, 200, h, h, 1)) for h in (64, 128, 256, 512)]
    return cases


class Ours:
    def __init__(self, threads):
        path = os.path.join(HERE, ".build", "release", "recurrent")
        env = dict(os.environ, UNROLL_THREADS=str(threads))
        self.process = subprocess.Popen(
            [path, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self.threads = threads

    def ask(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def engine(self, case):
        threads = 1 if case.mode == "step" else self.threads
        return lambda count: [float(x) for x in self.ask(f"{count} {case.line(threads)}").split()]

    def peak(self):
        return float(self.ask("peak"))


def timed(run, per=1):
    def engine(count):
        times = []
        for _ in range(count):
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1000 / per)
        return times
    return engine


def torch_engines(case, threads, compiled):
    import torch
    torch.set_num_threads(1 if case.mode == "step" else threads)
    torch.set_flush_denormal(True)
    if case.mode == "step":
        cell = torch.nn.LSTMCell(case.input, case.hidden)
        x = torch.randn(1, case.input)
        state = (torch.zeros(1, case.hidden), torch.zeros(1, case.hidden))

        def step():
            nonlocal state
            with torch.inference_mode():
                for _ in range(case.time):
                    state = cell(x, state)
        return {"torch": timed(step, case.time)}
    if case.cell == "gru-reset-before" and case.mode == "infer":
        return {}
    make = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "gru-reset-before": torch.nn.GRU, "elman": torch.nn.RNN}
    net = make[case.cell](case.input, case.hidden, case.layers, bidirectional=bool(case.bounds))
    x = torch.randn(case.time, case.batch, case.input)
    target = torch.randn(case.time, case.batch, case.hidden * (2 if case.bounds else 1))
    lengths = case.lengths

    def forward(net):
        if lengths is None:
            return net(x)[0]
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        return torch.nn.utils.rnn.pad_packed_sequence(net(packed)[0], total_length=case.time)[0]

    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, foreach=True)

    def run(net, mkldnn):
        def infer():
            with torch.backends.mkldnn.flags(enabled=mkldnn), torch.inference_mode():
                forward(net)

        def train():
            with torch.backends.mkldnn.flags(enabled=mkldnn):
                optimizer.zero_grad(set_to_none=True)
                torch.nn.functional.mse_loss(forward(net), target).backward()
                optimizer.step()
        return train if case.mode == "train" else infer

    engines = {"torch": timed(run(net, True)), "torch, no oneDNN": timed(run(net, False))}
    if compiled and lengths is None:
        try:
            fast = torch.compile(net)
            job = run(fast, True)
            job()
            engines["torch compiled"] = timed(job)
        except Exception as error:  # compiling does not work everywhere: say so and go on
            print(f"# torch.compile failed on {case}: {str(error).splitlines()[0][:100]}", file=sys.stderr)
    return engines


def onnx_engine(case, threads):
    """The network as ONNX nodes; initial weights are constants, so that they are prepacked."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper
    operator = {"lstm": "LSTM", "gru": "GRU", "gru-reset-before": "GRU", "elman": "RNN"}[case.cell]
    gates, directions = GATES[case.cell], 2 if case.bounds else 1
    random = np.random.default_rng(1)
    nodes, weights, current = [], [], "x"
    steps = 1 if case.mode == "step" else case.time
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [steps, case.batch, case.input])]
    feed = {"x": random.standard_normal((steps, case.batch, case.input)).astype(np.float32)}
    outputs = []
    length_name = ""
    if case.bounds:
        length_name = "lengths"
        inputs.append(helper.make_tensor_value_info("lengths", TensorProto.INT32, [case.batch]))
        feed["lengths"] = np.array(case.lengths, np.int32)
    for layer in range(case.layers):
        width = case.input if layer == 0 else case.hidden * directions
        for name, shape in (("W", (directions, gates * case.hidden, width)),
                            ("R", (directions, gates * case.hidden, case.hidden)),
                            ("B", (directions, 2 * gates * case.hidden))):
            values = (random.standard_normal(shape) / math.sqrt(case.hidden)).astype(np.float32)
            weights.append(numpy_helper.from_array(values, f"{name}{layer}"))
        names = [current, f"W{layer}", f"R{layer}", f"B{layer}", length_name]
        results = [f"y{layer}"]
        if case.mode == "step":
            for state in ("h", "c"):
                inputs.append(helper.make_tensor_value_info(state, TensorProto.FLOAT, [1, 1, case.hidden]))
                feed[state] = np.zeros((1, 1, case.hidden), np.float32)
                names.append(state)
                outputs.append(helper.make_tensor_value_info(state + "n", TensorProto.FLOAT, [1, 1, case.hidden]))
            results += ["hn", "cn"]
        attributes = {"hidden_size": case.hidden, "direction": "bidirectional" if case.bounds else "forward"}
        if operator == "GRU":
            attributes["linear_before_reset"] = 1 if case.cell == "gru" else 0
        nodes.append(helper.make_node(operator, names, results, **attributes))
        # [T, D, B, H] → [T, B, D·H]
        nodes.append(helper.make_node("Transpose", [f"y{layer}"], [f"t{layer}"], perm=[0, 2, 1, 3]))
        weights.append(numpy_helper.from_array(
            np.array([steps, case.batch, directions * case.hidden], np.int64), f"s{layer}"))
        nodes.append(helper.make_node("Reshape", [f"t{layer}", f"s{layer}"], [f"x{layer}"]))
        current = f"x{layer}"
    outputs.insert(0, helper.make_tensor_value_info(current, TensorProto.FLOAT, None))
    graph = helper.make_graph(nodes, "net", inputs, outputs, weights)
    session = ort_session(onnxruntime, helper, graph, 1 if case.mode == "step" else threads)
    if case.mode != "step":
        return timed(lambda: session.run(None, feed))

    # Python's call overhead is taken off: that of a graph that only hands its input on.
    identity = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])], "id",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])])
    empty = ort_session(onnxruntime, helper, identity, 1)
    nothing = {"x": np.zeros(1, np.float32)}

    def stepping():
        for _ in range(case.time):
            session.run(None, feed)

    def handing():
        for _ in range(case.time):
            empty.run(None, nothing)
    steps_engine, empty_engine = timed(stepping, case.time), timed(handing, case.time)

    def engine(count):
        return [a - b for a, b in zip(steps_engine(count), empty_engine(count))]
    return engine


def ort_session(onnxruntime, helper, graph, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def measure(case, ours, arguments):
    engines = {"unroll": ours.engine(case)}
    engines.update(torch_engines(case, arguments.threads, arguments.compile))
    if case.mode != "train":
        engines["onnxruntime"] = onnx_engine(case, arguments.threads)
    counts, times = {}, {name: [] for name in engines}
    for name, engine in engines.items():
        engine(2)
        one = statistics.median(engine(3)) * (case.time if case.mode == "step" else 1)
        counts[name] = max(1, min(50, int(arguments.slice * 1000 / max(one, 0.01))))
    peaks = []
    for _ in range(arguments.rounds):
        for name, engine in engines.items():
            time.sleep(0.03)  # lets the idle threads of the engine before stop spinning
            engine(1)
            times[name] += engine(counts[name])
        peaks.append(ours.peak())
    return {name: statistics.median(values) for name, values in times.items()}, statistics.median(peaks)


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", default="lstm,gru,gru-reset-before,elman")
    parser.add_argument("--modes", default="train,infer,step")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--slice", type=float, default=0.12, help="seconds of an engine in a round")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--output")
    arguments = parser.parse_args()
    ours = Ours(arguments.threads)
    groups = {}
    lines = []
    print(f"{'case':58} {'ours ms':>9} {'peer ms':>9} {'ratio':>6} {'GF/s':>6} {'peak':>5}  best peer")
    for case in all_cases(arguments.cells.split(","), arguments.modes.split(",")):
        medians, peak = measure(case, ours, arguments)
        mine = medians.pop("unroll")
        threads = 1 if case.mode == "step" else arguments.threads
        speed = case.operations / mine / 1e6
        name, best = min(medians.items(), key=lambda item: item[1]) if medians else ("none", float("nan"))
        ratio = best / mine
        groups.setdefault((case.cell, case.mode), []).append((ratio, str(case)))
        print(f"{str(case):58} {mine:9.4f} {best:9.4f} {ratio:6.2f} {speed:6.1f} {speed / peak / threads:5.0%}  {name}",
              flush=True)
        if speed > peak * threads:
            print(f"  {speed:.1f} GF/s is more than the peak of {threads} x {peak:.1f}: one of the two is measured wrong")
        lines.append(json.dumps({
            "case": str(case), "unroll_ms": mine, "peers_ms": medians, "ratio": ratio, "gflops": speed,
            "peak_per_thread": peak}))
    print()
    for mode in ("train", "infer", "step"):
        chosen = [(key, value) for key, value in groups.items() if key[1] == mode]
        for (cell, _), results in chosen:
            worst = min(results)
            print(f"{mode:6} {cell:18} geometric mean {geometric_mean([r for r, _ in results]):5.2f}   "
                  f"worst {worst[0]:5.2f} at {worst[1]}")
        if chosen:
            everything = [r for _, results in chosen for r, _ in results]
            print(f"{mode:6} {'all':18} geometric mean {geometric_mean(everything):5.2f}")
    if arguments.output:
        with open(arguments.output, "w") as file:
            file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
