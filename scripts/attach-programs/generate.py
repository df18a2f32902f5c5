"""transformers' generate with a compiled forward and a static cache."""
import torch
from transformers import GPT2Config, GPT2LMHeadModel

device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(0)
model = GPT2LMHeadModel(GPT2Config(n_layer=2, n_head=2, n_embd=64, vocab_size=1024)).to(device).eval()
model.forward = torch.compile(model.forward, dynamic=None, backend="inductor" if device == "cuda" else "aot_eager")  # the CPU's code of torch 2.11 does not build
for n in (4, 9, 17):
    ids = torch.randint(10, 1000, (1, n), device=device)
    out = model.generate(ids, max_new_tokens=12, do_sample=False, pad_token_id=0)
print("tokens", tuple(out.shape))
