#!/usr/bin/env python3
"""The CTC loss of Unroll beside PyTorch's on the same cores: loss and gradient at the logits.

Needs: pip install torch, and `swift build -c release --package-path Benchmarks --product sequence-losses`.

    sequence_losses.py [--rounds 20] [--threads 2] [--binary PATH]

Each round runs both for a while, one after the other, so that a machine that wanders slows both; the least time of
each is compared, which neighbours on the machine disturb least, and the median is shown beside it.
"""
import argparse
import os
import statistics
import subprocess
import time

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
# T, B, K, L
CASES = [(200, 32, 30, 40), (200, 32, 1000, 40), (200, 32, 30, 90), (1000, 8, 30, 150), (100, 64, 100, 20), (50, 1, 30, 8)]


def peer(steps, batch, classes, labels):
    index = torch.arange(steps * batch * classes)
    logits = (((index * 7919 + index // 13) % 1009).float() / 100 - 5).reshape(steps, batch, classes)
    logits.requires_grad_()
    counts = [max(1, labels - sequence % 8) for sequence in range(batch)]
    targets = torch.tensor([1 + (place * 31 + sequence * 17) % (classes - 1)
                            for sequence in range(batch) for place in range(counts[sequence])])
    lengths, counts = torch.full((batch,), steps), torch.tensor(counts)

    def run(count):
        times = []
        for _ in range(count):
            start = time.perf_counter()
            logits.grad = None
            loss = torch.nn.functional.ctc_loss(
                logits.log_softmax(-1), targets, lengths, counts, blank=0, reduction="sum")
            loss.backward()
            times.append((time.perf_counter() - start) * 1000)
        return times, loss.item()
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--binary", default=os.path.join(HERE, ".build/release/sequence-losses"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)
    ours = subprocess.Popen(
        [arguments.binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "UNROLL_THREADS": str(arguments.threads)})

    def unroll(count, case):
        ours.stdin.write(" ".join(map(str, (count, *case))) + "\n")
        ours.stdin.flush()
        *times, loss = map(float, ours.stdout.readline().split())
        return times, loss

    print(f"{'T B K L':>18} {'ours ms':>9} {'median':>9} {'torch ms':>9} {'median':>9} {'ratio':>6}  difference of losses")
    for case in CASES:
        torch_run = peer(*case)
        (one, theirs), (_, mine) = torch_run(3), unroll(3, case)
        count = max(2, min(20, int(100 / min(one))))
        times = {"ours": [], "torch": []}
        for _ in range(arguments.rounds):
            # The first run after the other's turn pays for cold caches and threads: not counted.
            times["ours"] += unroll(count + 1, case)[0][1:]
            time.sleep(0.03)
            times["torch"] += torch_run(count + 1)[0][1:]
            time.sleep(0.03)
        least = {name: min(values) for name, values in times.items()}
        median = {name: statistics.median(values) for name, values in times.items()}
        print(f"{' '.join(map(str, case)):>18} {least['ours']:9.3f} {median['ours']:9.3f} {least['torch']:9.3f} "
              f"{median['torch']:9.3f} {least['torch'] / least['ours']:6.2f}  {abs(mine - theirs) / abs(theirs):.1e}", flush=True)
    ours.stdin.close()


if __name__ == "__main__":
    main()
