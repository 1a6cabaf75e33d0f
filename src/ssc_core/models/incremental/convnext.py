"""ConvNeXt in steps: the stem, the blocks, the layers between the stages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ssc_core.models.incremental.linear import short
from ssc_core.models.incremental.steps import Head, Kept, Step

__all__ = ["convnext_steps", "dense_change"]

Tensor = Any


class _Norm:
    """Layer normalisation over the channels."""

    def __init__(self, module: Any) -> None:
        self.shape, self.eps = module.normalized_shape, module.eps
        self.weight, self.bias = module.weight.detach(), module.bias.detach()

    def __call__(self, x: Tensor) -> Tensor:
        import torch.nn.functional as F

        return F.layer_norm(x, self.shape, self.weight, self.bias, self.eps)


class _Stem:
    """A convolution without overlap, then normalisation. Small: changes too are computed in full."""

    halo = 0

    def __init__(self, convolution: Any, norm: Any) -> None:
        self.stride = int(convolution.stride[0])
        self.convolution, self.norm = convolution, _Norm(norm)

    def exact(self, x: Tensor, padding: int) -> Tensor:
        return self.norm(self.convolution(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))

    def keep(self, x: Tensor) -> tuple[Kept, Tensor]:
        y = self.convolution(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1).contiguous()
        out = self.norm(y)
        return {"before": y[0], "out": out[0]}, out

    def change(self, dx: Tensor, padding: int, kept: Kept) -> Tensor:
        import torch.nn.functional as F

        dy = F.conv2d(dx.permute(0, 3, 1, 2), self.convolution.weight, stride=self.stride)
        return self.norm(dy.permute(0, 2, 3, 1) + kept["before"]) - kept["out"]


class _Down:
    """Normalisation, then a convolution of stride 2 without overlap."""

    halo = 0

    def __init__(self, norm: Any, convolution: Any) -> None:
        import torch

        self.stride = int(convolution.stride[0])
        self.norm = _Norm(norm)
        self.weight = convolution.weight.detach().contiguous(memory_format=torch.channels_last)
        self.bias = convolution.bias.detach()
        self.short = short(self.weight)

    def _convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        import torch.nn.functional as F

        y = F.conv2d(x.permute(0, 3, 1, 2), weight, bias, stride=self.stride)
        return y.permute(0, 2, 3, 1)

    def exact(self, x: Tensor, padding: int) -> Tensor:
        return self._convolve(self.norm(x), self.weight, self.bias).contiguous()

    def keep(self, x: Tensor) -> tuple[Kept, Tensor]:
        t = self.norm(x)
        out = self._convolve(t, self.weight, self.bias).contiguous()
        return {"in": x[0], "normed": t[0]}, out  # both on the input's grid

    def change(self, dx: Tensor, padding: int, kept: Kept) -> Tensor:
        t = self.norm(dx + kept["in"]).sub_(kept["normed"])
        return self._convolve(short(t), self.short, None).float().contiguous()


class _Block:
    """7 x 7 depthwise convolution, normalisation, two dense layers with GELU between, added to the input."""

    halo, stride = 3, 1

    def __init__(self, block: Any, dense: Callable[..., Tensor]) -> None:
        self._dense = dense
        depthwise, _, norm, first, _, second, _ = block.block
        scale = block.layer_scale.detach().reshape(-1)
        self.depthwise, self.depthwise_bias = depthwise.weight.detach(), depthwise.bias.detach()
        self.norm = _Norm(norm)
        self.first, self.first_bias = first.weight.detach(), first.bias.detach()
        self.second = (second.weight * scale[:, None]).detach()
        self.second_bias = (second.bias * scale).detach()
        self.short_first, self.short_second = short(self.first), short(self.second)

    def _around(self, x: Tensor, padding: int, bias: Tensor | None) -> Tensor:
        import torch.nn.functional as F

        y = F.conv2d(x.permute(0, 3, 1, 2), self.depthwise, bias, padding=padding, groups=len(self.depthwise))
        return y.permute(0, 2, 3, 1)

    def exact(self, x: Tensor, padding: int) -> Tensor:
        import torch.nn.functional as F

        t = self.norm(self._around(x, padding, self.depthwise_bias))
        g = F.gelu(F.linear(t, self.first, self.first_bias))
        return F.linear(g, self.second, self.second_bias).add_(_centre(x, padding))

    def keep(self, x: Tensor) -> tuple[Kept, Tensor]:
        import torch.nn.functional as F

        y = self._around(x, 3, self.depthwise_bias).contiguous()
        t = self.norm(y)
        h = F.linear(t, self.first, self.first_bias)
        g = F.gelu(h)
        out = F.linear(g, self.second, self.second_bias).add_(x)
        return {"spatial": y[0], "normed": t[0], "hidden": h[0], "active": g[0]}, out

    def change(self, dx: Tensor, padding: int, kept: Kept) -> Tensor:
        dy, norm = self._around(dx, padding, None), self.norm
        changed = self._dense(
            dy, kept["spatial"], kept["normed"], kept["hidden"], kept["active"],
            norm.weight, norm.bias, norm.eps, self.short_first, self.short_second,
        )  # fmt: skip
        return changed + _centre(dx, padding)


def dense_change(
    dy: Tensor, spatial: Tensor, normed: Tensor, hidden: Tensor, active: Tensor,
    norm_weight: Tensor, norm_bias: Tensor, eps: float, first: Tensor, second: Tensor,
) -> Tensor:  # fmt: skip
    """What a change `dy` of a block's depthwise convolution adds to the block's output.

    A function of its own so that it can be compiled: it is what a block's time goes into.
    """
    import torch.nn.functional as F

    t = F.layer_norm(dy + spatial, (dy.shape[-1],), norm_weight, norm_bias, eps) - normed
    h = F.linear(short(t), first) + hidden
    return F.linear(short(F.gelu(h) - active), second)


class _Head:
    """Mean over the map, normalisation, one linear layer."""

    def __init__(self, norm: Any, layer: Any) -> None:
        self.norm, self.layer = _Norm(norm), layer

    def _scores(self, mean: Tensor) -> Tensor:
        return self.layer(self.norm(mean))

    def exact(self, x: Tensor) -> Tensor:
        return self._scores(x.mean((1, 2)))

    def keep(self, x: Tensor) -> Kept:
        mean = x.mean((1, 2))
        return {"mean": mean, "scores": self._scores(mean)}

    def change(self, dx: Tensor, kept: Kept) -> Tensor:
        return self._scores(kept["mean"] + dx.mean((1, 2))) - kept["scores"]


def convnext_steps(
    network: Any, dense: Callable[..., Tensor] = dense_change
) -> tuple[list[Step], Head] | None:
    """The steps and head of a network of torchvision's ConvNeXt family; None if it is another one.

    `dense` is :func:`dense_change` or its compiled form.
    """
    from ssc_core.models.torchvision_cpu import torchvision

    family = torchvision().models.convnext
    if not isinstance(network, family.ConvNeXt):
        return None
    stem, *stages = network.features
    steps: list[Step] = [_Stem(stem[0], stem[1])]
    for stage in stages:
        if isinstance(stage[0], family.CNBlock):
            steps += [_Block(block, dense) for block in stage]
        else:
            steps.append(_Down(stage[0], stage[1]))
    norm, _, layer = network.classifier
    return steps, _Head(norm, layer)


def _centre(x: Tensor, padding: int) -> Tensor:
    return x if padding else x[:, 3:-3, 3:-3]
