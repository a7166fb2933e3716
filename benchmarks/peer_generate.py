"""Tokens per second of transformers and llama.cpp on the engine benchmark's work: `batch` answers to
one shared prompt of random tokens, float32, sampling at temperature 1. JSON lines like engine_bench.

    peer_generate.py transformers|llama.cpp MODEL PROMPT_TOKENS NEW_TOKENS ROUNDS BATCH…
"""
import json
import random
import sys
import time


def emit(peer, round_, batch, rate, first):
    print(json.dumps({"peer": peer, "round": round_, "batch": batch, "decode_tokens_per_s": round(rate, 1),
                      "prefill_and_first_token_s": round(first, 4)}), flush=True)


def run_transformers(model_path, prompt, new, rounds, batches):
    import torch
    from transformers import AutoModelForCausalLM
    torch.set_num_threads(2)
    model = AutoModelForCausalLM.from_pretrained(model_path, torch_dtype=torch.float32)
    model.generation_config.eos_token_id = None
    ids = torch.tensor([prompt])
    for r in range(rounds):
        for b in batches:
            def generate(n):
                start = time.perf_counter()
                with torch.no_grad():
                    model.generate(ids.repeat(b, 1), attention_mask=torch.ones(b, len(prompt), dtype=torch.long),
                                   do_sample=True, top_k=0, max_new_tokens=n, min_new_tokens=n, pad_token_id=0)
                return time.perf_counter() - start
            first = generate(1)
            emit("transformers", r, b, b * new / (generate(new + 1) - first), first)


def run_llama(model_path, prompt, new, rounds, batches):
    """llama.cpp's C interface: one batch of `b` sequences that share the prompt's cache cells."""
    import ctypes
    import llama_cpp as L
    L.llama_backend_init()
    quiet = L.llama_log_callback(lambda *a: None)  # must outlive the library's use of it
    L.llama_log_set(quiet, ctypes.c_void_p(0))
    settings = L.llama_model_default_params()
    # llama-cpp-python 0.3.36 crashes in its AMX repacking of quantised weights; float32 is not repacked.
    settings.use_extra_bufts = "q8" not in model_path
    model = L.llama_model_load_from_file(model_path.encode(), settings)
    vocab = L.llama_vocab_n_tokens(L.llama_model_get_vocab(model))
    for r in range(rounds):
        for b in batches:
            params = L.llama_context_default_params()
            params.n_ctx = len(prompt) + b * (new + 2) + 64
            params.n_batch = params.n_ubatch = 512
            params.n_seq_max = b
            params.n_threads = params.n_threads_batch = 2
            params.kv_unified = True
            params.type_k = params.type_v = 0  # float32 cache
            context = L.llama_init_from_model(model, params)
            memory = L.llama_get_memory(context)
            chain = L.llama_sampler_chain_init(L.llama_sampler_chain_default_params())
            L.llama_sampler_chain_add(chain, L.llama_sampler_init_dist(r))
            batch = L.llama_batch_init(512, 0, 1)

            def decode(tokens):  # [(token, position, sequence, wants logits)]
                for i, (t, p, s, w) in enumerate(tokens):
                    batch.token[i], batch.pos[i], batch.n_seq_id[i] = t, p, 1
                    batch.seq_id[i][0] = s
                    batch.logits[i] = w
                batch.n_tokens = len(tokens)
                assert L.llama_decode(context, batch) == 0

            start = time.perf_counter()
            decode([(t, i, 0, i == len(prompt) - 1) for i, t in enumerate(prompt)])
            current = [L.llama_sampler_sample(chain, context, -1) for _ in range(b)]
            for s in range(1, b):
                L.llama_memory_seq_cp(memory, 0, s, -1, -1)
            first = time.perf_counter() - start
            start = time.perf_counter()
            for step in range(new):
                decode([(t, len(prompt) + step, s, True) for s, t in enumerate(current)])
                current = [L.llama_sampler_sample(chain, context, i) for i in range(b)]
            emit("llama.cpp", r, b, b * new / (time.perf_counter() - start), first)
            L.llama_batch_free(batch)
            L.llama_free(context)


def main():
    peer, model, prompt_tokens, new, rounds, *batches = sys.argv[1:]
    generator = random.Random(1)
    prompt = [generator.randrange(1000, 40000) for _ in range(int(prompt_tokens))]
    run = {"transformers": run_transformers, "llama.cpp": run_llama}[peer]
    run(model, prompt, int(new), int(rounds), [int(b) for b in batches])


main()
