// Lists Vulkan devices through the loader, found at run time.
#ifndef TAILSCOPE_ORT_VULKAN_H
#define TAILSCOPE_ORT_VULKAN_H

#include <stddef.h>

// ts_vulkan writes a line "type\tname" for each device: type 1 is integrated,
// 2 discrete, 3 virtual, 4 a CPU (software), 0 other. It returns NULL or a
// message that the caller frees.
char *ts_vulkan(char *text, size_t len);

#endif
