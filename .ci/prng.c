/* bcryptprimitives.dll for a Wine that has none: Go's runtime takes its random numbers from it. Tests only. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T n) { return RtlGenRandom(to, (ULONG)n); }
