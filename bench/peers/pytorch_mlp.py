"""The MNIST net in PyTorch on the processor, plain SGD, for `trainer bench --peers`."""

import common
import torch
from torch import nn

folder, h1, h2, batch = common.arguments()
images, labels = (torch.from_numpy(array) for array in common.load(folder))
sizes = [images.shape[1], h1, h2, 10]
net = nn.Sequential(nn.Linear(sizes[0], h1), nn.ReLU(), nn.Linear(h1, h2), nn.ReLU(), nn.Linear(h2, 10))
with torch.no_grad():
    linear = [layer for layer in net if isinstance(layer, nn.Linear)]
    for layer, (weights, bias) in zip(linear, common.initial_weights(sizes)):
        layer.weight.copy_(torch.from_numpy(weights.T))
        layer.bias.copy_(torch.from_numpy(bias))
optimizer = torch.optim.SGD(net.parameters(), lr=common.LEARNING_RATE)


def epoch(order):
    order = torch.from_numpy(order)
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        loss = nn.functional.cross_entropy(net(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


common.serve(torch.__version__.split("+")[0], len(images), epoch)
