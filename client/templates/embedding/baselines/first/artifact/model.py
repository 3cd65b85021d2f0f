import numpy as np


class Letters:
    def embed(self, texts, kind):
        counts = np.zeros((len(texts), 256), dtype=np.float32)
        for row, text in enumerate(texts):
            for byte in text.lower().encode():
                counts[row, byte] += 1
        return counts


def load(folder, device):
    return Letters()
