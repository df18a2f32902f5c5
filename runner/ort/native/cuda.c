#define _GNU_SOURCE
#include "cuda.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { host_to_any = 4, non_blocking = 1, portable = 1 }; // cudaMemcpyDefault, cudaStreamNonBlocking, cudaHostRegisterPortable

static struct {
	int (*DriverGetVersion)(int *);
	int (*RuntimeGetVersion)(int *);
	int (*GetDeviceCount)(int *);
	int (*SetDevice)(int);
	int (*MemGetInfo)(size_t *, size_t *);
	int (*StreamCreateWithFlags)(void **, unsigned);
	int (*StreamDestroy)(void *);
	int (*StreamSynchronize)(void *);
	int (*EventCreate)(void **);
	int (*EventDestroy)(void *);
	int (*EventRecord)(void *, void *);
	int (*EventSynchronize)(void *);
	int (*EventElapsedTime)(float *, void *, void *);
	int (*MemcpyAsync)(void *, const void *, size_t, int, void *);
	int (*HostRegister)(void *, size_t, unsigned);
	int (*HostUnregister)(void *);
	int (*GetLastError)(void);
	const char *(*GetErrorString)(int);
} cu;

// fail turns a failure into a message and forgets it: CUDA keeps a thread's last
// failure, and ONNX Runtime would take it for that of its next kernel.
static char *fail(int code) {
	if (code == 0) return NULL;
	cu.GetLastError();
	char text[256];
	snprintf(text, sizeof text, "CUDA: %s (error %d)", cu.GetErrorString(code), code);
	return strdup(text);
}

char *ts_preload(const char *path) {
	return dlopen(path, RTLD_NOW | RTLD_GLOBAL) != NULL ? NULL : strdup(dlerror());
}

char *ts_cuda_open(const char *path) {
	void *lib = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
	if (lib == NULL) return strdup(dlerror());
#define FIND(name) \
	if ((cu.name = dlsym(lib, "cuda" #name)) == NULL) return strdup("CUDA's runtime has no cuda" #name)
	FIND(DriverGetVersion);
	FIND(RuntimeGetVersion);
	FIND(GetDeviceCount);
	FIND(SetDevice);
	FIND(MemGetInfo);
	FIND(StreamCreateWithFlags);
	FIND(StreamDestroy);
	FIND(StreamSynchronize);
	FIND(EventCreate);
	FIND(EventDestroy);
	FIND(EventRecord);
	FIND(EventSynchronize);
	FIND(EventElapsedTime);
	FIND(MemcpyAsync);
	FIND(HostRegister);
	FIND(HostUnregister);
	FIND(GetLastError);
	FIND(GetErrorString);
#undef FIND
	return NULL;
}

char *ts_cuda_versions(int *driver, int *runtime, int *devices) {
	char *err = fail(cu.DriverGetVersion(driver));
	if (err == NULL) err = fail(cu.RuntimeGetVersion(runtime));
	if (err == NULL && *driver >= *runtime / 1000 * 1000) err = fail(cu.GetDeviceCount(devices));
	return err;
}

void ts_cuda_name(int device, char *name, int len) {
	name[0] = 0;
	void *lib = dlopen("libcuda.so.1", RTLD_LAZY);
	if (lib == NULL) return;
	int (*init)(unsigned) = dlsym(lib, "cuInit");
	int (*get)(int *, int) = dlsym(lib, "cuDeviceGet");
	int (*get_name)(char *, int, int) = dlsym(lib, "cuDeviceGetName");
	int d;
	if (init == NULL || get == NULL || get_name == NULL) return;
	if (init(0) != 0 || get(&d, device) != 0 || get_name(name, len, d) != 0) name[0] = 0;
}

char *ts_cuda_memory(int device, size_t *available, size_t *total) {
	char *err = fail(cu.SetDevice(device));
	return err != NULL ? err : fail(cu.MemGetInfo(available, total));
}

char *ts_stream_new(int device, ts_stream *s) {
	char *err = fail(cu.SetDevice(device));
	if (err == NULL) err = fail(cu.StreamCreateWithFlags(&s->stream, non_blocking));
	if (err == NULL) err = fail(cu.StreamCreateWithFlags(&s->aside, non_blocking));
	if (err == NULL) err = fail(cu.EventCreate(&s->begin));
	if (err == NULL) err = fail(cu.EventCreate(&s->end));
	return err;
}

void ts_stream_free(ts_stream *s) {
	if (s->begin != NULL) cu.EventDestroy(s->begin);
	if (s->end != NULL) cu.EventDestroy(s->end);
	if (s->aside != NULL) cu.StreamDestroy(s->aside);
	if (s->stream != NULL) cu.StreamDestroy(s->stream);
}

char *ts_stream_copy(const ts_stream *s, void *dst, const void *src, size_t len) {
	return fail(cu.MemcpyAsync(dst, src, len, host_to_any, s->stream));
}

char *ts_cuda_pin(void *at, size_t len) { return fail(cu.HostRegister(at, len, portable)); }

void ts_cuda_unpin(void *at) { free(fail(cu.HostUnregister(at))); }

char *ts_stream_wait(const ts_stream *s) { return fail(cu.StreamSynchronize(s->stream)); }

void ts_stream_begin(const ts_stream *s) { cu.EventRecord(s->begin, s->stream); }

void ts_stream_end(const ts_stream *s) { cu.EventRecord(s->end, s->stream); }

char *ts_stream_elapsed(const ts_stream *s, int64_t *ns) {
	float ms = 0;
	char *err = fail(cu.EventElapsedTime(&ms, s->begin, s->end));
	if (err == NULL) *ns = (int64_t)(ms * 1e6);
	return err;
}
