#!/usr/bin/env python3
"""Whole training steps of a word-level language model: Unroll beside PyTorch, interleaved on the same cores.

Needs: pip install torch numpy, and `swift build -c release --package-path Benchmarks`.

    language_model.py [--cases small,large] [--rounds 7] [--threads 2] [--dropout 0] [--output results.jsonl]

A step is forward, softmax cross-entropy over all words, backward, clipping by the global norm, SGD, with the state
carried on. Each round runs every engine for a while, one after the other; medians are over all rounds, and a ratio
is the best peer's time over ours. PyTorch runs eagerly and time-major with denormals flushed, with and without
oneDNN, clipping and updating with `foreach`; its embedding's gradient is dense, since its clipping takes no other.
"""
import argparse
import json
import os
import statistics
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = {"small": (10_000, 200, 2, 20, 35), "large": (33_000, 650, 2, 20, 35)}


class Ours:
    def __init__(self, threads):
        path = os.path.join(HERE, ".build", "release", "language-model")
        env = dict(os.environ, UNROLL_THREADS=str(threads))
        self.process = subprocess.Popen(
            [path, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    def engine(self, line):
        def run(count):
            self.process.stdin.write(f"{count} {line}\n")
            self.process.stdin.flush()
            return [float(word) for word in self.process.stdout.readline().split()]
        return run


def torch_engines(shape, tied, dropout, threads):
    import torch
    words, hidden, layers, batch, steps = shape
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)

    def text():
        rank = words * torch.rand(steps, batch) * torch.rand(steps, batch)
        return rank.long().clamp_(max=words - 1)

    pieces = [(text(), text()) for _ in range(8)]
    rates = torch.nn.Dropout(dropout)

    def engine(mkldnn):
        embedding = torch.nn.Embedding(words, hidden)
        torch.nn.init.normal_(embedding.weight, std=0.1)
        core = torch.nn.LSTM(hidden, hidden, layers, dropout=dropout)
        head = torch.nn.Linear(hidden, words)
        if tied:
            head.weight = embedding.weight
        parameters = list({id(p): p for m in (embedding, core, head) for p in m.parameters()}.values())
        optimizer = torch.optim.SGD(parameters, lr=0.1, foreach=True)
        state = [torch.zeros(layers, batch, hidden) for _ in range(2)]
        count = 0

        def step():
            nonlocal state, count
            x, y = pieces[count % len(pieces)]
            count += 1
            optimizer.zero_grad(set_to_none=True)
            outputs, after = core(embedding(x), [part.detach() for part in state])
            state = list(after)
            loss = torch.nn.functional.cross_entropy(head(outputs).view(-1, words), y.view(-1))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 0.25, foreach=True)
            optimizer.step()

        def run(repeats):
            times = []
            with torch.backends.mkldnn.flags(enabled=mkldnn):
                for _ in range(repeats):
                    start = time.perf_counter()
                    step()
                    times.append((time.perf_counter() - start) * 1000)
            return times
        return run
    return {"torch": engine(True), "torch, no oneDNN": engine(False)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default="small,large")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--slice", type=float, default=0.3, help="seconds of an engine in a round")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dropout", type=float, default=0.0, help="between the layers of the LSTM")
    parser.add_argument("--output")
    arguments = parser.parse_args()
    ours = Ours(arguments.threads)
    lines = []
    print(f"{'case':44} {'ours ms':>9} {'peer ms':>9} {'ratio':>6}  best peer")
    for name in arguments.cases.split(","):
        for tied in ("untied", "tied"):
            shape = CASES[name]
            line = " ".join([tied, *map(str, shape), str(arguments.dropout)])
            engines = {"unroll": ours.engine(line)}
            engines.update(torch_engines(shape, tied == "tied", arguments.dropout, arguments.threads))
            counts, times = {}, {key: [] for key in engines}
            for key, engine in engines.items():
                engine(2)
                one = statistics.median(engine(3))
                counts[key] = max(1, min(50, int(arguments.slice * 1000 / one)))
            for _ in range(arguments.rounds):
                for key, engine in engines.items():
                    times[key] += engine(counts[key])
            medians = {key: statistics.median(values) for key, values in times.items()}
            mine = medians.pop("unroll")
            peer, best = min(medians.items(), key=lambda item: item[1])
            print(f"{tied + ' ' + str(shape):44} {mine:9.2f} {best:9.2f} {best / mine:6.2f}  {peer}", flush=True)
            lines.append(json.dumps({
                "case": line, "unroll_ms": mine, "peers_ms": medians, "ratio": best / mine}))
    if arguments.output:
        with open(arguments.output, "w") as file:
            file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
