// A plugin provider for tests: it offers the processor as its device and takes
// no node, so that everything falls to ONNX Runtime's own provider. Built with
// the headers that come with onnxruntime_go.
#include <stdlib.h>
#include <string.h>

#include "onnxruntime_c_api.h"

static const OrtApi *api;
static const OrtEpApi *ep_api;

static const char *name(const OrtEpFactory *f) { return "TestProvider"; }
static const char *vendor(const OrtEpFactory *f) { return "tailscope"; }
static const char *version(const OrtEpFactory *f) { return "1.0.0"; }
static uint32_t vendor_id(const OrtEpFactory *f) { return 0x7453; }

static OrtStatus *devices(OrtEpFactory *f, const OrtHardwareDevice *const *hw, size_t n, OrtEpDevice **out, size_t max, size_t *count) {
	*count = 0;
	for (size_t i = 0; i < n && *count < max; i++) {
		if (api->HardwareDevice_Type(hw[i]) != OrtHardwareDeviceType_CPU) continue;
		OrtStatus *s = ep_api->CreateEpDevice(f, hw[i], NULL, NULL, &out[*count]);
		if (s != NULL) return s;
		++*count;
	}
	return NULL;
}

static const char *ep_name(const OrtEp *ep) { return "TestProvider"; }
static OrtStatus *capability(OrtEp *ep, const OrtGraph *graph, OrtEpGraphSupportInfo *info) { return NULL; }
static OrtStatus *compile(OrtEp *ep, const OrtGraph **g, const OrtNode **nodes, size_t n, OrtNodeComputeInfo **infos, OrtNode **context) {
	return api->CreateStatus(ORT_NOT_IMPLEMENTED, "takes no node");
}
static void release_infos(OrtEp *ep, OrtNodeComputeInfo **infos, size_t n) {}

static OrtStatus *create(OrtEpFactory *f, const OrtHardwareDevice *const *hw, const OrtKeyValuePairs *const *meta, size_t n,
                         const OrtSessionOptions *options, const OrtLogger *log, OrtEp **out) {
	int bad = 0;
	if (api->HasSessionConfigEntry(options, "ep.testprovider.fail", &bad) == NULL && bad)
		return api->CreateStatus(ORT_FAIL, "told to fail");
	OrtEp *ep = calloc(1, sizeof *ep);
	ep->ort_version_supported = ORT_API_VERSION;
	ep->GetName = ep_name;
	ep->GetCapability = capability;
	ep->Compile = compile;
	ep->ReleaseNodeComputeInfos = release_infos;
	*out = ep;
	return NULL;
}
static void release(OrtEpFactory *f, OrtEp *ep) { free(ep); }
static OrtStatus *allocator(OrtEpFactory *f, const OrtMemoryInfo *m, const OrtKeyValuePairs *o, OrtAllocator **out) {
	*out = NULL;
	return NULL;
}
static void release_allocator(OrtEpFactory *f, OrtAllocator *a) {}
static OrtStatus *transfer(OrtEpFactory *f, OrtDataTransferImpl **out) {
	*out = NULL;
	return NULL;
}
static bool streams(const OrtEpFactory *f) { return false; }

OrtStatus *CreateEpFactories(const char *registered, const OrtApiBase *base, const OrtLogger *log, OrtEpFactory **out, size_t max, size_t *n) {
	api = base->GetApi(ORT_API_VERSION);
	ep_api = api->GetEpApi();
	OrtEpFactory *f = calloc(1, sizeof *f);
	f->ort_version_supported = ORT_API_VERSION;
	f->GetName = name;
	f->GetVendor = vendor;
	f->GetVendorId = vendor_id;
	f->GetVersion = version;
	f->GetSupportedDevices = devices;
	f->CreateEp = create;
	f->ReleaseEp = release;
	f->CreateAllocator = allocator;
	f->ReleaseAllocator = release_allocator;
	f->CreateDataTransfer = transfer;
	f->IsStreamAware = streams;
	out[0] = f;
	*n = 1;
	return NULL;
}

OrtStatus *ReleaseEpFactory(OrtEpFactory *f) {
	free(f);
	return NULL;
}
