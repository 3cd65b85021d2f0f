"""What a model can do wrong, told in sentences that its author understands."""

from evaluator.harness.protocol import Complaint


class ModelError(Exception):
    """The model does not do what the competition asks. The message goes to the log as it is."""

    complaint = Complaint.WRONG_OUTPUT


class LoadError(ModelError):
    """The model cannot be loaded, or does not take the inputs that the competition has."""

    complaint = Complaint.LOAD_FAILED


class TensorsMismatch(ModelError):
    """The files do not hold exactly the tensors that the model has."""

    complaint = Complaint.TENSORS_MISMATCH


class TokenizerLossy(ModelError):
    """The tokenizer does not give a text back from its tokens, or makes too many of them."""

    complaint = Complaint.TOKENIZER_LOSSY


class NotCausal(ModelError):
    """What the model predicts depends on text that comes later."""

    complaint = Complaint.NOT_CAUSAL
