// Threads of a session's pool: ONNX Runtime asks here for each, so that their
// numbers are known and what the host does to them can be read.
#ifndef TAILSCOPE_ORT_THREADS_H
#define TAILSCOPE_ORT_THREADS_H

// ts_threads_new makes an empty list; ts_threads_free frees it once the
// session is gone.
void *ts_threads_new(void);
void ts_threads_free(void *list);
// ts_threads_use makes sessions of these options put their threads on the list.
char *ts_threads_use(void *options, void *list);
// ts_threads_ids fills ids with at most max kernel thread numbers and returns
// how many threads there are.
int ts_threads_ids(void *list, int *ids, int max);

#endif
