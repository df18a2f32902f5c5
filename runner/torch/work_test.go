package torch

import (
	"encoding/json"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// workScript counts three models whose bytes and operations one can count by
// hand, and prints them.
const workScript = `
import json, torch, torch.nn as nn, torch.nn.functional as F
from tailscope_torch import work

class Tied(nn.Module):  # a table that is gathered, and is the head's weight too
    def __init__(self):
        super().__init__()
        self.table, self.inner = nn.Embedding(100, 16), nn.Linear(16, 16, bias=False)
        self.head = nn.Linear(16, 100, bias=False)
        self.head.weight = self.table.weight
    def forward(self, ids):
        return self.head(self.inner(self.table(ids)))

class Attend(nn.Module):  # 4 heads share 2 keys' heads
    def __init__(self):
        super().__init__()
        self.q, self.k = nn.Linear(32, 32, bias=False), nn.Linear(32, 16, bias=False)
        self.unused = nn.Linear(32, 32)
    def forward(self, x):
        b, t, _ = x.shape
        q, k = self.q(x).view(b, t, 4, 8).transpose(1, 2), self.k(x).view(b, t, 2, 8).transpose(1, 2)
        return F.scaled_dot_product_attention(q, k, k, enable_gqa=True)

def tell(module, inputs):
    out, reads, ops = work.forward(module, work.on_meta(inputs))
    return [work.size(*reads.whole.values()), reads.gathered, ops]

table = nn.Embedding(100, 16)
print(json.dumps({"tied": tell(Tied(), {"ids": torch.zeros(2, 5, dtype=torch.long)}), "attend": tell(Attend(), {"x": torch.zeros(3, 7, 32)}),
                  "gathered": tell(table, {"input": torch.zeros(2, 5, dtype=torch.long)}),
                  "conv": tell(nn.Conv2d(3, 8, 3, padding=1), {"input": torch.zeros(2, 3, 10, 10)})}))
`

// What a pass on the meta device counts is what one counts by hand: weights
// that are read, once and whole, tables only as far as they are gathered, what is not used
// not at all; products, convolutions and both products of an attention with grouped heads.
func TestWorkIsWhatOneCountsByHand(t *testing.T) {
	var got map[string][3]float64
	must.OK(t, json.Unmarshal([]byte(realPython(t, workScript)), &got))
	want := map[string][3]float64{
		"tied":     {4 * (16*16 + 100*16), 4 * 2 * 5 * 16, 2 * 2 * 5 * (16*16 + 16*100)},
		"attend":   {4 * (32*32 + 32*16), 0, 3*7*2*(32*32+32*16) + 3*4*7*7*8*4},
		"gathered": {0, 4 * 2 * 5 * 16, 0},
		"conv":     {4 * (8*3*9 + 8), 0, 2 * 2 * 10 * 10 * 8 * 3 * 9},
	}
	for name, w := range want {
		if got[name] != w {
			t.Errorf("%s: bytes, gathered and operations are %v, want %v", name, got[name], w)
		}
	}
}
