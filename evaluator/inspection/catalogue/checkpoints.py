"""Refusals of checkpoints of transformers, and of the JSON files in them."""

from evaluator.inspection.catalogue.codes import RefusalCode
from evaluator.inspection.catalogue.rule import Rule, Rules

CHECKPOINTS: Rules = {
    RefusalCode.JSON_MALFORMED: Rule(
        "Configurations and vocabularies must be JSON objects as RFC 8259 has them: without NaN, "
        "Infinity or comments.",
        "Save the file again with json.dump(..., allow_nan=False) or save_pretrained.",
    ),
    RefusalCode.JSON_DUPLICATE_KEY: Rule(
        "Of two entries with one key a reader sees only one, so the other is hidden.",
        "Save the file again with save_pretrained, which writes each key once.",
    ),
    RefusalCode.JSON_TOO_COMPLEX: Rule(
        "A JSON file may nest 32 levels deep and hold a million values; a larger one fills the "
        "memory of whoever reads it.",
        "Use a smaller vocabulary, and leave out what the model does not read.",
    ),
    RefusalCode.TRANSFORMERS_CONFIG_MALFORMED: Rule(
        "config.json decides which class of transformers is built, so it must name a model_type "
        "and at least one of architectures.",
        "Save the model again with model.save_pretrained(folder).",
    ),
    RefusalCode.TRANSFORMERS_CODE: Rule(
        "In this format nothing of yours is run: models are built by the classes of transformers, "
        "with trust_remote_code=False.",
        "Use an architecture that transformers has, and remove Python files, auto_map and "
        "custom_pipelines. Code of your own can be handed in in the format python.",
    ),
    RefusalCode.TRANSFORMERS_TEMPLATE: Rule(
        "A chat template is a program in Jinja. Models get the text of the test set as it is, so "
        "none is needed.",
        "Set tokenizer.chat_template = None before save_pretrained, or delete the template.",
    ),
    RefusalCode.TRANSFORMERS_TOKENIZER: Rule(
        "Tokenizers are loaded from tokenizer.json alone. The files of slow tokenizers are "
        "converted by code that differs from version to version, and some of them are not text.",
        "Load the tokenizer with AutoTokenizer and save it with save_pretrained, which writes "
        "tokenizer.json; remove tokenizer.model and other SentencePiece files.",
    ),
    RefusalCode.TRANSFORMERS_QUANTIZATION: Rule(
        "The method of quantisation decides how many weights a byte holds, so it must be one whose "
        "layout is known: bitsandbytes, gptq, awq, torchao, compressed-tensors, fp8, fbgemm_fp8 or "
        "mxfp4, named once, at the top of config.json.",
        "Quantise with one of these, or save the weights in bfloat16 without quantization_config.",
    ),
    RefusalCode.TRANSFORMERS_WEIGHTS: Rule(
        "Weights are loaded from model.safetensors, or from the shards that "
        "model.safetensors.index.json lists, and from nothing else; what is not loaded is not "
        "part of the model.",
        "Save the model into an empty folder with model.save_pretrained(folder).",
    ),
    RefusalCode.TRANSFORMERS_INDEX: Rule(
        "The index must name every tensor of every shard exactly once, so that what is counted is "
        "what is loaded.",
        "Save the model into an empty folder with model.save_pretrained(folder).",
    ),
}
