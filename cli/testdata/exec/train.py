"""A training step: forward compiled, backward compiled lazily."""
import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = torch.nn.Linear(8, 32), torch.nn.Linear(32, 1)

    def forward(self, x):
        return {"y": self.b(torch.tanh(self.a(x)))}  # a module may return anything


torch.manual_seed(0)
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.05)
compiled = torch.compile(net, backend="aot_eager")
for i in range(60):
    x = torch.randn(4 + i % 2 * 4, 8)
    loss = ((compiled(x)["y"] - x.sum(1, keepdim=True)) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
print(f"loss {loss.item():.6f} {type(compiled).__name__}")
