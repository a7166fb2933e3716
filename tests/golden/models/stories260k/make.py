"""Rewrites a llama2.c version-0 file and its golden record as the files of this folder.

    make.py stories260K.bin golden_greedy.json FOLDER

llama2.c rotates neighbouring pairs of a head's dimensions, Hugging Face's llama the two halves: the rows of
the query and key projections are reordered. Needs numpy and safetensors.
"""
import json
import struct
import sys

import numpy as np
from safetensors.numpy import save_file

source, golden, folder = sys.argv[1:4]
data = open(source, "rb").read()
dim, hidden, layers, heads, kv_heads, vocab, context = struct.unpack("7i", data[:28])
values = np.frombuffer(data, dtype="<f4", offset=28)
at = 0


def take(*shape):
    global at
    size = int(np.prod(shape))
    at += size
    return values[at - size:at].reshape(shape)


def halves(rows, count):
    return rows.reshape(count, -1, 2, dim).transpose(0, 2, 1, 3).reshape(-1, dim)


kv_dim = dim // heads * kv_heads
tensors = {"model.embed_tokens.weight": take(vocab, dim)}
parts = [("input_layernorm", (dim,)), ("self_attn.q_proj", (dim, dim)), ("self_attn.k_proj", (kv_dim, dim)),
         ("self_attn.v_proj", (kv_dim, dim)), ("self_attn.o_proj", (dim, dim)), ("post_attention_layernorm", (dim,)),
         ("mlp.gate_proj", (hidden, dim)), ("mlp.down_proj", (dim, hidden)), ("mlp.up_proj", (hidden, dim))]
for name, shape in parts:
    for layer, rows in enumerate(take(layers, *shape)):
        if name.endswith("q_proj"):
            rows = halves(rows, heads)
        if name.endswith("k_proj"):
            rows = halves(rows, kv_heads)
        tensors[f"model.layers.{layer}.{name}.weight"] = np.ascontiguousarray(rows)
tensors["model.norm.weight"] = take(dim)
assert values.size - at == context * dim // heads, "what is left are the rotation's tables"
save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, f"{folder}/model.safetensors")
config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "bos_token_id": 1, "eos_token_id": 2,
          "hidden_act": "silu", "hidden_size": dim, "intermediate_size": hidden, "max_position_embeddings": context,
          "num_attention_heads": heads, "num_hidden_layers": layers, "num_key_value_heads": kv_heads,
          "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": True, "torch_dtype": "float32",
          "vocab_size": vocab}
json.dump(config, open(f"{folder}/config.json", "w"), indent=1)
record = json.load(open(golden))
json.dump({"tokens": record["tokens"], "logits": record["logits_first4"]}, open(f"{folder}/greedy.json", "w"))
