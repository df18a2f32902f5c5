#define _GNU_SOURCE
#include "shim.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shim_api.h"

static const void *const *api; // the function table
static void *environment;
static void *default_allocator;

// FN calls a function of the table that returns a status (NULL is ok).
#define FN(name, types) ((void *(*)types)api[at_##name])

// fail turns a status into a message and releases it.
static char *fail(void *status) {
	if (status == NULL) return NULL;
	const char *text = ((const char *(*)(const void *))api[at_GetErrorMessage])(status);
	char *copy = strdup(text == NULL || *text == 0 ? "unknown error of ONNX Runtime" : text);
	((void (*)(void *))api[at_ReleaseStatus])(status);
	return copy;
}

#define RELEASE(name, p) \
	if (p != NULL) ((void (*)(void *))api[at_##name])(p)

char *ts_open(const char *path, uint32_t version) {
	typedef struct {
		const void *(*get_api)(uint32_t);
		const char *(*version)(void);
	} base;
	void *lib = dlopen(path, RTLD_LAZY);
	if (lib == NULL) return strdup(dlerror());
	const base *(*get_base)(void) = (const base *(*)(void))dlsym(lib, "OrtGetApiBase");
	if (get_base == NULL) return strdup("the library has no OrtGetApiBase");
	api = get_base()->get_api(version);
	if (api == NULL) {
		char text[128];
		snprintf(text, sizeof text, "the library (%.40s) is too old: it lacks C API version %u", get_base()->version(), version);
		return strdup(text);
	}
	char *err = fail(FN(CreateEnv, (int, const char *, void **))(3, "tailscope", &environment));
	if (err != NULL) return err;
	return fail(FN(GetAllocatorWithDefaultOptions, (void **))(&default_allocator));
}

char *ts_session_new(const char *path, const void *data, size_t len, const void *options, void *prepacked, void **out) {
	if (data != NULL && prepacked != NULL)
		return fail(FN(CreateSessionFromArrayWithPrepackedWeightsContainer, (const void *, const void *, size_t, const void *, void *, void **))(
		    environment, data, len, options, prepacked, out));
	if (data != NULL)
		return fail(FN(CreateSessionFromArray, (const void *, const void *, size_t, const void *, void **))(environment, data, len, options, out));
	if (prepacked != NULL)
		return fail(FN(CreateSessionWithPrepackedWeightsContainer, (const void *, const char *, const void *, void *, void **))(
		    environment, path, options, prepacked, out));
	return fail(FN(CreateSession, (const void *, const char *, const void *, void **))(environment, path, options, out));
}

void ts_session_free(void *session) { RELEASE(ReleaseSession, session); }

char *ts_prepacked_new(void **out) { return fail(FN(CreatePrepackedWeightsContainer, (void **))(out)); }

void ts_prepacked_free(void *prepacked) { RELEASE(ReleasePrepackedWeightsContainer, prepacked); }

char *ts_free_dim(void *options, const char *name, int64_t value) {
	return fail(FN(AddFreeDimensionOverrideByName, (void *, const char *, int64_t))(options, name, value));
}

char *ts_add_initializer(void *options, const char *name, const void *value) {
	return fail(FN(AddInitializer, (void *, const char *, const void *))(options, name, value));
}

char *ts_options_threads(void *options, void *(*create)(void *, void (*)(void *), void *), void (*join)(const void *), void *arg) {
	char *err = fail(FN(SessionOptionsSetCustomCreateThreadFn, (void *, void *(*)(void *, void (*)(void *), void *)))(options, create));
	if (err == NULL) err = fail(FN(SessionOptionsSetCustomThreadCreationOptions, (void *, void *))(options, arg));
	if (err == NULL) err = fail(FN(SessionOptionsSetCustomJoinThreadFn, (void *, void (*)(const void *)))(options, join));
	return err;
}

char *ts_end_profiling(void *session, char **file) {
	char *name = NULL;
	char *err = fail(FN(SessionEndProfiling, (void *, void *, char **))(session, default_allocator, &name));
	if (err != NULL) return err;
	*file = strdup(name);
	return fail(FN(AllocatorFree, (void *, void *))(default_allocator, name));
}

char *ts_run_config(void *run_options, const char *key, const char *value) {
	return fail(FN(AddRunConfigEntry, (void *, const char *, const char *))(run_options, key, value));
}

char *ts_memory_info(const char *name, int id, void **out) {
	// Device allocator (0), default memory (0).
	return fail(FN(CreateMemoryInfo, (const char *, int, int, int, void **))(name, 0, id, 0, out));
}

char *ts_allocator(const void *session, const void *mem_info, void **out) {
	return fail(FN(CreateAllocator, (const void *, const void *, void **))(session, mem_info, out));
}

void ts_allocator_free(void *allocator) { RELEASE(ReleaseAllocator, allocator); }

char *ts_value_alloc(void *allocator, const int64_t *shape, size_t rank, int type, void **out) {
	if (allocator == NULL) allocator = default_allocator;
	return fail(FN(CreateTensorAsOrtValue, (void *, const int64_t *, size_t, int, void **))(allocator, shape, rank, type, out));
}

char *ts_value_view(const void *mem_info, void *data, size_t len, const int64_t *shape, size_t rank, int type, void **out) {
	return fail(FN(CreateTensorWithDataAsOrtValue, (const void *, void *, size_t, const int64_t *, size_t, int, void **))(
	    mem_info, data, len, shape, rank, type, out));
}

char *ts_value_data(void *value, void **out) { return fail(FN(GetTensorMutableData, (void *, void **))(value, out)); }

char *ts_strings(const char *const *text, size_t n, const int64_t *shape, size_t rank, void **out) {
	char *err = ts_value_alloc(NULL, shape, rank, 8, out); // 8: string
	if (err == NULL) err = fail(FN(FillStringTensor, (void *, const char *const *, size_t))(*out, text, n));
	return err;
}

char *ts_value_info(const void *value, int *kind, int *type, int64_t *shape, size_t *rank, const char **memory) {
	int there = 0; // an optional output may be none: asking for its memory ends the process
	char *err = fail(FN(HasValue, (const void *, int *))(value, &there));
	if (err == NULL && !there) {
		*kind = 0;
		return NULL;
	}
	if (err == NULL) err = fail(FN(GetValueType, (const void *, int *))(value, kind));
	if (err != NULL || *kind != 1) return err; // 1: tensor
	const void *mem = NULL;
	if ((err = fail(FN(GetTensorMemoryInfo, (const void *, const void **))(value, &mem))) != NULL) return err;
	if ((err = fail(FN(MemoryInfoGetName, (const void *, const char **))(mem, memory))) != NULL) return err;
	void *info = NULL;
	if ((err = fail(FN(GetTensorTypeAndShape, (const void *, void **))(value, &info))) != NULL) return err;
	size_t room = *rank;
	err = fail(FN(GetTensorElementType, (const void *, int *))(info, type));
	if (err == NULL) err = fail(FN(GetDimensionsCount, (const void *, size_t *))(info, rank));
	if (err == NULL && *rank > room) err = strdup("tensor of too many dimensions");
	if (err == NULL) err = fail(FN(GetDimensions, (const void *, int64_t *, size_t))(info, shape, *rank));
	RELEASE(ReleaseTensorTypeAndShapeInfo, info);
	return err;
}

char *ts_value_memory(const void *value, const void **out) {
	return fail(FN(GetTensorMemoryInfo, (const void *, const void **))(value, out));
}

void ts_value_free(void *value) { RELEASE(ReleaseValue, value); }

char *ts_copy(const void *const *src, void *const *dst, size_t n) {
	return fail(FN(CopyTensors, (const void *, const void *const *, void *const *, void *, size_t))(environment, src, dst, NULL, n));
}

// size_of is the size of an element of ONNX's types; 0: unknown, or below a byte.
static size_t size_of(int type) {
	static const unsigned char sizes[] = {0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, 8, 16, 2, 1, 1, 1, 1};
	return type >= 0 && type < (int)sizeof sizes ? sizes[type] : 0;
}

char *ts_copy_cuda(const ts_stream *s, const void *src, void *dst) {
	void *info = NULL, *from = NULL, *to = NULL;
	size_t count = 0;
	int type = 0;
	char *err = fail(FN(GetTensorTypeAndShape, (const void *, void **))(src, &info));
	if (err != NULL) return err;
	err = fail(FN(GetTensorElementType, (const void *, int *))(info, &type));
	if (err == NULL) err = fail(FN(GetTensorShapeElementCount, (const void *, size_t *))(info, &count));
	RELEASE(ReleaseTensorTypeAndShapeInfo, info);
	if (err == NULL && size_of(type) == 0) err = strdup("tensors of this type cannot be copied to or from the device");
	if (err == NULL) err = fail(FN(GetTensorMutableData, (const void *, void **))(src, &from));
	if (err == NULL) err = fail(FN(GetTensorMutableData, (void *, void **))(dst, &to));
	if (err == NULL && count > 0) err = ts_stream_copy(s, to, from, count * size_of(type));
	return err != NULL ? err : ts_stream_wait(s);
}

char *ts_port_memory(const void *session, int output, size_t i, int *on_device) {
	enum { room = 4096 };
	static _Thread_local const void *infos[room];
	size_t n = 0;
	char *err = output ? fail(FN(SessionGetOutputCount, (const void *, size_t *))(session, &n))
	                   : fail(FN(SessionGetInputCount, (const void *, size_t *))(session, &n));
	if (err != NULL) return err;
	if (n > room || i >= n) return strdup("no such port, or too many of them");
	err = output ? fail(FN(SessionGetMemoryInfoForOutputs, (const void *, const void **, size_t))(session, infos, n))
	             : fail(FN(SessionGetMemoryInfoForInputs, (const void *, const void **, size_t))(session, infos, n));
	if (err != NULL) return err;
	// Names differ by how a provider came: its own memory is what counts, not
	// the host's (device type 0), nor host memory that it can reach (type 5).
	int device = 0;
	if (infos[i] != NULL) ((void (*)(const void *, int *))api[at_MemoryInfoGetDeviceType])(infos[i], &device);
	*on_device = device != 0 && ((int (*)(const void *))api[at_MemoryInfoGetDeviceMemType])(infos[i]) == 0;
	return NULL;
}

char *ts_binding_new(void *session, void **out) { return fail(FN(CreateIoBinding, (void *, void **))(session, out)); }

void ts_binding_free(void *binding) { RELEASE(ReleaseIoBinding, binding); }

char *ts_bind_input(void *binding, const char *name, const void *value) {
	return fail(FN(BindInput, (void *, const char *, const void *))(binding, name, value));
}

char *ts_bind_output(void *binding, const char *name, const void *value) {
	return fail(FN(BindOutput, (void *, const char *, const void *))(binding, name, value));
}

char *ts_bind_output_device(void *binding, const char *name, const void *mem_info) {
	return fail(FN(BindOutputToDevice, (void *, const char *, const void *))(binding, name, mem_info));
}

char *ts_bound_outputs(const void *binding, void **values, size_t max, size_t *n) {
	void **list = NULL;
	char *err = fail(FN(GetBoundOutputValues, (const void *, void *, void ***, size_t *))(binding, default_allocator, &list, n));
	if (err != NULL) return err;
	for (size_t i = 0; i < *n; i++) {
		if (i < max)
			values[i] = list[i];
		else
			RELEASE(ReleaseValue, list[i]);
	}
	if (*n > max) *n = max;
	if (list != NULL) err = fail(FN(AllocatorFree, (void *, void *))(default_allocator, list));
	return err;
}

int64_t ts_malloced(void) {
	// mallinfo2 of glibc 2.33: ten sizes, of which hblkhd (mapped) is the fifth
	// and uordblks (in use in arenas) the eighth.
	typedef struct {
		size_t v[10];
	} info;
	info (*get)(void) = (info(*)(void))dlsym(RTLD_DEFAULT, "mallinfo2");
	if (get == NULL) return 0;
	info i = get();
	return (int64_t)(i.v[4] + i.v[7]);
}

int64_t ts_now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

char *ts_run_timed(void *session, const void *run_options, const void *binding,
                   const void *src, void *dst, int64_t *start, int64_t *end) {
	*start = ts_now();
	void *status = FN(RunWithBinding, (void *, const void *, const void *))(session, run_options, binding);
	if (status == NULL && src != NULL)
		status = FN(CopyTensors, (const void *, const void *const *, void *const *, void *, size_t))(environment, &src, &dst, NULL, 1);
	*end = ts_now();
	return fail(status);
}

char *ts_run_stream(void *session, const void *run_options, const void *binding,
                    const ts_fence *fence, int64_t *start, int64_t *end, int64_t *device) {
	ts_stream on = fence->on;
	ts_stream_begin(&on); // the stream is idle: its time is now
	*start = ts_now();
	char *err = fail(FN(RunWithBinding, (void *, const void *, const void *))(session, run_options, binding));
	// A run that has waited leaves a callback on its stream, which gives pinned memory back a
	// tenth of a millisecond later: that is no work of the request, and not waited for.
	if (err == NULL && fence->waits) on.stream = on.aside;
	ts_stream_end(&on);
	if (err == NULL && fence->len > 0) err = ts_stream_copy(&on, fence->dst, fence->src, fence->len);
	char *late = ts_stream_wait(&on); // also when the run failed: what it has sent still works on its memory
	*end = ts_now();
	if (err == NULL) err = late;
	else
		free(late);
	return err != NULL ? err : ts_stream_elapsed(&on, device);
}

static char *ep_list(const void *const **list, size_t *n) {
	return fail(FN(GetEpDevices, (const void *, const void *const **, size_t *))(environment, list, n));
}

char *ts_ep_devices(size_t *n) {
	const void *const *list;
	return ep_list(&list, n);
}

char *ts_ep_device(size_t i, const char **provider, int *type, const char **vendor, char *metadata, size_t metadata_len) {
	const void *const *list;
	size_t n;
	char *err = ep_list(&list, &n);
	if (err != NULL) return err;
	if (i >= n) return strdup("no such device");
	*provider = ((const char *(*)(const void *))api[at_EpDevice_EpName])(list[i]);
	const void *hw = ((const void *(*)(const void *))api[at_EpDevice_Device])(list[i]);
	*type = ((int (*)(const void *))api[at_HardwareDevice_Type])(hw);
	*vendor = ((const char *(*)(const void *))api[at_HardwareDevice_Vendor])(hw);
	const void *kv = ((const void *(*)(const void *))api[at_HardwareDevice_Metadata])(hw);
	const char *const *keys, *const *values;
	size_t entries = 0, used = 0;
	((void (*)(const void *, const char *const **, const char *const **, size_t *))api[at_GetKeyValuePairs])(kv, &keys, &values, &entries);
	metadata[0] = 0;
	for (size_t k = 0; k < entries && used < metadata_len; k++)
		used += snprintf(metadata + used, metadata_len - used, "%s=%s\n", keys[k], values[k]);
	return NULL;
}

char *ts_ep_device_memory(size_t i, const void **info, const char **name) {
	const void *const *list;
	size_t n;
	char *err = ep_list(&list, &n);
	if (err != NULL) return err;
	if (i >= n) return strdup("no such device");
	*info = ((const void *(*)(const void *, int))api[at_EpDevice_MemoryInfo])(list[i], 0);
	return *info == NULL ? NULL : fail(FN(MemoryInfoGetName, (const void *, const char **))(*info, name));
}

char *ts_append_ep_device(void *options, size_t i, const char *const *keys, const char *const *values, size_t n) {
	const void *const *list;
	size_t count;
	char *err = ep_list(&list, &count);
	if (err != NULL) return err;
	if (i >= count) return strdup("no such device");
	return fail(FN(SessionOptionsAppendExecutionProvider_V2, (void *, void *, const void *const *, size_t, const char *const *, const char *const *, size_t))(
	    options, environment, &list[i], 1, keys, values, n));
}
