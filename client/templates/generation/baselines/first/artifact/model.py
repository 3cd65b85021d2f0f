class AddAnS:
    def generate(self, prompts, max_bytes):
        return [prompt.removesuffix("?").split()[-1] + "s" for prompt in prompts]


def load(folder, device):
    return AddAnS()
