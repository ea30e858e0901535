"""Losses; a reduction is 0 for none, 1 for the mean, 2 for the sum."""

import torch

from cases.draw import Draw
from cases.registry import Arguments, call, cases

IGNORED = -100


def classes(draw: Draw) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Scores [C], [B, C] or [B, C, ...] and class numbers, some of them ignored."""
    count = draw.size(2, 4)
    rest = draw.shape(0, 3)
    scores = draw.floats([*rest[:1], count, *rest[1:]], 2.0)
    labels = draw.ints(rest, 0, count - 1)
    if draw.flag():
        labels = torch.where(draw.uniform(rest) < 0.3, IGNORED, labels)
    return scores, labels, count


@cases("cross_entropy_loss")
def cross_entropy(draw: Draw) -> Arguments:
    """Class numbers, or probabilities of the same shape as the scores."""
    scores, labels, count = classes(draw)
    options = draw.some(weight=draw.uniform([count], 0.5, 2.0), reduction=draw.size(0, 2), label_smoothing=0.1)
    if scores.dim() > 1 and draw.chance(0.3):
        return call(scores, draw.uniform(scores.shape), **options)
    return call(scores, labels, **options, **draw.some(ignore_index=draw.pick(IGNORED, 0)))


@cases("nll_loss_nd", "nll_loss", "nll_loss2d")
def nll_loss(draw: Draw) -> Arguments:
    scores, labels, count = classes(draw)
    weight = draw.uniform([count], 0.5, 2.0)
    return call(scores, labels, **draw.some(weight=weight, reduction=draw.size(0, 2), ignore_index=draw.pick(IGNORED, 1)))


@cases("nll_loss_forward", "nll_loss2d_forward")
def nll_loss_forward(draw: Draw) -> Arguments:
    scores, labels, count = classes(draw)
    return call(scores, labels, draw.pick(draw.uniform([count], 0.5, 2.0), None), draw.size(0, 2), IGNORED)


@cases("mse_loss", "l1_loss")
def distance(draw: Draw) -> Arguments:
    """Of one shape: torch's functions broadcast before, and the gradient of this mse_loss is wrong where it broadcasts."""
    shape = draw.shape()
    return call(draw.floats(shape), draw.floats(shape), **draw.some(reduction=draw.size(0, 2)))


@cases("soft_margin_loss")
def soft_margin_loss(draw: Draw) -> Arguments:
    shape = draw.shape()
    sign = draw.ints(shape, 0, 1) * 2.0 - 1
    return call(draw.floats(shape), draw.constant(sign), **draw.some(reduction=draw.size(0, 2)))


@cases("smooth_l1_loss")
def smooth_l1_loss(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.floats(shape), draw.floats(shape), **draw.some(reduction=draw.size(0, 2), beta=draw.pick(0.5, 0.0, 2.0)))


@cases("huber_loss")
def huber_loss(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.floats(shape), draw.floats(shape), **draw.some(reduction=draw.size(0, 2), delta=draw.pick(0.5, 2.0)))


@cases("binary_cross_entropy")
def binary_cross_entropy(draw: Draw) -> Arguments:
    """Logarithms end at -100."""
    shape = draw.shape()
    p = draw.uniform(shape, 0.05, 0.95) if draw.chance(0.7) else draw.bools(shape).float()
    return call(p, draw.uniform(shape), **draw.some(weight=draw.uniform(shape), reduction=draw.size(0, 2)))


@cases("binary_cross_entropy_with_logits")
def binary_cross_entropy_with_logits(draw: Draw) -> Arguments:
    shape = draw.shape(1)
    options = draw.some(weight=draw.uniform(shape), pos_weight=draw.uniform(shape[-1:], 0.5, 2.0), reduction=draw.size(0, 2))
    return call(draw.floats(shape, 5.0), draw.uniform(shape), **options)


@cases("kl_div")
def kl_div(draw: Draw) -> Arguments:
    """A target of 0 adds nothing."""
    left, right = draw.pair()
    target = draw.uniform(right) if draw.flag() else draw.bools(right).float()
    return call(draw.floats(left), target, **draw.some(reduction=draw.size(0, 2)))


@cases("triplet_margin_loss")
def triplet_margin_loss(draw: Draw) -> Arguments:
    shape = draw.shape(1, 3)
    options = draw.some(margin=0.5, p=draw.pick(1.0, 2.0), swap=draw.flag(), reduction=draw.size(0, 2))
    return call(*[draw.floats(shape) for _ in range(3)], **options)


@cases("margin_ranking_loss")
def margin_ranking_loss(draw: Draw) -> Arguments:
    shape = draw.shape()
    sign = draw.ints(shape, 0, 1) * 2 - 1
    return call(draw.floats(shape), draw.floats(shape), sign, **draw.some(margin=0.3, reduction=draw.size(0, 2)))


@cases("hinge_embedding_loss")
def hinge_embedding_loss(draw: Draw) -> Arguments:
    shape = draw.shape()
    sign = draw.ints(shape, 0, 1) * 2 - 1
    return call(draw.floats(shape), sign, **draw.some(margin=0.5, reduction=draw.size(0, 2)))


@cases("cosine_embedding_loss")
def cosine_embedding_loss(draw: Draw) -> Arguments:
    rows, size = draw.size(), draw.size(2)
    sign = draw.ints([rows], 0, 1) * 2 - 1
    return call(draw.floats([rows, size]), draw.floats([rows, size]), sign, **draw.some(margin=0.2, reduction=draw.size(0, 2)))


@cases("poisson_nll_loss")
def poisson_nll_loss(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.uniform(shape, 0.1, 2.0), draw.ints(shape, 0, 4).float(), draw.flag(), draw.flag(), 1e-8, draw.size(0, 2))
