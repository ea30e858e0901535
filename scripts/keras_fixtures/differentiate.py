"""Gradients by the backend that Keras runs on."""

import keras
import numpy as np


def gradients(model: keras.Model, inputs: object, factors: list[np.ndarray]) -> dict[str, np.ndarray]:
    """d sum(output * factor) / d weight in training mode, by the weight's name."""
    if hasattr(keras, "ops") and keras.backend.backend() == "torch":
        return torch_gradients(model, inputs, factors)
    return tensorflow_gradients(model, inputs, factors)


def tensorflow_gradients(model: keras.Model, inputs: object, factors: list[np.ndarray]) -> dict[str, np.ndarray]:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        outputs = model(inputs)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        loss = sum(tf.reduce_sum(output * factor) for output, factor in zip(outputs, factors, strict=True))
    derivatives = tape.gradient(loss, model.trainable_weights)
    return {
        weight.name.removesuffix(":0"): np.array(tf.convert_to_tensor(derivative))
        for weight, derivative in zip(model.trainable_weights, derivatives, strict=True)
    }


def torch_gradients(model: keras.Model, inputs: object, factors: list[np.ndarray]) -> dict[str, np.ndarray]:
    import torch

    outputs = model(inputs)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    loss = sum((output * torch.from_numpy(factor)).sum() for output, factor in zip(outputs, factors, strict=True))
    weights = model.trainable_weights
    derivatives = torch.autograd.grad(loss, [weight.value for weight in weights])
    return {weight.path: d.numpy() for weight, d in zip(weights, derivatives, strict=True)}
