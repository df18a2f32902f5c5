import dataclasses
import enum


class CallbackTrigger(enum.Enum):
    DYNAMO = 1
    CUDAGRAPH_RECORDING = 4


@dataclasses.dataclass
class CallbackArgs:
    callback_trigger: CallbackTrigger
    compile_id: str


class Handler:
    def __init__(self):
        self.start_callbacks, self.end_callbacks = [], []

    def register_start_callback(self, fn):
        self.start_callbacks.append(fn)

    def register_end_callback(self, fn):
        self.end_callbacks.append(fn)

    def clear(self):
        self.start_callbacks.clear()
        self.end_callbacks.clear()


callback_handler = Handler()
