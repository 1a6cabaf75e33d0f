"""VGG in steps: a 3 x 3 convolution with its ReLU, and the pooling behind it where there is one."""

from __future__ import annotations

from typing import Any

from ssc_core.models.incremental.linear import Dense, short
from ssc_core.models.incremental.steps import Head, Kept, Step

__all__ = ["vgg_steps"]

Tensor = Any


class _Convolution:
    """3 x 3 convolution, ReLU and, if asked for, 2 x 2 maximum pooling."""

    halo = 1

    def __init__(self, weight: Tensor, bias: Tensor, *, pooled: bool) -> None:
        import torch

        self.stride = 2 if pooled else 1
        self.weight = weight.contiguous(memory_format=torch.channels_last)
        self.bias = bias
        self.short = short(self.weight)

    def exact(self, x: Tensor, padding: int) -> Tensor:
        import torch.nn.functional as F

        y = F.conv2d(_first(x), self.weight, self.bias, padding=padding)
        return _last(self._pool(F.relu_(y)))

    def keep(self, x: Tensor) -> tuple[Kept, Tensor]:
        import torch.nn.functional as F

        y = F.conv2d(_first(x), self.weight, self.bias, padding=1)
        out = _last(self._pool(F.relu(y))).contiguous()
        return {"before": _last(y)[0].contiguous(), "out": out[0]}, out

    def change(self, dx: Tensor, padding: int, kept: Kept) -> Tensor:
        import torch.nn.functional as F

        dy = _last(F.conv2d(_first(short(dx)), self.short, padding=padding))
        y = F.relu_(dy + kept["before"])
        return _last(self._pool(_first(y))) - kept["out"]

    def _pool(self, x: Tensor) -> Tensor:
        import torch.nn.functional as F

        return F.max_pool2d(x, 2) if self.stride == 2 else x


class _Head:
    """Average pooling to 7 x 7 and fully connected layers."""

    def __init__(self, pool: Any, layers: list[Any]) -> None:
        self.pool, self.dense = pool, Dense(layers)

    def _flat(self, x: Tensor) -> Tensor:
        return self.pool(_first(x)).flatten(1)

    def exact(self, x: Tensor) -> Tensor:
        return self.dense.exact(self._flat(x))

    def keep(self, x: Tensor) -> Kept:
        return {"inputs": self.dense.keep(self._flat(x))}

    def change(self, dx: Tensor, kept: Kept) -> Tensor:
        return self.dense.change(self._flat(dx), kept["inputs"])


def vgg_steps(network: Any) -> tuple[list[Step], Head] | None:
    """The steps and head of a network of torchvision's VGG family; None if it is another one."""
    from torch import nn

    parts = [getattr(network, name, None) for name in ("features", "avgpool", "classifier")]
    features, pool, classifier = parts
    if not (isinstance(features, nn.Sequential) and isinstance(classifier, nn.Sequential)):
        return None
    if not (isinstance(pool, nn.AdaptiveAvgPool2d | nn.Identity) and Dense.fits(list(classifier))):
        return None
    steps: list[Step] = []
    layers = list(features)
    while layers:
        convolution = layers.pop(0)
        if not _is_plain(convolution):
            return None
        norm = layers.pop(0) if layers and isinstance(layers[0], nn.BatchNorm2d) else None
        if not layers or not isinstance(layers.pop(0), nn.ReLU):
            return None
        pooled = bool(layers) and isinstance(layers[0], nn.MaxPool2d)
        if pooled and not _is_halving(layers.pop(0)):
            return None
        steps.append(_Convolution(*_folded(convolution, norm), pooled=pooled))
    return (steps, _Head(pool, list(classifier))) if steps else None


def _is_plain(layer: Any) -> bool:
    from torch import nn

    return (
        isinstance(layer, nn.Conv2d)
        and (layer.kernel_size, layer.stride, layer.padding) == ((3, 3), (1, 1), (1, 1))
        and (layer.groups, layer.dilation, layer.padding_mode) == (1, (1, 1), "zeros")
    )


def _is_halving(layer: Any) -> bool:
    return (layer.kernel_size, layer.stride, layer.padding, layer.dilation) in (
        (2, 2, 0, 1),
        ((2, 2), (2, 2), (0, 0), (1, 1)),
    ) and not layer.ceil_mode


def _folded(convolution: Any, norm: Any) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution with the normalisation behind it."""
    import torch

    weight = convolution.weight.detach()
    bias = weight.new_zeros(len(weight)) if convolution.bias is None else convolution.bias.detach()
    if norm is None:
        return weight, bias
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return (weight * scale[:, None, None, None]).detach(), (
        (bias - norm.running_mean) * scale + norm.bias
    ).detach()


def _first(x: Tensor) -> Tensor:
    """Channels first, in place."""
    return x.permute(0, 3, 1, 2)


def _last(x: Tensor) -> Tensor:
    """Channels last, in place."""
    return x.permute(0, 2, 3, 1)
