"""A small convolutional network in the `python` format: `load` is all that the platform calls."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

CHANNELS = (16, 24, 24)


class Network(nn.Module):
    """Three convolutions, then the mean over the image: 9,098 parameters."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third = CHANNELS
        self.layers = nn.Sequential(
            nn.Conv2d(1, first, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(first, second, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(second, third, 3, padding=1),
            nn.ReLU(),
        )
        self.head = nn.Linear(third, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Scores [n, 10] of images [n, 8, 8]."""
        return self.head(self.layers(images.unsqueeze(1)).mean(dim=(2, 3)))


class Model:
    """What `load` returns."""

    def __init__(self, network: Network, device: str) -> None:
        self.network = network
        self.device = device

    def predict(self, inputs: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Scores [n, 10] of inputs [n, 8, 8]; the greatest in a row is the answer."""
        with torch.inference_mode():
            return self.network(torch.from_numpy(inputs).to(self.device)).cpu().numpy()


def load(folder: str | Path, device: str) -> Model:
    """Make the model that lies in `folder` ready to predict on `device`."""
    network = Network()
    network.load_state_dict(load_file(Path(folder) / "model.safetensors"))
    return Model(network.eval().to(device), device)
