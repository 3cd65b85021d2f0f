"""A reader of ONNX models that finds every number in them, without the onnx library."""
