"""GRPO steps of TRL's GRPOTrainer: no KL, one update a step, float32, two threads. Prints seconds and tokens per
step and the peak memory.

    trl_step.py MODEL STEPS gsm8k   4 questions x 8 answers x at most 96 tokens: the work of grpo_step.yaml
    trl_step.py MODEL STEPS sums    64 sums x 8 answers x at most 80 tokens: the work of recipes/tiny/grpo.yaml
"""
import gzip
import json
import random
import resource
import sys
import tempfile
import time

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

model_path, steps, task = sys.argv[1], int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(2)
if task == "gsm8k":
    questions, tokens, micro_batch = 4, 96, 8
    rows = [json.loads(line) for line in gzip.open("datasets/samples/gsm8k_train_1000.jsonl.gz", "rt")][:64]
    prompts = [[{"role": "user", "content": r["question"]}] for r in rows]
else:
    questions, tokens, micro_batch = 64, 80, 128
    dice = random.Random(1)
    prompts = ["".join(f"{dice.randint(1, 9)}{dice.choice('+-')}" for _ in range(5)) + f"{dice.randint(1, 9)}=?"
               for _ in range(1024)]
data = Dataset.from_list([{"prompt": p} for p in prompts])
lengths = []


def by_length(completions, completion_ids, **_):
    lengths.append([len(ids) for ids in completion_ids])
    return [float(-len(ids)) for ids in completion_ids]


class Clock(TrainerCallback):
    def __init__(self):
        self.begun = time.perf_counter()

    def on_step_end(self, args, state, control, **_):
        now = time.perf_counter()
        tokens = sum(lengths[-1])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"peer": "trl", "step": state.global_step, "seconds": round(now - self.begun, 2),
                          "tokens": tokens, "peak_memory_mib": round(peak)}), flush=True)
        self.begun = time.perf_counter()


config = GRPOConfig(
    output_dir=tempfile.mkdtemp(), per_device_train_batch_size=micro_batch,
    gradient_accumulation_steps=questions * 8 // micro_batch, num_generations=8, max_completion_length=tokens,
    beta=0.0, learning_rate=1e-6, max_steps=steps, use_cpu=True, bf16=False, fp16=False, report_to=[],
    save_strategy="no", logging_steps=1, temperature=1.0, loss_type="dapo", gradient_checkpointing=False,
    seed=1, disable_tqdm=True)
trainer = GRPOTrainer(model=AutoModelForCausalLM.from_pretrained(model_path, torch_dtype=torch.float32),
                      processing_class=AutoTokenizer.from_pretrained(model_path), reward_funcs=by_length, args=config,
                      train_dataset=data, callbacks=[Clock()])
trainer.train()
