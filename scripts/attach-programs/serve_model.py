"""Makes a small model with a tokenizer for a server: random weights, a
vocabulary of printable characters and 20,000 made-up words: token ids below
that are a prompt. python serve_model.py DIR"""
import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

torch.manual_seed(0)
alphabet = [c for c in sorted(pre_tokenizers.ByteLevel.alphabet()) if "!" <= c <= "~"] + ["Ġ", "Ċ"]  # any token is text
vocab = {t: i for i, t in enumerate(["<s>", "</s>", "<pad>", *alphabet, *(f"w{n}" for n in range(20000))])}
tok = Tokenizer(models.BPE(vocab=vocab, merges=[]))
tok.pre_tokenizer, tok.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
fast = PreTrainedTokenizerFast(tokenizer_object=tok, bos_token="<s>", eos_token="</s>", pad_token="<pad>")
fast.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
big = torch.cuda.is_available()
config = LlamaConfig(hidden_size=1024 if big else 64, intermediate_size=2816 if big else 128, num_hidden_layers=8 if big else 2, num_attention_heads=16 if big else 2,
                     num_key_value_heads=8 if big else 2, vocab_size=len(vocab), max_position_embeddings=2048,
                     bos_token_id=0, eos_token_id=1, pad_token_id=2)
LlamaForCausalLM(config).save_pretrained(sys.argv[1])
fast.save_pretrained(sys.argv[1])
print("saved", sys.argv[1])
