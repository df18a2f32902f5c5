#include "vulkan.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The few declarations of Vulkan 1.0 that are needed; the specification fixes
// their layout.
typedef void *(*get_proc)(void *instance, const char *name);

typedef struct {
	int type; // VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO is 1
	const void *next;
	uint32_t flags;
	const void *application;
	uint32_t layers;
	const char *const *layer_names;
	uint32_t extensions;
	const char *const *extension_names;
} instance_info;

typedef union {
	struct {
		uint32_t api, driver, vendor, device, type;
		char name[256];
	} p;
	char room[4096]; // VkPhysicalDeviceProperties is 824 bytes
} properties;

char *ts_vulkan(char *text, size_t len) {
	text[0] = 0;
	void *lib = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
	if (lib == NULL) return strdup("there is no Vulkan loader (libvulkan.so.1)");
	get_proc get = (get_proc)dlsym(lib, "vkGetInstanceProcAddr");
	int (*create)(const instance_info *, const void *, void **) = get == NULL ? NULL : (int (*)(const instance_info *, const void *, void **))get(NULL, "vkCreateInstance");
	if (create == NULL) return strdup("the Vulkan loader has no vkCreateInstance");
	instance_info info = {.type = 1};
	void *instance = NULL;
	if (create(&info, NULL, &instance) != 0) return strdup("Vulkan has no driver that works here");
	int (*list)(void *, uint32_t *, void **) = (int (*)(void *, uint32_t *, void **))get(instance, "vkEnumeratePhysicalDevices");
	void (*describe)(void *, properties *) = (void (*)(void *, properties *))get(instance, "vkGetPhysicalDeviceProperties");
	void (*destroy)(void *, const void *) = (void (*)(void *, const void *))get(instance, "vkDestroyInstance");
	char *err = NULL;
	if (list == NULL || describe == NULL || destroy == NULL) {
		err = strdup("the Vulkan driver lacks functions of version 1.0");
	} else {
		void *devices[16];
		uint32_t n = 16;
		size_t used = 0;
		if (list(instance, &n, devices) < 0) n = 0;
		for (uint32_t i = 0; i < n && used < len; i++) {
			properties *p = calloc(1, sizeof *p);
			describe(devices[i], p);
			used += snprintf(text + used, len - used, "%u\t%.255s\n", p->p.type, p->p.name);
			free(p);
		}
		destroy(instance, NULL);
	}
	return err;
}
