"""What the scripts share: MNIST from the IDX files, and the protocol of `trainer bench`.

A script prints {"version": ...} once it is ready. For every line on standard input it trains one epoch and
prints {"rows": ..., "seconds": ...}. Batches are gathered on the host, in a new order each epoch.
"""

import gzip
import json
import struct
import sys
import time
from pathlib import Path

import numpy as np

LEARNING_RATE = 0.01


def load(folder):
    """Training images as float32 [n, 784] in [0, 1] and labels as int64 [n]."""

    def read(stem):
        plain, packed = Path(folder, stem), Path(folder, stem + ".gz")
        data = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
        rank = data[3]
        shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
        return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)

    images = read("train-images-idx3-ubyte")
    images = images.reshape(len(images), -1).astype(np.float32) / 255
    return images, read("train-labels-idx1-ubyte").astype(np.int64)


def arguments():
    """Data folder, units of the two hidden layers, batch size."""
    folder, h1, h2, batch = sys.argv[1:]
    return folder, int(h1), int(h2), int(batch)


def initial_weights(sizes):
    """He-uniform weights [d_in, d_out] and zero biases."""
    rng = np.random.default_rng(0)
    for d_in, d_out in zip(sizes, sizes[1:]):
        bound = np.sqrt(6 / d_in)
        weights = rng.uniform(-bound, bound, (d_in, d_out)).astype(np.float32)
        yield weights, np.zeros(d_out, np.float32)


def serve(version, rows, epoch):
    """Runs `epoch(order)` for every line on standard input and prints how long it took."""
    rng = np.random.default_rng(0)
    print(json.dumps({"version": version}), flush=True)
    for _ in sys.stdin:
        order = rng.permutation(rows)
        started = time.perf_counter()
        epoch(order)
        seconds = time.perf_counter() - started
        print(json.dumps({"rows": rows, "seconds": seconds}), flush=True)
