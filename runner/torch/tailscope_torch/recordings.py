"""Why torch's trees record a CUDA graph that was there, from their log: an address
changed, another size under dynamic shapes, or it follows another graph."""

import collections
import re

LOGGERS = ("torch._inductor.cudagraph_trees.__cudagraphs", "torch._inductor.cudagraph_trees")
ABOUT = r"^(?:\[([^\]]*)\] )?"  # the compile's id


class Recordings:
    """Lines of the log in, the reason of the recording they announce out; reasons
    are counted, first recordings not."""

    def __init__(self):
        self.clear()
        self.count = collections.Counter()

    def clear(self):
        """After a reset, when torch counts its compiles anew."""
        self.seen, self.why, self.sizes, self.next = set(), {}, [], ""

    def heard(self, text):
        """Whether the line is one of the trees'."""
        if m := re.match(ABOUT + r"Re-recording function=(.*?), reason=(.*)", text, re.S):
            self.why[m[1], m[2]] = reason(m[3])
        elif m := re.match(r"Recording cudagraph tree for symint key (.*)", text):
            self.sizes.append(m[1].strip())
        elif m := re.match(ABOUT + r"Recording function=(.*?), cuda_graph_id=", text):
            key, size = (m[1], m[2]), self.sizes.pop(0) if self.sizes else ""
            why = self.why.pop(key, "") or (f"another size under dynamic shapes, {size}" if size else "it follows another graph than before")
            self.next = why if key in self.seen else ""
            self.seen.add(key)
        else:
            return text.startswith(("[", "Recording")) and "function=" in text
        return True

    def take(self):
        """The reason of the recording that has ended; empty for a first one."""
        why, self.next = self.next, ""
        if why:
            self.count[re.sub(r"\d+", "N", why)] += 1  # addresses and sizes differ each time
        return why


def reason(text):
    """torch's own words on an address, with the input's name and without the stack."""
    lines = [s.strip() for s in text.splitlines() if s.strip()]
    names = re.findall(r"input name: (\S+?)\.? data pointer changed", text)
    first = (lines or ["unknown"])[0].rstrip(".")
    return first + (f": {', '.join(names[:3])}" + (f" and {len(names) - 3} more" if len(names) > 3 else "") if names else "")
