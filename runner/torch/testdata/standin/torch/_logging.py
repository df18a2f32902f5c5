import logging


class _logging:
    @staticmethod
    def set_logs(recompiles=False, perf_hints=False):
        if recompiles:
            logging.getLogger("torch._dynamo.guards.__recompiles").setLevel(logging.DEBUG)
