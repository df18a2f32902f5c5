// The part of CUDA's runtime and driver that the engine calls itself: streams,
// events and copies. Both libraries are opened at run time; nothing links to
// them. Functions that can go wrong return NULL or a message that the caller
// frees with free().
#ifndef TAILSCOPE_ORT_CUDA_H
#define TAILSCOPE_ORT_CUDA_H

#include <stddef.h>
#include <stdint.h>

// ts_stream is a stream with the two events that bracket what runs on it, and
// another one for what follows a run that has waited for the device itself.
typedef struct {
	void *stream, *aside, *begin, *end;
} ts_stream;

// ts_preload opens a library for all that are opened after it.
char *ts_preload(const char *path);
// ts_cuda_open finds the functions of the runtime at path, which must be open.
char *ts_cuda_open(const char *path);
// ts_cuda_versions gives the newest CUDA that the driver runs and the
// runtime's own version (1000 × major + 10 × minor), and the number of devices.
char *ts_cuda_versions(int *driver, int *runtime, int *devices);
// ts_cuda_name writes the name of a device; empty where the driver tells none.
void ts_cuda_name(int device, char *name, int len);
char *ts_cuda_memory(int device, size_t *available, size_t *total);

// ts_cuda_pin locks host memory, which the device then reaches by itself.
char *ts_cuda_pin(void *at, size_t len);
void ts_cuda_unpin(void *at);

char *ts_stream_new(int device, ts_stream *s);
void ts_stream_free(ts_stream *s);
// ts_stream_copy copies len bytes in the stream's order, from and to wherever
// the addresses lie. One from the device to the host has ended on return, unless
// that memory is pinned.
char *ts_stream_copy(const ts_stream *s, void *dst, const void *src, size_t len);
char *ts_stream_wait(const ts_stream *s);

// Of ts_run_timed: a failed call's error is a message, else NULL.
void ts_stream_begin(const ts_stream *s);
void ts_stream_end(const ts_stream *s);
char *ts_stream_elapsed(const ts_stream *s, int64_t *ns);

#endif
