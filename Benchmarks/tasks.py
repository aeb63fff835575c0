#!/usr/bin/env python3
"""Whole trainings of tasks: `unroll train` beside the same network in PyTorch, interleaved on the same cores.

Needs: pip install torch numpy, and `swift build -c release`.

    tasks.py [--cases generate,tag,classify,translate] [--rounds 3] [--epochs 3] [--threads 2]
             --generate TEXT --tag TSV --classify TSV --translate SOURCE TARGET

TEXT is a text, learned by characters; the TSV of `tag` has a word and a tag a line; that of `classify` a column
`label` and a column `text`; SOURCE and TARGET are lines that belong together.

Each round runs every engine once, each in a process of its own. An epoch's time is that between two lines that the
engine prints at the ends of epochs, so that reading the data and starting Python do not count; validation counts for
both. Memory is the peak of the process. Peers: the same layers, sizes, noise, batches, clipping, optimizer and moving
average; sequences are packed and sorted, masks made once a step, denormals flushed; eager PyTorch with and without
oneDNN, the better counts.
"""
import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
UNROLL = os.path.join(HERE, "..", ".build", "release", "unroll")

# What both sides are told. Where the command's words differ from the peer's, they stand in OPTIONS.
CASES = {
    "generate": dict(
        hidden=512, layers=1, embedding=128, streams=32, steps=128, rate=3e-3, input_dropout=0.1,
        output_dropout=0.4, weight_dropout=0.3),
    "tag": dict(
        word_size=100, character_size=32, character_hidden=64, feature_size=16, prefixes=3, suffixes=4, hidden=160,
        batch=400, rate=2e-3, dropout=0.45, averaging=0.998),
    "classify": dict(
        hidden=64, layers=1, embedding=64, batch=32, rate=2e-3, dropout=0.4, token_dropout=0.2, pieces=0,
        averaging=0.99),
    "translate": dict(
        hidden=256, embedding=256, encoder_layers=1, decoder_layers=2, batch_tokens=3000, rate=2e-3, dropout=0.3,
        word_dropout=0.1, weight_dropout=0, label_smoothing=0.1, averaging=0.998, vocabulary=4000),
}
FIXED = {
    "generate": ["--cell", "lstm", "--validation-share", "0.05"],
    "tag": ["--decision", "softmax", "--validation-share", "0.1"],
    "classify": ["--cell", "lstm", "--pooling", "max", "--text", "text", "--label", "label"],
    "translate": ["--tokens", "words", "--minimum-count", "2", "--select", "loss"],
}


def command(case, files, epochs, threads, output):
    words = [UNROLL, "train", case, *files, "-o", output, "--epochs", str(epochs), "--threads", str(threads)]
    for name, value in CASES[case].items():
        words += ["--" + name.replace("_", "-"), str(value)]
    return words + FIXED[case]


def measure(words, environment):
    """The seconds of each epoch after the first, and the peak memory in MiB."""
    times = []
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(os.environ, **environment))
    tail = []
    for line in process.stdout:
        tail.append(line)
        if line.startswith("epoch"):
            times.append(time.perf_counter())
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0 or len(times) < 2:
        sys.exit("".join(tail[-20:]))
    return [b - a for a, b in zip(times, times[1:])], usage.ru_maxrss / 1024


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--peer":
        case, mkldnn, threads, epochs, files = json.loads(sys.argv[2])
        # Here alone: what this process has loaded would count as the peak of every process it starts.
        from task_peers import PEERS
        PEERS[case](files, epochs, threads, mkldnn, **CASES[case])
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output")
    parser.add_argument("--generate")
    parser.add_argument("--tag")
    parser.add_argument("--classify")
    parser.add_argument("--translate", nargs=2)
    told = parser.parse_args()
    given = {name: getattr(told, name) for name in CASES if getattr(told, name)}
    cases = told.cases.split(",") if told.cases else list(given)
    for case in cases:
        files = given[case] if isinstance(given[case], list) else [given[case]]
        found = {}
        for number in range(told.rounds):
            engines = ["unroll", "torch", "torch-onednn"]
            random.Random(number).shuffle(engines)
            for engine in engines:
                if engine == "unroll":
                    with tempfile.TemporaryDirectory() as folder:
                        words = command(case, files, told.epochs, told.threads, folder + "/model")
                        result = measure(words, {})
                else:
                    peer = json.dumps([case, engine.endswith("dnn"), told.threads, told.epochs, files])
                    words = [sys.executable, os.path.abspath(__file__), "--peer", peer]
                    result = measure(words, {"OMP_NUM_THREADS": str(told.threads)})
                seconds, memory = found.setdefault(engine, ([], []))
                seconds += result[0]
                memory.append(result[1])
        row = {
            engine: dict(seconds=round(statistics.median(s), 3), mib=round(statistics.median(m)))
            for engine, (s, m) in found.items()}
        peer = min(row["torch"]["seconds"], row["torch-onednn"]["seconds"])
        lean = min(row["torch"]["mib"], row["torch-onednn"]["mib"])
        row.update(
            case=case, threads=told.threads, speed=round(peer / row["unroll"]["seconds"], 2),
            memory=round(row["unroll"]["mib"] / lean, 2))
        print(json.dumps(row), flush=True)
        if told.output:
            with open(told.output, "a") as file:
                file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
