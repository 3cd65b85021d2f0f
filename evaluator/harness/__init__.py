"""What runs INSIDE the sandbox, beside the model.

It imports the standard library and NumPy, and a runtime only in the runner that needs it. It is
copied alone into the image, so nothing else of the project is there. The host believes nothing
that comes out of it: whatever stands here shares its process with the model.
"""
