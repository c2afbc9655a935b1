"""torch.autograd.gradcheck on the functions of crates/trainer/benches/gradcheck.rs.

For each number on standard input it checks that function once and prints the seconds. float64, the defaults but for
fast_mode in the net, as PyTorch recommends for large inputs.
"""

import sys
import time

import torch
from torch.autograd import gradcheck

torch.manual_seed(0)


def drawn(*shape, scale=1.0):
    values = (torch.rand(*shape, dtype=torch.float64) * 1.375 + 0.125) * scale
    return (values * torch.where(torch.rand(*shape) < 0.5, -1.0, 1.0)).requires_grad_()


def net(x, w1, b1, w2, b2, w3, b3):
    return torch.relu(torch.relu(x @ w1 + b1) @ w2 + b2) @ w3 + b3


CHECKS = [
    (lambda x: x.tanh() * 2, (drawn(3, 4),), False),
    (lambda x: torch.softmax(x, 1), (drawn(3, 4),), False),
    (
        net,
        (
            drawn(16, 784),
            drawn(784, 256, scale=1 / 28),
            drawn(256),
            drawn(256, 128, scale=1 / 16),
            drawn(128),
            drawn(128, 10, scale=1 / 11),
            drawn(10),
        ),
        True,
    ),
]

for line in sys.stdin:
    function, inputs, fast = CHECKS[int(line)]
    start = time.perf_counter()
    gradcheck(function, inputs, fast_mode=fast)
    print(time.perf_counter() - start, flush=True)
