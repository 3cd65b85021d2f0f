"""Refusals of an artifact as a whole, of its paths, and of kinds of files."""

from evaluator.inspection.catalogue.codes import RefusalCode
from evaluator.inspection.catalogue.rule import Rule, Rules

_RENAME = (
    "Rename the file with ASCII letters, digits and any of . _ - + = @ , ( ) and spaces, "
    "with / between folders."
)

ARTIFACTS: Rules = {
    RefusalCode.UNKNOWN_FORMAT: Rule(
        "Each format is inspected and run in its own way, so it has to be known.",
        "Name one of the formats that the competition accepts.",
    ),
    RefusalCode.MISSING_MODEL: Rule(
        "The file that the model is loaded from has a fixed name at the top of the artifact.",
        "Put model.onnx (format onnx), model.py (python), config.json (transformers), or "
        "predictions.csv (predictions) at the top of the folder.",
    ),
    RefusalCode.FORMAT_NOT_ACCEPTED: Rule(
        "The organizers have chosen in which formats models are handed in.",
        "Convert the model into one of the formats that the competition accepts.",
    ),
    RefusalCode.OVER_BUDGET: Rule(
        "A submission enters the first division whose whole budget it fits, "
        "and the widest one is too tight for it.",
        "Make the model smaller: fewer parameters, narrower types, less beside the weights.",
    ),
    RefusalCode.TOO_MANY_FILES: Rule(
        "A small model needs few files; many of them slow every step and can carry data.",
        "Merge the tensors into one file and leave out what the model does not read.",
    ),
    RefusalCode.PATH_EMPTY: Rule(
        "Every part of a path must be a name, or the path means different things "
        "to different programs.",
        _RENAME,
    ),
    RefusalCode.PATH_CLIMBS: Rule(
        "A path with . or .. as a part could leave the folder of the model.",
        "Name every file relative to the model's own folder, without . or .. in the path.",
    ),
    RefusalCode.PATH_ABSOLUTE: Rule(
        "An absolute path could name a file outside of the folder of the model.",
        "Name every file relative to the model's own folder.",
    ),
    RefusalCode.PATH_TOO_LONG: Rule(
        "A long path can't be stored everywhere, and a name can carry data.",
        "Shorten the path to at most 200 characters, and each part of it to at most 100.",
    ),
    RefusalCode.PATH_ODD_CHARACTERS: Rule(
        "Other characters are read differently by different systems, "
        "so one path could mean two files.",
        _RENAME,
    ),
    RefusalCode.PATH_DUPLICATE: Rule(
        "On some systems two paths that differ only in case, or a file and a folder of one "
        "name, are the same place, and one file would replace the other.",
        "Give each file a path of its own that differs in more than case.",
    ),
    RefusalCode.HIDDEN_FILE: Rule(
        "Files whose name starts with a dot are left behind by tools and easily overlooked.",
        "Delete the file or folder, or upload a folder that holds only the model.",
    ),
    RefusalCode.LINK: Rule(
        "A link can point at a file outside of the folder of the model.",
        "Replace the link by a copy of the file that it points at.",
    ),
    RefusalCode.SPECIAL_FILE: Rule(
        "Only regular files can be stored and inspected.",
        "Remove the device, socket or pipe from the folder.",
    ),
    RefusalCode.UNKNOWN_FILE_KIND: Rule(
        "Every byte of an artifact is counted, and what a file holds is only known for the "
        "kinds of files that the format lists.",
        "Remove the file, or save its content in one of the kinds that are named.",
    ),
    RefusalCode.PICKLE: Rule(
        "Loading a pickle runs whatever code is in it. PyTorch's .pt, .pth and .bin files, "
        "joblib files and NumPy arrays of objects are pickles.",
        "Save weights with safetensors.torch.save_file or numpy.save(..., allow_pickle=False).",
    ),
    RefusalCode.NATIVE_CODE: Rule(
        "Compiled code can't be inspected, and its bytes can't be told from data.",
        "Remove it and submit the Python source.",
    ),
    RefusalCode.NESTED_ARCHIVE: Rule(
        "What a packed file holds is not counted, and unpacking it may fill the disk.",
        "Unpack the archive and upload the files that the model reads.",
    ),
    RefusalCode.FILE_TRUNCATED: Rule(
        "The file ends before the size that was declared for it.",
        "Upload the file again; do not change it while it is being read.",
    ),
    RefusalCode.TEXT_MALFORMED: Rule(
        "Source, JSON, Markdown and text files must be UTF-8 without NUL characters, "
        "so that no binary data hides in them.",
        "Save the file as UTF-8 text, or store its numbers as a tensor.",
    ),
    RefusalCode.TEXT_TOO_LARGE: Rule(
        "A text beside a small model is a configuration or a vocabulary. It is read whole "
        "during inspection, so its size is limited.",
        "Store numbers as tensors, and leave out data that the model does not read.",
    ),
    RefusalCode.SOURCE_TOO_LARGE: Rule(
        "All source together is compressed to be counted, so its size is limited.",
        "Leave out code that the model does not use; libraries are installed on the platform.",
    ),
}
