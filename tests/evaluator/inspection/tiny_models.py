"""Tiny configurations of the architectures that transformers has, by the name of the class."""

from collections.abc import Mapping
from typing import Any

SIZES = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
GROUPED = {**SIZES, "num_key_value_heads": 1, "pad_token_id": 0}
HEADS = {**GROUPED, "head_dim": 8}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 8}
LAYERED = {"vocab_size": 64, "hidden_size": 16, "num_hidden_layers": 2}
GPT = {"vocab_size": 64, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 32}
SEQUENCES = {
    "vocab_size": 64,
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "max_position_embeddings": 32,
}
IMAGES = {"image_size": 16, "patch_size": 8}

ARCHITECTURES: Mapping[str, Mapping[str, Any]] = {
    "AlbertForMaskedLM": {**SIZES, "embedding_size": 8},
    "BartForConditionalGeneration": SEQUENCES,
    "BertForMaskedLM": SIZES,
    "BertForSequenceClassification": SIZES,
    "BloomForCausalLM": {"vocab_size": 64, "hidden_size": 16, "n_layer": 2, "n_head": 2},
    "CLIPModel": {
        "text_config": {**SIZES, "max_position_embeddings": 16},
        "vision_config": {**SIZES, **IMAGES},
        "projection_dim": 8,
    },
    "CohereForCausalLM": GROUPED,
    "ConvNextForImageClassification": {"hidden_sizes": [8] * 4, "depths": [1] * 4},
    "DebertaV2ForMaskedLM": {**SIZES, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "DistilBertForMaskedLM": {
        "vocab_size": 64, "dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32,
    },
    "ElectraForPreTraining": {**SIZES, "embedding_size": 8},
    "FalconForCausalLM": {**LAYERED, "num_attention_heads": 2},
    "GPT2LMHeadModel": GPT,
    "GPTJForCausalLM": {**GPT, "rotary_dim": 4},
    "GPTNeoXForCausalLM": SIZES,
    "Gemma2ForCausalLM": HEADS,
    "Gemma3ForCausalLM": HEADS,
    "GraniteForCausalLM": GROUPED,
    "LlamaForCausalLM": GROUPED,
    "MBartForConditionalGeneration": SEQUENCES,
    "Mamba2ForCausalLM": {
        **LAYERED, "state_size": 4, "num_heads": 4, "head_dim": 8, "n_groups": 1,
    },
    "MambaForCausalLM": {**LAYERED, "state_size": 4},
    "MistralForCausalLM": GROUPED,
    "MixtralForCausalLM": {**GROUPED, "num_local_experts": 4, "num_experts_per_tok": 2},
    "ModernBertForMaskedLM": {**SIZES, "pad_token_id": 0},
    "MptForCausalLM": {"vocab_size": 64, "d_model": 16, "n_heads": 2, "n_layers": 2},
    "OPTForCausalLM": {
        **LAYERED, "num_attention_heads": 2, "ffn_dim": 32, "word_embed_proj_dim": 8,
        "max_position_embeddings": 32,
    },
    "Olmo2ForCausalLM": GROUPED,
    "OlmoeForCausalLM": {**GROUPED, **EXPERTS},
    "PegasusForConditionalGeneration": SEQUENCES,
    "Phi3ForCausalLM": {**SIZES, "pad_token_id": 0},
    "PhiForCausalLM": SIZES,
    "Qwen2ForCausalLM": GROUPED,
    "Qwen2MoeForCausalLM": {**GROUPED, **EXPERTS, "shared_expert_intermediate_size": 8},
    "Qwen3ForCausalLM": HEADS,
    "Qwen3MoeForCausalLM": {**HEADS, **EXPERTS},
    "ResNetForImageClassification": {
        "embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic",
    },
    "RobertaForMaskedLM": {**SIZES, "max_position_embeddings": 40},
    "RwkvForCausalLM": {**LAYERED, "attention_hidden_size": 16},
    "SmolLM3ForCausalLM": GROUPED,
    "Starcoder2ForCausalLM": GROUPED,
    "SwinForImageClassification": {
        "image_size": 32, "embed_dim": 8, "depths": [1, 1], "num_heads": [2, 2], "window_size": 4,
    },
    "T5ForConditionalGeneration": {
        "vocab_size": 64, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2,
    },
    "ViTForImageClassification": {**SIZES, **IMAGES},
    "Wav2Vec2ForCTC": {
        **SIZES, "vocab_size": 16, "conv_dim": [8, 8], "conv_stride": [2, 2],
        "conv_kernel": [3, 3], "num_feat_extract_layers": 2, "num_conv_pos_embeddings": 4,
        "num_conv_pos_embedding_groups": 2,
    },
    "WhisperForConditionalGeneration": {
        **SEQUENCES, "num_mel_bins": 8, "max_source_positions": 16, "max_target_positions": 16,
        "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0, "decoder_start_token_id": 0,
    },
    "XLMRobertaForMaskedLM": {**SIZES, "max_position_embeddings": 40},
    "XLNetLMHeadModel": {"vocab_size": 64, "d_model": 16, "n_layer": 2, "n_head": 2, "d_inner": 32},
}  # fmt: skip
