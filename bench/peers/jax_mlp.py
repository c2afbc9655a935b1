"""The MNIST net in JAX on the processor, plain SGD, one compiled step, for `trainer bench --peers`."""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

import common
import jax
import jax.numpy as jnp

folder, h1, h2, batch = common.arguments()
images, labels = common.load(folder)
labels = labels.astype("int32")
sizes = [images.shape[1], h1, h2, 10]
parameters = [(jnp.asarray(w), jnp.asarray(b)) for w, b in common.initial_weights(sizes)]


def loss(parameters, x, y):
    *hidden, (w, b) = parameters
    for weights, bias in hidden:
        x = jax.nn.relu(x @ weights + bias)
    log_probabilities = jax.nn.log_softmax(x @ w + b)
    return -jnp.take_along_axis(log_probabilities, y[:, None], axis=1).mean()


@jax.jit
def step(parameters, x, y):
    gradients = jax.grad(loss)(parameters, x, y)
    return jax.tree.map(lambda p, g: p - common.LEARNING_RATE * g, parameters, gradients)


def epoch(order):
    global parameters
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        parameters = step(parameters, images[rows], labels[rows])
    jax.block_until_ready(parameters)


common.serve(jax.__version__, len(images), epoch)
