// The part of ONNX Runtime's C API that onnxruntime_go does not offer, called
// through the function table of the library that onnxruntime_go has loaded.
// Every function that can go wrong returns NULL or a message that the caller
// frees with free().
#ifndef TAILSCOPE_ORT_SHIM_H
#define TAILSCOPE_ORT_SHIM_H

#include <stddef.h>
#include <stdint.h>

#include "cuda.h"

// ts_open finds the function table of API version in the library at path.
char *ts_open(const char *path, uint32_t version);

// Sessions.
char *ts_session_new(const char *path, const void *data, size_t len, const void *options, void *prepacked, void **out);
void ts_session_free(void *session);
char *ts_prepacked_new(void **out);
void ts_prepacked_free(void *prepacked);
char *ts_free_dim(void *options, const char *name, int64_t value);
char *ts_add_initializer(void *options, const char *name, const void *value);
// ts_options_threads makes sessions ask create for their threads, with arg.
char *ts_options_threads(void *options, void *(*create)(void *, void (*)(void *), void *), void (*join)(const void *), void *arg);
char *ts_end_profiling(void *session, char **file);
char *ts_run_config(void *run_options, const char *key, const char *value);

// Memory and values.
char *ts_memory_info(const char *name, int id, void **out);
char *ts_allocator(const void *session, const void *mem_info, void **out);
void ts_allocator_free(void *allocator);
char *ts_value_alloc(void *allocator, const int64_t *shape, size_t rank, int type, void **out);
char *ts_value_view(const void *mem_info, void *data, size_t len, const int64_t *shape, size_t rank, int type, void **out);
char *ts_value_data(void *value, void **out);
char *ts_strings(const char *const *text, size_t n, const int64_t *shape, size_t rank, void **out);
char *ts_value_info(const void *value, int *kind, int *type, int64_t *shape, size_t *rank, const char **memory);
// ts_value_memory gives the description of where a tensor lies, owned by it.
char *ts_value_memory(const void *value, const void **out);
void ts_value_free(void *value);
char *ts_copy(const void *const *src, void *const *dst, size_t n);

// ts_copy_cuda copies one tensor by CUDA's own means, in the stream's order, and
// waits for it. Tensors of text cannot be copied so.
char *ts_copy_cuda(const ts_stream *s, const void *src, void *dst);

// ts_port_memory says whether the session wants input i, or has output i, in
// its device's own memory.
char *ts_port_memory(const void *session, int output, size_t i, int *on_device);

// Bindings.
char *ts_binding_new(void *session, void **out);
void ts_binding_free(void *binding);
char *ts_bind_input(void *binding, const char *name, const void *value);
char *ts_bind_output(void *binding, const char *name, const void *value);
char *ts_bind_output_device(void *binding, const char *name, const void *mem_info);
char *ts_bound_outputs(const void *binding, void **values, size_t max, size_t *n);

// ts_fence is what proves that a stream of CUDA has done its work: len bytes at
// src on the device, copied to dst on the host; len 0: waiting for the stream.
// waits says that the run itself waits for the device, as it does unless told not to.
typedef struct {
	ts_stream on;
	int waits;
	const void *src;
	void *dst;
	size_t len;
} ts_fence;

// ts_run_timed runs the binding and then, when src is not NULL, copies the one
// tensor src into dst, which proves that the device is idle. start and end are
// CLOCK_MONOTONIC nanoseconds right before the run and right after the copy.
char *ts_run_timed(void *session, const void *run_options, const void *binding,
                   const void *src, void *dst, int64_t *start, int64_t *end);

// ts_run_stream is ts_run_timed for a session on a stream of CUDA; device gets
// the nanoseconds between the stream's events around the run.
char *ts_run_stream(void *session, const void *run_options, const void *binding,
                    const ts_fence *fence, int64_t *start, int64_t *end, int64_t *device);

// ts_malloced is what malloc has handed out in bytes; 0 where the C library
// does not say.
int64_t ts_malloced(void);

// ts_now is CLOCK_MONOTONIC in nanoseconds.
int64_t ts_now(void);

// Devices that plugin and built-in providers offer; i counts from 0.
char *ts_ep_devices(size_t *n);
char *ts_ep_device(size_t i, const char **provider, int *type, const char **vendor, char *metadata, size_t metadata_len);
// ts_ep_device_memory describes the device's own memory; NULL: it uses the host's.
char *ts_ep_device_memory(size_t i, const void **info, const char **name);
char *ts_append_ep_device(void *options, size_t i, const char *const *keys, const char *const *values, size_t n);

#endif
