import numpy as np


class EveryByteAlike:
    def start(self, documents):
        return np.full((documents, 256), -np.log(256), dtype=np.float32)

    def step(self, previous):
        return self.start(len(previous))


def load(folder, device):
    return EveryByteAlike()
