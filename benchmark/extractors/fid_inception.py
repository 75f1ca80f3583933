"""The modules of FID's InceptionV3 without weights. Imported where a network is put together:
torchvision's models take seconds to import.

Sources: https://github.com/mseitzer/pytorch-fid, whose modules are used as they are; its
constructor downloads weights, so the network is put together here.
"""

from __future__ import annotations

from pytorch_fid.inception import FIDInceptionA, FIDInceptionC, FIDInceptionE_1, FIDInceptionE_2
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import Inception3

__all__ = ["SIDE", "FIDInception"]

SIDE = 299


class FIDInception(nn.Module):
    """The network without weights; its state has the names of the published file."""

    def __init__(self) -> None:
        super().__init__()
        trunk = Inception3(num_classes=1008, aux_logits=False, init_weights=False)
        trunk.Mixed_5b, trunk.Mixed_5c, trunk.Mixed_5d = (
            FIDInceptionA(192, 32),
            FIDInceptionA(256, 64),
            FIDInceptionA(288, 64),
        )
        trunk.Mixed_6b, trunk.Mixed_6e = FIDInceptionC(768, 128), FIDInceptionC(768, 192)
        trunk.Mixed_6c, trunk.Mixed_6d = FIDInceptionC(768, 160), FIDInceptionC(768, 160)
        trunk.Mixed_7b, trunk.Mixed_7c = FIDInceptionE_1(1280), FIDInceptionE_2(2048)
        self.trunk = trunk

    def forward(self, images: Tensor) -> Tensor:
        """Return the features (B, 2048) of images (B, 1 or 3, H, W) of numbers from 0 to 1."""
        x = images.expand(-1, 3, -1, -1)
        x = (
            2.0 * functional.interpolate(x, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
            - 1.0
        )
        for name, block in self.trunk.named_children():
            if name in ("avgpool", "dropout", "fc"):
                break
            x = block(x)
        return functional.adaptive_avg_pool2d(x, 1).flatten(1)
